"""The catalogues are where each reader looks for them, and hold what their sources say."""

import io
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask
from flask_babel import Babel, force_locale, gettext

from ipdesk.core.kernel.text import translate

TRANSLATIONS = Path(__file__).parents[2] / "ipdesk/translations"
CATALOGUE = TRANSLATIONS / "zh_CN/LC_MESSAGES/messages.po"


@pytest.fixture(scope="module")
def catalogue():
    return read_po(io.BytesIO(CATALOGUE.read_bytes()))


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


def test_no_translation_loses_or_invents_a_placeholder(catalogue):
    for message in catalogue:
        if message.id and message.string:
            assert not list(message.check()), message.id


def test_letters_have_a_catalogue_of_their_own():
    assert isinstance(Translations.load(TRANSLATIONS, ["zh_CN"], domain="mail"), Translations)
