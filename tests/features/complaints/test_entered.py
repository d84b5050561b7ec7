"""Listings out of pasted text and files, however people write them."""

import pytest

from ipdesk.core.kernel.errors import Invalid
from ipdesk.features.complaints import entered
from ipdesk.features.complaints.answers import Entry

CODES = frozenset({"counterfeit", "mark_in_title"})


@pytest.fixture(autouse=True)
def _request(app):
    with app.test_request_context():
        yield


def ids(text: str) -> list[str]:
    return [entry.entered for entry in entered.from_text(text)]


@pytest.mark.parametrize("text", [
    "A1 B2 C3", "A1,B2;C3", "A1\tB2\r\nC3", '"A1", "B2", "C3"', "[A1|B2|C3]", "• A1\n• B2\n– C3", "A1\u200b\n\u202eB2\n C3",
    "A1\u00a0B2\u3000C3",
])
def test_any_separator(text):
    assert ids(text) == ["A1", "B2", "C3"]


def test_addresses_keep_their_commas_and_are_split_where_the_next_begins():
    one, two = "https://market.example/item/1,2;c=3", "https://market.example/item/4?a=1|2"
    assert ids(f"<{one}>,{two}; A1") == [one, two, "A1"]


def test_no_letters_no_entry():
    assert ids(" ,;| -- …\n\u200b") == []


def test_twenty_thousand_characters_without_a_space_are_no_address():
    with pytest.raises(Invalid) as refused:
        entered.from_text("x" * 20_000)
    assert "20000 characters" in refused.value.errors["pasted"][0]


@pytest.mark.parametrize("content", [
    b"listing_id,title\nA1,Lamp\nB2,Torch\n", b"title;url\nLamp;A1\nTorch;B2", b"A1\nB2\n", "\ufeffID\nA1\nB2".encode(),
    "listing_id\tname\nA1\tL\u00e4mp\nB2\t\u5348".encode("utf-16"), b"URL\r\n\"A1\"\r\n\r\n\"B2\"\r\n",
])
def test_files_of_every_make(content):
    assert entered.from_file(content, CODES) == ([Entry("A1"), Entry("B2")], {})


def test_a_file_may_give_each_row_its_own_reason():
    rows, unknown = entered.from_file(b"url,reason_code,explanation\nA1,mark_in_title,The title says so\nB2,,\n", CODES)
    assert rows == [Entry("A1", "mark_in_title", "The title says so"), Entry("B2")] and not unknown


@pytest.mark.parametrize(("content", "said"), [
    (b"", "empty"), (b"\n\n", "empty"), (b"PK\x03\x04 a spreadsheet", "no CSV"), (b"%PDF-1.7", "no CSV"), (b"A\x001", "no CSV"),
    (b"x" * (entered.LARGEST_FILE + 1), "larger than 2 MB"), (b"y" * 3000, "Row 1"),
])
def test_a_file_that_cannot_be_read_says_why(content, said):
    with pytest.raises(Invalid) as refused:
        entered.from_file(content, CODES)
    assert said in refused.value.errors["file"][0]
