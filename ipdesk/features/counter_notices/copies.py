"""The copy of a counter-notification: the exact words that the rights holder gets, shown before they are
signed and stored when they are.

What may stand in it is not decided here: the disclosure matrix cuts the facts to what a rights holder may
see under the regime, the table of elements gives the order and the labels.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ipdesk.core.casework.disclosure import disclose
from ipdesk.core.casework.rules import rules
from ipdesk.core.kernel.text import N_, translate
from ipdesk.features.complaints import elements

DOCUMENT = "counter_notice"
FIELDS = ("listings", "grounds", "explanation", "contact.name", "contact.address", "contact.phone", "contact.email", "signed_name")
SHARED = N_("Documents shared with you")
NONE_OF_OURS = "house rule"


def is_statutory(regime: str) -> bool:
    """Whether a statute, not the house, fixes the elements (17 U.S.C. § 512(g)(3))."""
    basis: str = rules.workflows.document("elements", regime, DOCUMENT)["basis"]
    return not basis.startswith(NONE_OF_OURS)


def parts_of(regime: str, state: str, said: Mapping[str, Any], locale: str) -> list[dict[str, str]]:
    """``[{label, text}]`` in the order of the law; ``said`` is a record as `facts.said` makes it."""
    seen = disclose(
        "complaint", {"regime": regime, "state": state, "counter_notices": [said]}, "rights_holder",
    )["counter_notices"][0]
    parts = [{"label": translate(element["label"], locale),
              "text": "\n\n".join(filter(None, (_words(field, seen, locale)
                                                for field in element["proven_by"])))}
             for element in elements.required(regime, DOCUMENT)]
    names = [exhibit["name"] for exhibit in seen.get("exhibits", ())]
    if names:
        parts.append({"label": translate(SHARED, locale), "text": "\n".join(names)})
    return [part for part in parts if part["text"]]


def render(regime: str, state: str, said: Mapping[str, Any], locale: str) -> str:
    """The copy as one text."""
    return "\n\n".join(f"{number}. {part['label']}\n{part['text']}" for number, part in enumerate(
        parts_of(regime, state, said, locale), start=1)) + "\n"


def explained(regime: str, state: str, said: Mapping[str, Any], locale: str) -> str:
    """The copy in the signer's own language, to help understanding; only what `render` gives is signed.

    What the signer wrote stays as it is. The statements, which are signed in one language, are
    translated too.
    """
    statements = [{**line, "text": translate(line["text"], locale)} for line in said["statements"]]
    return render(regime, state, {**said, "statements": statements}, locale)


def _words(field: str, seen: Mapping[str, Any], locale: str) -> str:
    if field.startswith("statement:"):
        code = field.removeprefix("statement:")
        return next((line["text"] for line in seen.get("statements", ()) if line["code"] == code), "")
    if field in _WORDS:
        return _WORDS[field](seen.get(field, ()), locale)
    value: Any = seen
    for name in field.split("."):
        value = value.get(name, "") if isinstance(value, Mapping) else ""
    return str(value)


def _listings(listings: Sequence[Mapping[str, str]], _locale: str) -> str:
    return "\n".join("\n   ".join(filter(None, (f"– {one['title']} ({one['code']})", one["url"])))
                     for one in listings)


def _grounds(codes: Sequence[str], locale: str) -> str:
    table = rules.workflows.table("grounds")
    return "\n".join(f"– {translate(table[code]['label'], locale)}" for code in codes)


_WORDS: dict[str, Callable[[Sequence[Any], str], str]] = {"listings": _listings, "grounds": _grounds}
