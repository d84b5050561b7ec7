"""Letters as text: one source per letter, two formats, two languages.

A letter is ``templates/mail/<message>/letter.j2``. It says what happened, what the reader
can do and what silence means, as plain sentences; ``layout.txt.j2`` and ``layout.html.j2``
give every letter its form, so that both parts of a mail say the same words.
``context.yaml`` beside it names the facts that it may see. Rendering happens when the
letter is decided, not when it is sent: what was sent is evidence.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml
from babel import Locale
from babel.support import Translations
from jinja2 import FileSystemLoader, StrictUndefined, UndefinedError, nodes
from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from ipdesk.core.outbox.headers import clean_text
from ipdesk.core.workflow.strict_yaml import LOADER

LOCALES = ("en", "zh_CN")
_PROJECT = Path(__file__).resolve().parents[3]
TEMPLATES = _PROJECT / "templates" / "mail"
TRANSLATIONS = _PROJECT / "ipdesk" / "translations"
_NAME = re.compile(r"[a-z][a-z_]*")
# What a letter may set; the layouts read exactly these.
_PARTS: dict[str, Any] = {
    "happened": [], "points": [], "details": [], "show_listings": False, "quotes": [],
    "choices": [], "until": "", "silence": "", "link_text": "",
}


class LetterError(Exception):
    """The letter does not exist or its facts do not fit; a fault of the program, not of a party."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What the recipient reads, and the ``facts`` it was made of. ``subject`` is not yet a header: ``seal_mail`` cleans it."""

    subject: str
    text: str
    html: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """One ``context.yaml``: who gets the letter and the facts it may see (key → meaning)."""

    to: tuple[str, ...]
    says: str
    keys: Mapping[str, str]


def best_locale(wanted: str | None) -> str:
    """The locale in which a letter for ``wanted`` (``zh-Hans-CN``, ``en_GB``, …) is written."""
    language = (wanted or "").replace("-", "_").split("_")[0].lower()
    return next((name for name in LOCALES if name.split("_")[0] == language), LOCALES[0])


class LetterBook:
    """All letters of an installation. It reads ``templates`` and ``translations`` only."""

    def __init__(self, templates: Path = TEMPLATES, translations: Path = TRANSLATIONS) -> None:
        self._templates = templates
        self._environments = {
            locale: _environment(templates, translations, locale) for locale in LOCALES
        }

    @cached_property
    def letters(self) -> dict[str, LetterFacts]:
        """Message name → its facts, for every folder that holds a letter."""
        common = _mapping(self._templates / "common.yaml")
        return {
            folder.name: _letter_facts(folder, common)
            for folder in sorted(self._templates.iterdir())
            if (folder / "letter.j2").is_file()
        }

    def render(self, message: str, locale: str, context: Mapping[str, Any]) -> Rendered:
        """The letter ``message`` in ``locale`` from plain ``context``.

        A letter sees only the keys that its ``context.yaml`` names; further keys are
        dropped, missing ones raise ``LetterError``, as does a value that is not plain data.
        """
        if not _NAME.fullmatch(message) or message not in self.letters:
            raise LetterError(f"no letter {message!r}")
        facts = self.facts(message, context)
        environment = self._environments[best_locale(locale)]
        language = Locale.parse(best_locale(locale))
        try:
            letter = environment.get_template(f"{message}/letter.j2").make_module(facts)
            parts = {name: getattr(letter, name, default) for name, default in _PARTS.items()}
            subject = str(letter.__dict__["subject"])
            page = facts | parts | {
                "subject": subject,
                "language": best_locale(locale).replace("_", "-"),
                "direction": language.text_direction,
            }
            text = environment.get_template("layout.txt.j2").render(page)
            html = environment.get_template("layout.html.j2").render(page)
        except UndefinedError as error:
            raise LetterError(f"{message}: {error.message}") from error
        return Rendered(_one_line(subject), _settle_blank_lines(text), html, facts)

    def facts(self, message: str, context: Mapping[str, Any]) -> dict[str, Any]:
        """The part of ``context`` that ``message`` may see, cleaned."""
        keys = self.letters[message].keys
        missing = sorted(keys - context.keys())
        if missing:
            raise LetterError(f"{message}: missing {', '.join(missing)}")
        return {key: _plain(context[key], f"{message}.{key}") for key in keys}


@lru_cache(maxsize=1)
def letter_book() -> LetterBook:
    """The letters that ship with the desk."""
    return LetterBook()


class _Translating(NodeTransformer):
    """Puts the translation in the place of every ``_("text")`` without variables, when a letter is compiled."""

    def __init__(self, catalogue: Translations) -> None:
        self._catalogue = catalogue

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        if isinstance(node.node, nodes.Name) and node.node.name == "_" and not node.kwargs and len(node.args) == 1 \
                and isinstance(node.args[0], nodes.Const):
            text = nodes.Const(self._catalogue.gettext(node.args[0].value) % {}, lineno=node.lineno)
            return nodes.MarkSafeIfAutoescape(text, lineno=node.lineno)  # as gettext itself has it in HTML
        return node


class _Letters(ImmutableSandboxedEnvironment):
    """An environment of one language, which ``catalogue`` translates into."""

    catalogue: Translations

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return _Translating(self.catalogue).visit(super()._parse(source, name, filename))


def _environment(templates: Path, translations: Path, locale: str) -> _Letters:
    environment = _Letters(
        loader=FileSystemLoader(templates),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name) and name.endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Nothing but the template language: no range(), lipsum() or namespace() to misuse.
    for name in DEFAULT_NAMESPACE:
        environment.globals.pop(name)
    environment.filters["one_line"] = _one_line
    environment.filters["quoted"] = _quoted
    # English is the language of the sources and has no catalogue.
    catalogue = Translations.load(translations, [locale], domain="mail")
    if locale != LOCALES[0] and not isinstance(catalogue, Translations):
        raise LetterError(f"no compiled letters for {locale} in {translations}")
    environment.catalogue = catalogue
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    return environment


def _letter_facts(folder: Path, common: Mapping[str, Mapping[str, str]]) -> LetterFacts:
    declared = _mapping(folder / "context.yaml")
    keys = dict(common["every_letter"])
    for name in declared.get("common", []):
        keys[name] = common["on_request"][name]
    return LetterFacts(tuple(declared["to"]), declared["says"], keys | declared.get("own", {}))


def _mapping(path: Path) -> dict[str, Any]:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - a safe one


def _plain(value: Any, where: str) -> Any:
    """A cleaned copy of ``value``; anything but plain data is refused (no mapped row gets in)."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    raise LetterError(f"{where}: {type(value).__name__} is not plain data")


def _one_line(text: str) -> str:
    """White space folded, so that a title with line breaks cannot pose as a paragraph."""
    return " ".join(str(text).split())


def _quoted(text: str) -> str:
    """A party's words in the text part: every line marked, so that none poses as the desk's."""
    return "\n".join(f"> {line}".rstrip() for line in str(text).strip().split("\n"))


def _settle_blank_lines(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
