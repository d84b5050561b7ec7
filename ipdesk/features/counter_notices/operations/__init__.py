"""What the seller answers, what the rights holder answers to that, and what a court has before it.

Each verb runs in the caller's unit of work.
"""

from ipdesk.features.counter_notices.operations.answering import ANSWERED_IN_TIME, answer_counter_notice
from ipdesk.features.counter_notices.operations.contesting import (
    LONGEST_DRAFT_FIELD,
    asked_fields,
    copy_for,
    delete_listings,
    digest_of,
    draft_record,
    file_counter_notice,
    load_draft,
    missing_fields,
    save_draft,
)
from ipdesk.features.counter_notices.operations.court import (
    OF_THE_ACTION,
    ONE_OF_SEVERAL,
    TELLING,
    confirm_court_action,
    court_findings,
    not_shown,
    record_court_outcome,
    reject_court_action,
    tell_court_action,
)
from ipdesk.features.counter_notices.operations.elsewhere import RECEIVED_STEPS, keep_deficient, lacking, record_received
from ipdesk.features.counter_notices.operations.shared import require_arrival, require_filed, show_to_rights_holder

__all__ = [
    "ANSWERED_IN_TIME", "LONGEST_DRAFT_FIELD", "OF_THE_ACTION", "ONE_OF_SEVERAL", "RECEIVED_STEPS", "TELLING", "answer_counter_notice",
    "asked_fields", "confirm_court_action", "copy_for", "court_findings", "delete_listings", "digest_of", "draft_record",
    "file_counter_notice", "keep_deficient", "lacking", "load_draft", "missing_fields", "not_shown", "record_court_outcome",
    "record_received", "reject_court_action", "require_arrival", "require_filed", "save_draft", "show_to_rights_holder",
    "tell_court_action",
]
