"""What a notice must contain under its regime, and what it lacks."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from ipdesk.core.casework.models import SignedStatement
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.rows import read_columns, write_rows
from ipdesk.features.complaints import queries
from ipdesk.features.complaints.models import Notice
from ipdesk.features.complaints.schemas import CONTACT

DOCUMENT = "notice"
FIELDS = ("signed_name", "right", "listings", "explanation", "reason_code", *(f"contact.{part}" for part in CONTACT))
_signed_codes = select(SignedStatement.code).where(
    SignedStatement.case_id == bindparam("case_id"), SignedStatement.document == bindparam("document"))


def document_of(notice: Notice) -> str:
    """The document under which the newest version of the notice is signed: ``notice``, then ``notice:2`` …"""
    return f"{DOCUMENT}:{len(notice.versions) + 1}" if notice.versions else DOCUMENT


def required(regime: str, document: str = DOCUMENT) -> list[Mapping[str, Any]]:
    """The elements of a document under a regime: code, label, article, proven_by, missing."""
    return list(rules.workflows.document("elements", regime, document)["elements"])


def asked(regime: str, document: str = DOCUMENT) -> set[str]:
    """The fields that the document cannot do without under a regime; where one of several is enough, none of them."""
    return {proof for element in required(regime, document) for proof in element["proven_by"] if "|" not in proof}


def statements(regime: str, document: str = DOCUMENT) -> list[Mapping[str, Any]]:
    """The statements to sign, word for word: code, text, article; with ``version`` of the set."""
    row = rules.workflows.document("statements", regime, document)
    return [{**line, "version": row["version"]} for line in row["statements"]]


def signed(case_id: int, document: str) -> list[SignedStatement]:
    """What was signed in this document, in order."""
    return list(db.session.execute(select(SignedStatement).where(
        SignedStatement.case_id == case_id, SignedStatement.document == document,
    ).order_by(SignedStatement.id)).scalars())


def sign_statements(
    *, actor: Any, case_id: int, document: str, regime: str, codes: list[str], name: str,
    locale: str, kind: str = DOCUMENT,
) -> None:
    """Store the statements of ``codes`` as they were shown; unknown codes are not stored."""
    write_rows(SignedStatement, [{
        "case_id": case_id, "document": document, "code": line["code"], "version": line["version"],
        "locale": "en", "text": line["text"], "signed_name": name, "signed_by": actor.user_id,
        "signed_at": actor.at} for line in statements(regime, kind) if line["code"] in codes])


def is_proven(field: str, facts: Mapping[str, Any], codes: set[str]) -> bool:
    """Whether ``facts`` (nested by dots) holds ``field``, one of fields joined by ``|``, or its statement was signed."""
    if "|" in field:
        return any(is_proven(one, facts, codes) for one in field.split("|"))
    if field.startswith("statement:"):
        return field.removeprefix("statement:") in codes
    value: Any = facts
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return bool(value)


def missing_from(
    regime: str, document: str, facts: Mapping[str, Any], codes: set[str],
) -> list[Mapping[str, Any]]:
    """The required elements that ``facts`` and the signed ``codes`` do not prove."""
    return [element for element in required(regime, document)
            if not all(is_proven(field, facts, codes) for field in element["proven_by"])]


def facts_of(notice: Notice) -> dict[str, Any]:
    """The fields of a notice under the names that the table of elements uses."""
    return {
        "signed_name": notice.signed_name, "right": notice.right_id,
        "listings": queries.has_accepted_rows(notice.id),
        "contact": notice.contact, "explanation": notice.explanation,
        "reason_code": notice.reason_code,
    }


def missing(notice: Notice) -> list[Mapping[str, Any]]:
    """The elements that the notice lacks under its regime."""
    codes = set(read_columns(_signed_codes, case_id=notice.id, document=document_of(notice)).scalars())
    return missing_from(notice.regime, DOCUMENT, facts_of(notice), codes)
