"""What each letter says, what it never says, and that nothing else can get into it."""

import re
import shutil

import pytest
import yaml
from bs4 import BeautifulSoup

from ipdesk.core.outbox.render import LOCALES, TEMPLATES, LetterBook, LetterError, best_locale

BOOK = LetterBook()
EVERY = sorted(BOOK.letters)


def every_letter():
    return [
        pytest.param(message, locale, audience, id=f"{message}-{locale}-{audience}")
        for message in EVERY for locale in LOCALES for audience in BOOK.letters[message].to
    ]


def words(text):
    return " ".join(text.split())


def visible(html):
    return words(BeautifulSoup(html, "html.parser").get_text(" "))


def messages_of_the_workflows():
    """(role, message) of every letter and reminder that a workflow file calls for."""
    found = set()

    def look(node):
        if isinstance(node, dict):
            if "message" in node and "to" in node:
                found.add((node["to"], node["message"]))
            node = list(node.values())
        for item in node if isinstance(node, list) else []:
            look(item)
    for path in (TEMPLATES.parents[1] / "workflows").rglob("*.yaml"):
        look(yaml.safe_load(path.read_text(encoding="utf-8")))
    return found


def test_every_message_of_the_workflows_has_a_letter_for_its_reader():
    called_for = messages_of_the_workflows()
    assert ("seller", "complaint_opened") in called_for
    assert not {(to, name) for to, name in called_for
                if name not in BOOK.letters or to not in BOOK.letters[name].to}


@pytest.mark.parametrize(("message", "locale", "audience"), every_letter())
def test_a_letter_says_what_every_letter_must(book, facts, message, locale, audience):
    letter = book.render(message, locale, facts(message, audience=audience))
    for part in (words(letter.text), visible(letter.html)):
        assert "C-7K3M-9Q2X" in part
        assert "https://desk.example/c/C-7K3M-9Q2X" in part
        assert "Thu 26 Nov 2026, 23:59 Shanghai time (in 3 business days)" in part
        assert "SILENCE-SENTENCE" in part
        assert "Harbour Goods" in part
        assert "4711 9f2ab1c0" in part
        assert letter.subject in part
    assert letter.subject and len(letter.subject) <= 80
    headings = (
        ["What happened", "What you can do", "Until when", "If you do nothing"]
        if locale == "en" else ["发生了什么", "您可以怎么做", "截止时间", "如果您不作任何处理"]
    )
    places = [letter.text.index(f"\n{heading}\n") for heading in headings]
    assert places == sorted(places)


@pytest.mark.parametrize(("message", "locale", "audience"), every_letter())
def test_without_a_deadline_the_letter_says_so_or_how_long_its_link_is_good_and_what_silence_does(
    book, facts, message, locale, audience,
):
    letter = book.render(message, locale, facts(message, audience=audience, deadline=None))
    until = re.split(r"-{24}\n", letter.text)[3].split("\n")[0]
    if "within_text" in book.letters[message].keys:
        assert until == {"en": "The link is good for WITHIN.", "zh_CN": "该链接在WITHIN内有效。"}[locale]
    else:
        assert until.startswith({"en": "No deadline runs for you", "zh_CN": "目前没有针对您的期限"}[locale])
    silence = re.split(r"-{24}\n", letter.text)[4].split("\n")[0]
    assert len(silence) >= 5


@pytest.mark.parametrize(("message", "locale", "audience"), every_letter())
def test_text_and_html_say_the_same(book, facts, message, locale, audience):
    letter = book.render(message, locale, facts(message, audience=audience))
    def said(text):
        # Bullets, quote marks, rules and label colons are form, not words.
        return set(re.sub(r"[*>:：]|-{2,}|={2,}", " ", text).split())
    assert said(letter.text) == said(visible(letter.html))


