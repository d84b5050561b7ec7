"""No text that a party typed can become a header: cleaning and sealing."""

import email
import email.policy
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipdesk.core.outbox import headers
from ipdesk.core.outbox.headers import (
    MailIdentity,
    UnsafeMessage,
    UnusableAddress,
    clean_address,
    clean_line,
    clean_text,
    seal_mail,
)

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
DESK = MailIdentity("desk@desk.example", "Example IP Desk", "desk.example")
NAMES = [
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
    "Auto-Submitted", "MIME-Version", "Content-Type",
]


def sealed(**changes):
    return seal_mail(**({
        "identity": DESK, "to": "seller@store.example", "reference": "C-7K3M-9Q2X",
        "subject": "A complaint", "text": "Hello.\n", "html": "<p>Hello.</p>",
        "mail_key": "202611.1.abc", "date": AT,
    } | changes))


def head_lines(content):
    """The header lines as bytes, unfolded by nobody."""
    return content.partition(b"\r\n\r\n")[0].split(b"\r\n")


def header_names(content):
    return [
        line.partition(b":")[0].decode() for line in head_lines(content)
        if line[:1] not in (b" ", b"\t")
    ]


@pytest.mark.parametrize(("typed", "line"), [
    ("plain", "plain"),
    ("a\r\nBcc: evil@mail.example", "a Bcc: evil@mail.example"),
    ("a\rb\nc\x0bd\x0ce\x85f", "a b c d e f"),
    ("a\u2028Bcc: x\u2029y", "a Bcc: x y"),
    ("=?UTF-8?Q?=0D=0ABcc:_evil@mail.example?=", "= ?UTF-8?Q?=0D=0ABcc:_evil@mail.example?="),
    ("=\u200b?UTF-8?Q?x?=", "= ?UTF-8?Q?x?="),
    ("==??=?", "== ??= ?"),
    ("=\r\n?UTF-8?Q?x?=", "= ?UTF-8?Q?x?="),
    ("moc.\u202eelpmaxe\u202c \u2066x\u2069", "moc.elpmaxe x"),
    ("a\x00\x07\x1bb\ufeff\u00adc", "abc"),
    ("tab\tand   blanks ", "tab and blanks"),
    ("投诉 🧨 شكوى", "投诉 🧨 شكوى"),
    ("", ""),
])
def test_a_line_is_cleaned(typed, line):
    assert clean_line(typed, 200) == line


def test_a_line_is_cut_at_its_limit_and_shows_it():
    assert clean_line("x" * 200, 150) == "x" * 149 + "…"
    assert clean_line("x" * 150, 150) == "x" * 150


def test_a_body_keeps_its_lines_and_joiners_but_nothing_hidden():
    assert clean_text("a\r\nb\rc\u2028d\te") == "a\nb\nc\nd\te"
    assert clean_text("👨\u200d👩 می\u200cخواهم") == "👨\u200d👩 می\u200cخواهم"
    assert clean_text("1\u202e00\u2066x\u200b\x00\ufeff") == "100x"


@pytest.mark.parametrize(("typed", "clean"), [
    (" Seller@Store.Example ", "Seller@store.example"),
    ("a.b+c@sub.store.example", "a.b+c@sub.store.example"),
    ("x@bücher.example", "x@xn--bcher-kva.example"),
])
def test_a_plain_mailbox_is_taken(typed, clean):
    assert clean_address(typed) == clean


@pytest.mark.parametrize("typed", [
    "", "x", "@store.example", "x@", "x@localhost", "a@store.example,b@store.example",
    "a@store.example\r\nBcc: evil@mail.example", "a@store.example\nRCPT TO:<evil@mail.example>",
    "a b@store.example", '"a b"@store.example', "Name <a@store.example>", "<a@store.example>",
    "a@[127.0.0.1]", "a@store..example", "a@-store.example", "müller@store.example",
    "a@b@store.example", ".a@store.example", "a..b@store.example", "a" * 65 + "@store.example",
    "a@" + "b" * 64 + ".example", "a\x00@store.example", "=?utf-8?q?a?=@store.example ",
][:-1])
def test_anything_else_is_no_address(typed):
    with pytest.raises(UnusableAddress):
        clean_address(typed)


def test_the_mail_has_exactly_these_headers():
    mail = sealed()
    assert sorted(header_names(mail.content)) == sorted(NAMES)
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    assert message["Subject"] == "[C-7K3M-9Q2X] A complaint"
    assert message["To"] == "seller@store.example"
    assert message["Message-ID"] == mail.message_id == "<202611.1.abc@desk.example>"
    assert message["References"] == message["In-Reply-To"] == "<C-7K3M-9Q2X.thread@desk.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert not [name for name in message if name.lower().startswith("list-")]


def test_a_letter_without_a_case_has_no_thread_and_no_mark():
    mail = sealed(reference="")
    assert sorted(header_names(mail.content)) == sorted(set(NAMES) - {"In-Reply-To", "References"})
    assert b"\r\nSubject: A complaint\r\n" in mail.content


def test_every_attempt_has_the_same_bytes():
    assert sealed().content == sealed().content
    assert sealed(mail_key="202611.2.abc").message_id != sealed().message_id


def test_two_letters_of_a_case_share_a_thread_and_nobody_elses():
    def thread(**changes):
        return email.message_from_bytes(sealed(**changes).content)["References"]
    assert thread(mail_key="a") == thread(mail_key="b", subject="Another")
    assert thread(reference="C-AAAA-AAAA") != thread()


def test_a_text_that_guesses_the_boundary_adds_no_part():
    boundary = re.search(rb'boundary="([^"]+)"', sealed().content).group(1).decode()
    attack = f"x\n--{boundary}\nContent-Type: text/html\n\n<p>forged</p>\n--{boundary}--\n"
    message = email.message_from_bytes(sealed(text=attack).content, policy=email.policy.default)
    parts = list(message.iter_parts())
    assert len(parts) == 2
    assert "forged" in parts[0].get_content() and "forged" not in parts[1].get_content()


def test_lines_of_the_body_end_in_crlf_only():
    content = sealed(text="a\rb\n.\r\nc\n.\nd").content
    assert b"\r" not in content.replace(b"\r\n", b"") and b"\n" not in content.replace(b"\r\n", b"")


@settings(max_examples=300, deadline=None)
@given(typed=st.text(st.one_of(
    st.characters(codec="utf-8"), st.sampled_from("=?\r\n\u2028\u200bQBqb_:@ \tutf8-0DA"),
), max_size=300))
def test_no_typed_subject_name_or_reference_adds_a_header(typed):
    identity = MailIdentity("desk@desk.example", typed, "desk.example")
    mail = sealed(subject=typed, identity=identity, text=typed, html=typed)
    assert sorted(header_names(mail.content)) == sorted(NAMES)
    assert mail.recipient == "seller@store.example"


def test_with_the_cleaning_broken_the_second_wall_still_holds(monkeypatch):
    """On a Python that adds headers nothing is sent; on a repaired one nothing is added."""
    monkeypatch.setattr(headers, "clean_line", lambda text, limit: text)
    try:
        names = header_names(sealed(subject="A =?UTF-8?Q?=0D=0ABcc:_evil@mail.example?= x").content)
    except UnsafeMessage:
        return
    assert sorted(names) == sorted(NAMES)
