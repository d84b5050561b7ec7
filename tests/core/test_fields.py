"""Text is what it looks like; what cannot be taken is said beside its field, in the person's words."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError, fields
from werkzeug.datastructures import MultiDict

from ipdesk.core.http.fields import (
    Choice,
    FormSchema,
    Line,
    Mail,
    MustTick,
    Phone,
    Prose,
    QuerySchema,
    Tick,
    clean,
)
from ipdesk.core.http.forms import _messages

ZERO_WIDTH = ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u180e"]
OVERRIDES = ["\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\u200e", "\u200f", "\u061c"]
CONTROLS = ["\x00", "\x01", "\x08", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\x9f"]


@pytest.mark.parametrize("hidden", ZERO_WIDTH + OVERRIDES + CONTROLS, ids=lambda c: f"U+{ord(c):04X}")
def test_what_hides_or_reorders_is_removed(hidden):
    assert clean(f"pay{hidden}pal") == "paypal"


def test_what_joins_letters_stays():
    """Zero-width joiner and non-joiner change what is read: Persian words and family emoji need them."""
    assert clean("می\u200cخواهم") == "می\u200cخواهم"
    assert clean("👩\u200d👧") == "👩\u200d👧"


@pytest.mark.parametrize("text", ["שלום עולם", "مرحبا بالعالم", "简体中文，标点。", "Grüße, naïve façade",
                                  "🧵🪡 emoji", "§ 512(c)(3)(A)(v) – “quoted”"])
def test_every_script_passes_unchanged(text):
    assert clean(text) == unicodedata.normalize("NFC", text)


def test_letters_come_in_one_form():
    assert clean("Cafe\u0301") == "Café"
    assert len(clean("Cafe\u0301")) == 4


@pytest.mark.parametrize("ends", ["\r\n", "\r", "\n"])
def test_line_ends_are_one(ends):
    assert clean(f"a{ends}b") == "a\nb"


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text):
    once = clean(text)
    assert clean(once) == once


@given(st.text())
def test_nothing_that_is_cleaned_can_end_a_header_line_or_a_string(text):
    assert not set("\x00\r") & set(clean(text))


class Form(FormSchema):
    title = Line(20, required=True)
    note = Line(20)
    long = Prose(10_000)
    code = Line(10, least=3)
    mail = Mail(254)
    kind = Choice(("a", "b"))
    ticked = Tick()
    sworn = MustTick()


GOOD = {"title": "AURORA", "kind": "a", "sworn": "true"}


def refused(**sent):
    with pytest.raises(ValidationError) as error:
        Form().load({**GOOD, **sent})
    return _messages(error.value.messages)


def test_a_line_is_one_line_without_edges():
    loaded = Form().load({**GOOD, "title": "  AURORA \t\n lamps  ", "long": "  a\r\n\r\nb  "})
    assert (loaded["title"], loaded["long"]) == ("AURORA lamps", "a\n\nb")


def test_twenty_thousand_characters_without_a_space_are_refused_beside_the_field(app):
    with app.test_request_context():
        assert refused(long="x" * 20_000) == {"long": ["Shorten this to 10000 characters. It has 20000."]}


@pytest.mark.parametrize("length", [9_999, 10_000])
def test_exactly_as_much_as_is_allowed_is_taken(length):
    assert len(Form().load({**GOOD, "long": "x" * length})["long"]) == length


def test_the_length_counts_what_is_kept(app):
    """Invisible characters neither count nor let a required field look filled in."""
    with app.test_request_context():
        assert Form().load({**GOOD, "title": "x" * 20 + "\u200b" * 500})["title"] == "x" * 20
        assert refused(title="\u200b\u202e \t") == {"title": ["Fill this in."]}


@pytest.mark.parametrize("sent", ["", "   ", None])
def test_what_is_required_must_be_filled_in(app, sent):
    with app.test_request_context():
        assert refused(title=sent) == {"title": ["Fill this in."]}


def test_what_is_too_short_says_so_and_empty_is_allowed(app):
    with app.test_request_context():
        assert refused(code="ab") == {"code": ["Write at least 3 characters."]}
        assert Form().load({**GOOD, "code": ""})["code"] == ""


@pytest.mark.parametrize("address", ["ada@firm.example", "ada+ip@firm.example", "a@b.example"])
def test_mail_addresses_pass(address):
    assert Form().load({**GOOD, "mail": address})["mail"] == address


@pytest.mark.parametrize("address", [
    "ada", "ada@", "@firm.example", "ada@firm.example, eve@evil.example", "ada@firm.example\nBcc: eve@evil.example",
    "ada @firm.example", "<ada@firm.example>", "ada@firm.example\x00", "ada@firm"])
def test_what_is_no_mail_address_is_refused_or_made_harmless(app, address):
    with app.test_request_context():
        try:
            taken = Form().load({**GOOD, "mail": address})["mail"]
        except ValidationError as error:
            assert [str(text) for text in error.messages["mail"]] == ["Enter an e-mail address, like name@company.example."]
        else:
            assert taken == "ada@firm.example"


@pytest.mark.parametrize("sent", ["c", "A", "", None, ["a"], "a\u200b"])
def test_one_of_the_choices_or_nothing(app, sent):
    with app.test_request_context():
        assert set(refused(kind=sent)) == {"kind"}


def test_ticks():
    loaded = Form().load({**GOOD, "ticked": "on"})
    assert loaded["ticked"] is True and loaded["sworn"] is True
    assert Form().load(GOOD)["ticked"] is False


@pytest.mark.parametrize("sent", [None, "", "false", "0"])
def test_what_must_be_ticked_is_refused_unticked(app, sent):
    with app.test_request_context():
        assert refused(sworn=sent) == {"sworn": ["Tick this to go on."]}


def test_what_a_form_does_not_know_is_refused(app):
    assert set(refused(state="closed.upheld")) == {"state"}
    assert set(refused(organisation_id="1")) == {"organisation_id"}


def test_what_a_query_string_does_not_know_is_left_alone():
    class Query(QuerySchema):
        q = Line(40)

    assert Query().load({"utm_source": "letter", "q": "lamp"}) == {"q": "lamp"}


@pytest.mark.parametrize("sent", [7, 1.5, True, ["x"], {"x": 1}])
def test_what_is_no_text_is_refused_in_json(sent):
    assert set(refused(note=sent)) == {"note"}


# --- numbers and query strings ---------------------------------------------------------------------

class Numbers(FormSchema):
    one = fields.Integer(load_default=None)
    many = fields.List(fields.Integer(), load_default=list)


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
def test_a_number_that_a_column_holds_is_taken(number):
    assert Numbers().load({"one": str(number), "many": [str(number)]})["many"] == [number]


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
@pytest.mark.parametrize("said", [lambda number: {"one": number}, lambda number: {"many": ["1", number]}])
def test_a_number_that_no_column_holds_is_refused_before_the_database_is_asked(number, said):
    with pytest.raises(ValidationError, match="Not a valid integer"):
        Numbers().load(said(str(number)))


class Search(QuerySchema):
    q = Line(10)
    shop = fields.Integer(load_default=None)


@pytest.mark.parametrize("shop", ["abc", "9" * 30, ""])
def test_what_cannot_be_taken_of_an_address_counts_as_not_said(shop):
    read = Search().load(MultiDict([("q", "lamp"), ("shop", shop), ("other", "1")]))
    assert (read["q"], read["shop"]) == ("lamp", None)
    assert Search().load({"q": "x" * 11, "shop": "7"}) == {"q": "", "shop": 7}


@pytest.mark.parametrize("number", ["+86 755 5550 123", "(020) 555-0100 ext. 12", "٠٢٠٥٥٥", "911", ""])
def test_telephone_numbers_are_taken_as_people_write_them(number):
    assert Phone(50).deserialize(number) == number


@pytest.mark.parametrize("text", ["abc", "n/a", "1-2", "none 1"])
def test_what_holds_no_telephone_number_is_refused_in_words(text):
    with pytest.raises(ValidationError, match="Enter a telephone number"):
        Phone(50).deserialize(text)