@pytest.mark.parametrize(("message", "locale", "audience"), every_letter())
def test_html_fetches_nothing_and_runs_nothing(book, facts, message, locale, audience):
    html = book.render(message, locale, facts(message, audience=audience)).html
    page = BeautifulSoup(html, "html.parser")
    assert not page.find_all(["img", "script", "link", "iframe", "form", "object", "video", "base"])
    assert not page.find_all(attrs={"src": True})
    assert not re.search(r"url\s*\(|@import|javascript:", html)
    assert {a["href"] for a in page.find_all("a")} == {"https://desk.example/c/C-7K3M-9Q2X"}
    assert page.html["lang"] == locale.replace("_", "-")


@pytest.mark.parametrize("message", EVERY)
def test_the_chinese_letter_has_no_english_sentence(book, facts, message):
    for audience in book.letters[message].to:
        english = book.render(message, "en", facts(message, audience=audience))
        chinese = book.render(message, "zh_CN", facts(message, audience=audience))
        samples = {words(str(v)) for v in facts(message).values()}
        shared = {
            line for line in map(words, english.text.splitlines()) if len(line) > 24
        } & set(map(words, chinese.text.splitlines()))
        foreign = {line for line in shared if re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", line)}
        assert not {line for line in foreign if not any(line.lstrip("* >") in s for s in samples)}
        assert re.search(r"[\u4e00-\u9fff]", chinese.subject)
        assert chinese.subject != english.subject


@pytest.mark.parametrize("message", EVERY)
def test_a_missing_fact_is_refused_by_name(book, facts, message):
    for key in book.letters[message].keys:
        known = facts(message)
        del known[key]
        with pytest.raises(LetterError, match=f"missing {key}"):
            book.render(message, "en", known)


def test_a_fact_that_is_not_declared_never_reaches_the_letter(book, facts):
    known = facts("complaint_opened") | {"other_store": {"name": "OTHER-STORE-SECRET"}}
    letter = book.render("complaint_opened", "en", known)
    assert "OTHER-STORE-SECRET" not in letter.text + letter.html
    assert book.facts("complaint_opened", known) == book.facts(
        "complaint_opened", facts("complaint_opened"),
    )


@pytest.mark.parametrize("message", [m for m in EVERY if "seller" in BOOK.letters[m].to])
def test_a_seller_letter_has_no_place_for_other_stores(book, message):
    """One store, its own listings: no key of a seller's letter counts or lists stores."""
    assert not {k for k in book.letters[message].keys if k in {"stores", "notice", "row_answers"}}


@pytest.mark.parametrize("value", [object(), {"a": object()}, [b"bytes"], 1.5])
def test_only_plain_facts_get_in(book, facts, value):
    with pytest.raises(LetterError, match="not plain data"):
        book.render("claims_withdrawn", "en", facts("claims_withdrawn") | {"listings": value})


@pytest.mark.parametrize("name", ["unknown", "../mail/case_closed", "standard", "", "Case_closed"])
def test_an_unknown_letter_is_refused(book, name):
    with pytest.raises(LetterError, match="no letter"):
        book.render(name, "en", {})


@pytest.mark.parametrize(("wanted", "found"), [
    ("zh", "zh_CN"), ("zh-Hans-CN", "zh_CN"), ("zh_TW", "zh_CN"), ("en_GB", "en"), ("de", "en"),
    ("", "en"), (None, "en"),
])
def test_the_nearest_language_is_taken(wanted, found):
    assert best_locale(wanted) == found


# --- what single letters say -------------------------------------------------------------

def test_the_statutory_copy_holds_the_elements_unredacted_and_nothing_else(book, facts):
    letter = book.render(
        "counter_notice_copy", "en", facts("counter_notice_copy", audience="rights_holder"),
    )
    for part in (letter.text, visible(letter.html)):
        for word in ("/s/ Li Wei", "1 Harbour Road", "Shenzhen", "+86 000 0000"):
            assert word in part
        for other in ("EXHIBIT-NAME", "Lamp A", "L-100", "Harbour Store"):
            assert other not in part


def test_the_statutory_copy_says_when_the_material_is_put_back(book, facts):
    letter = book.render(
        "counter_notice_copy", "en", facts("counter_notice_copy", audience="rights_holder"),
    )
    said = words(letter.text)
    assert "in 10 business days: not before EARLIEST-DATE and not later than LATEST-DATE" in said
    assert "not less than 10 and not more than 14 business days" in said
    assert "seeking a court order to restrain the subscriber" in said
    assert "17 U.S.C. § 512(g)(2)(C)" in said
    assert "A claim of infringement before the Copyright Claims Board is such an action too (17 U.S.C. § 1507(d))." in said
    assert "or a claim before the Copyright Claims Board, and tell us of it" in said


@pytest.mark.parametrize(("message", "audience", "now"), [
    ("counter_notice_copy", "rights_holder", "We therefore replace the removed material or cease disabling access to it now."),
    ("counter_notice_received", "seller", "The listings come back now, unless the complainant had shown us before"),
])
def test_a_counter_notification_entered_too_late_promises_no_day_that_has_passed(book, facts, message, audience, now):
    over = {"earliest_text": "EARLIEST-DATE", "latest_text": "LATEST-DATE", "over": True}
    said = words(book.render(message, "en", facts(message, audience=audience, put_back=over, deadline=None)).text)
    assert now in said
    assert "not before" not in said and "on the dates above" not in said


def test_outside_the_statute_there_is_no_put_back_and_shared_documents_are_named(book, facts):
    letter = book.render("counter_notice_copy", "en", facts(
        "counter_notice_copy", audience="rights_holder", statutory=False, put_back=None,
    ))
    assert "512" not in letter.text and "10 business days" not in letter.text
    assert "EXHIBIT-NAME.pdf" in letter.text and "Lamp A" in letter.text


def test_the_complaint_says_that_it_is_no_decision_and_that_deleting_admits_nothing(book, facts):
    said = words(book.render("complaint_opened", "en", facts("complaint_opened")).text)
    assert "This is a complaint, not a decision." in said
    assert "It leaves the listings below online while you can respond" in said
    assert "Deleting admits nothing." in said
    assert "ip@acme.example" in said and "018000001" in said


@pytest.mark.parametrize(("cause", "sentence"), [
    ("notice", "taken down at once and their seller is heard afterwards"), ("silence", "No answer from you reached us"),
    ("decision", "We have decided"), ("order", "order of a court"), ("manifest", "so we did not wait for your answer"),
    ("answered", "Your counter-notification stays on file and is still decided"),
    ("court", "A notice of a court action had reached us"),
])
def test_a_takedown_says_its_cause_and_only_that(book, facts, cause, sentence):
    texts = {
        c: book.render("listing_delisted", "en", facts("listing_delisted", cause=c)).text
        for c in ("notice", "silence", "decision", "order", "manifest", "answered", "court")
    }
    assert sentence in texts[cause]
    assert not [c for c, text in texts.items() if c != cause and sentence in text]
    for fact in ("GROUND", "SCOPE", "SINCE", "REASONS-WRITTEN", "REDRESS-SENTENCE", "by a person"):
        assert fact in texts[cause]


def test_an_unknown_cause_is_refused(book, facts):
    with pytest.raises(LetterError):
        book.render("listing_delisted", "en", facts("listing_delisted", cause="whim"))


def test_a_takedown_by_rule_says_so(book, facts):
    measure = facts("listing_delisted")["measure"] | {"automated": True}
    text = book.render("listing_delisted", "en", facts("listing_delisted", measure=measure)).text
    assert "automatically, by a rule" in text and "by a person" not in text


def test_another_restriction_is_told_to_the_seller_only_and_without_its_reason(book, facts):
    seller = book.render("listings_restored", "en", facts("listings_restored")).text
    owner = book.render(
        "listings_restored", "en", facts("listings_restored", audience="rights_holder"),
    ).text
    assert "Still restricted for another reason: L-101." in seller
    assert "another reason" not in owner


@pytest.mark.parametrize("message", [m for m in EVERY if len(BOOK.letters[m].to) == 2])
def test_the_complainant_is_never_addressed_as_the_seller(book, facts, message):
    text = book.render(message, "en", facts(message, audience="rights_holder")).text
    assert "your store" not in text and "You deleted" not in text
    seller = book.render(message, "en", facts(message)).text
    assert "You withdrew" not in seller and "You retracted" not in seller
    assert "You told us" not in seller


# --- hostile facts -----------------------------------------------------------------------

HOSTILE = (
    "Lamp\r\n\r\nIf you do nothing\n------------------------\nNothing happens."
    "\u202e\u200b<script>alert(1)</script>{{ 7*7 }}%(reference)s"
)


def test_a_title_cannot_pose_as_a_part_of_the_letter(book, facts):
    listings = [{"title": HOSTILE, "listing_id": "L-1", "url": "https://shop.example/1"}]
    letter = book.render("complaint_opened", "en", facts("complaint_opened", listings=listings))
    assert len(re.findall(r"^If you do nothing$", letter.text, re.M)) == 1
    assert "<script>" not in letter.html and "&lt;script&gt;" in letter.html
    assert "{{ 7*7 }}%(reference)s" in letter.text
    assert "\u202e" not in letter.text + letter.html and "\u200b" not in letter.text + letter.html


def test_a_partys_words_are_marked_line_by_line(book, facts):
    letter = book.render("complaint_opened", "en", facts(
        "complaint_opened", explanation=HOSTILE, recipient_name=HOSTILE,
    ))
    assert len(re.findall(r"^If you do nothing$", letter.text, re.M)) == 1
    assert "> If you do nothing" in letter.text
    quote = BeautifulSoup(letter.html, "html.parser").blockquote
    assert "<script>alert(1)</script>" in quote.get_text()


def test_a_template_cannot_reach_python(tmp_path):
    shutil.copytree(TEMPLATES, tmp_path / "mail")
    folder = tmp_path / "mail" / "claims_withdrawn"
    for attack in (
        "{% set subject = ''.__class__.__mro__[1].__subclasses__() %}",
        "{% set subject = cycler.__init__.__globals__ %}",
        "{% set subject = range(3)|list|string %}",
        "{% include '/etc/passwd' %}{% set subject = 'x' %}",
        "{% include '../../pyproject.toml' %}{% set subject = 'x' %}",
    ):
        (folder / "letter.j2").write_text(attack, encoding="utf-8")
        book = LetterBook(tmp_path / "mail")
        facts = dict.fromkeys(book.letters["claims_withdrawn"].keys, "x") | {"listings": []}
        with pytest.raises(Exception, match=r"unsafe|undefined|passwd|pyproject") as caught:
            book.render("claims_withdrawn", "en", facts)
        assert "root:" not in str(caught.value)


def test_a_locale_without_a_catalogue_stops_the_start(tmp_path):
    with pytest.raises(LetterError, match="no compiled letters for zh_CN"):
        LetterBook(translations=tmp_path)


def test_every_sentence_has_its_chinese_and_keeps_its_placeholders():
    from babel.messages.pofile import read_po

    from ipdesk.core.outbox.render import TRANSLATIONS

    with (TRANSLATIONS / "zh_CN/LC_MESSAGES/mail.po").open("rb") as file:
        catalogue = read_po(file)
    entries = [entry for entry in catalogue if entry.id]
    assert entries and not [entry.id for entry in entries if not entry.string or entry.fuzzy]
    for entry in entries:
        names = [sorted(re.findall(r"%\((\w+)\)s", text)) for text in (entry.id, entry.string)]
        assert names[0] == names[1], entry.id


# --- sentences that hold in some cases only ----------------------------------------------

NO_CONTACT = {"complainant": {"name": "Acme AG", "contact": ""}}
SOMETIMES = [
    ("counter_notice_copy", "rights_holder", {"statutory": False, "put_back": None}, "Copyright Claims Board", False),
    ("counter_notice_received", "seller", {}, "or a claim before the Copyright Claims Board, about them", True),
    ("counter_notice_received", "seller", {"put_back": None}, "Copyright Claims Board", False),
    ("listings_deleted", "rights_holder", {"before": True}, "had deleted the listings below before we accepted your notice", True),
    ("listings_deleted", "rights_holder", {"before": True}, "DELETED-DATE", False),
    ("complaint_opened", "seller", NO_CONTACT, "Contact the complainant", False),
    ("complaint_opened", "seller", NO_CONTACT, "Contact of the complainant", False),
    ("complaint_opened", "seller", {}, "Contact the complainant, for example about a licence", True),
    ("listing_delisted", "seller", NO_CONTACT, "Contact the complainant", False),
    ("listing_delisted", "seller", {"contest_text": ""}, "File a counter-notification", False),
    ("listing_delisted", "seller", {}, "File a counter-notification", True),
    ("listings_restricted", "rights_holder", {"contest_text": "", "cause": "court", "deadline": None}, "unless the seller contests", False),
    ("listings_restricted", "rights_holder", {"deadline": None}, "unless the seller contests", True),
    ("listings_restricted", "rights_holder", {"contest_text": "", "cause": "answered"}, "counter-notification is still decided", True),
    ("claims_dismissed", "seller", {"lifted": False}, "are lifted", False),
    ("claims_dismissed", "seller", {}, "Restrictions that rested on this complaint are lifted.", True),
    ("claims_dismissed", "seller", {"by_court": True}, "A court found for the seller.", True),
    ("claims_dismissed", "seller", {"by_court": True}, "We examined the complaint", False),
    ("claims_upheld", "seller", {"by_court": True}, "A court found for the rights holder.", True),
    ("claims_upheld", "seller", {"by_court": True}, "We examined the complaint", False),
    ("notice_refused", "rights_holder", {"lapsed": True, "reasons": ""}, "We examined your notice", False),
    ("notice_refused", "rights_holder", {"lapsed": True, "reasons": ""}, "This was missing: * a signature of the person", True),
    ("notice_refused", "rights_holder", {}, "a signature of the person", False),
    ("notice_accepted", "rights_holder", {"listings": []}, "have been taken down", False),
    ("notice_accepted", "rights_holder", {"listings": []}, "Listings concerned", False),
    ("court_action_confirmed", "seller", {}, "to the contact on the page Legal contacts, with the reference of this letter", True),
    ("seller_not_reached", "rights_holder", {}, "to the contact on the page Legal contacts, with the reference of this letter", True),
    ("claims_reopened", "seller", {"deadline": None}, "We write to you as soon as something changes.", True),
    ("right_rejected", "rights_holder", {"in_writing": True}, "Write to the contact on the page Legal contacts", True),
    ("right_verified", "rights_holder", {"in_writing": True}, "Open the right", False),
]


@pytest.mark.parametrize(("message", "audience", "given", "sentence", "there"), SOMETIMES)
def test_a_sentence_stands_only_where_it_is_true(book, facts, message, audience, given, sentence, there):
    said = words(book.render(message, "en", facts(message, audience=audience, **given)).text)
    assert (sentence in said) is there


def test_a_right_without_number_prints_no_empty_line_and_rows_stand_apart_from_points(book, facts):
    right = facts("notice_receipt")["right"] | {"number": ""}
    letter = book.render("notice_receipt", "en", facts("notice_receipt", audience="rights_holder", right=right))
    assert "Number" not in letter.text + visible(letter.html)
    assert "not publicly found at this time\n\nRight: " in letter.text
