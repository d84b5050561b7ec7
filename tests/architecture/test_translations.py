"""The catalogues are where each reader looks for them, and hold what their sources say."""

import io
import re
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask
from flask_babel import Babel, force_locale, gettext

from ipdesk.core.kernel.text import translate
from ipdesk.core.workflow.texts import extract_texts

ROOT = Path(__file__).parents[2]
TRANSLATIONS = ROOT / "ipdesk/translations"
CATALOGUE = TRANSLATIONS / "zh_CN/LC_MESSAGES/messages.po"
KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "N_": None, "lazy_gettext": None}
# Whatever a seller can meet: `make translations` collects it, and it must be there in the seller's language.
SELLERS_TEXTS = {
    "templates/seller/**": "jinja2",
    "templates/desk/**": "jinja2",
    "templates/components/**": "jinja2",
    "templates/layout/**": "jinja2",
    "templates/security/**": "jinja2",
    "workflows/**": extract_texts,
    "ipdesk/core/**": "python",
    "ipdesk/desk/**": "python",
    "ipdesk/features/accounts/**": "python",
    "ipdesk/features/counter_notices/**": "python",
    "ipdesk/features/evidence/**": "python",
}
ENDING_OF = {"jinja2": ".html", "python": ".py", extract_texts: ".yaml"}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%\{\w+\}")


@pytest.fixture(scope="module")
def catalogue():
    return read_po(io.BytesIO(CATALOGUE.read_bytes()))


def said_in(folder):
    """(message, place) of every text under ``folder`` that people read; of a plural its first form."""
    method = SELLERS_TEXTS[folder]
    for path in sorted((ROOT / folder.removesuffix("/**")).rglob("*" + ENDING_OF[method])):
        for line, message, *_ in extract_from_file(method, path, keywords=KEYWORDS):
            yield message if isinstance(message, str) else message[0], f"{path.relative_to(ROOT)}:{line}"


def forms(message):
    """What the translator wrote: one text, or one for each plural form."""
    return message.string if isinstance(message.string, tuple) else (message.string,)


def untranslated(catalogue, said):
    return [f"{place}: {text}" for text, place in said if not (found := catalogue.get(text)) or not all(forms(found))]


def changed_placeholders(message):
    """The placeholders that a translated form loses or invents, against the form that names all of them."""
    source = message.id[-1] if isinstance(message.id, tuple) else message.id
    expected = set(PLACEHOLDER.findall(source))
    return set().union(*(expected ^ set(PLACEHOLDER.findall(form)) for form in forms(message) if form))


def test_pages_speak_chinese():
    app = Flask(__name__)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    Babel(app)
    with app.test_request_context(), force_locale("zh_CN"):
        assert gettext("Counter-notified") == "已反通知"


@pytest.mark.parametrize("locale", ["zh_CN", str(Locale.parse("zh_CN"))])
def test_texts_of_the_law_speak_chinese_by_either_name_of_the_language(locale):
    assert translate("Counter-notified", locale) == "已反通知"


def test_the_compiled_catalogues_say_what_the_source_says(catalogue):
    said = {message.id: message.string for message in catalogue if message.id and message.string and isinstance(message.id, str)}
    for name in ("zh_CN", str(Locale.parse("zh_CN"))):
        with (TRANSLATIONS / name / "LC_MESSAGES/messages.mo").open("rb") as file:
            built = {message.id: message.string for message in read_mo(file) if message.id and isinstance(message.id, str)}
        assert built == said, "run `make translations` and commit what it writes"


@pytest.mark.parametrize("folder", SELLERS_TEXTS)
def test_whatever_a_seller_can_meet_is_translated(catalogue, folder):
    said = list(said_in(folder))
    assert said, f"no text found in {folder}"
    assert untranslated(catalogue, said) == [], "run `make translations` and translate what is empty in messages.po"


def test_a_text_that_nobody_translated_is_found(catalogue):
    empty = "A text that no page says"
    catalogue.add(empty, "")
    try:
        assert untranslated(catalogue, [(empty, "page.html:1"), ("Nor this one", "page.html:2")]) == [
            f"page.html:1: {empty}", "page.html:2: Nor this one"]
    finally:
        catalogue.delete(empty)


def test_every_kind_of_source_is_read():
    texts = {folder: {text for text, _ in said_in(folder)} for folder in ("templates/seller/**", "workflows/**", "ipdesk/core/**")}
    assert "Complaints to be responded to" in texts["templates/seller/**"]
    assert "+ %(num)s more listing" in texts["templates/seller/**"]
    assert "Genuine goods (exhaustion)" in texts["workflows/**"]
    assert "house rule: a delisting can be contested for thirty days" in texts["workflows/**"]
    assert "17 U.S.C. § 512(g)(2)(C)" not in texts["workflows/**"]  # a citation is the same in every language
    assert "in %(n)s working days" in texts["ipdesk/core/**"]


@pytest.mark.parametrize("path", sorted(TRANSLATIONS.rglob("*.po")), ids=lambda path: path.stem)
def test_no_translation_loses_or_invents_a_placeholder(path):
    for message in read_po(io.BytesIO(path.read_bytes())):
        if message.id:
            assert not list(message.check()), message.id
            assert not changed_placeholders(message), message.id


@pytest.mark.parametrize(("source", "translation", "changed"), [
    ("Until %(when)s (%(zone)s)", "截止时间：%(when)s", {"%(zone)s"}),
    ("Until %(when)s", "截止时间：%(when)s，%(zone)s", {"%(zone)s"}),
    (("The listing", "The %(num)s listings"), ("商品",), {"%(num)s"}),
    (("The listing", "The %(num)s listings"), ("%(num)s件商品",), set()),
    ("Not translated yet: %(when)s", "", set()),
])
def test_a_changed_placeholder_is_found(source, translation, changed):
    assert changed_placeholders(Message(source, string=translation)) == changed


def test_letters_have_a_catalogue_of_their_own():
    assert isinstance(Translations.load(TRANSLATIONS, ["zh_CN"], domain="mail"), Translations)
