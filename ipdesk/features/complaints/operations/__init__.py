"""The verbs of notices and complaints. Each runs in the caller's unit of work."""

from ipdesk.features.complaints.answers import Entry
from ipdesk.features.complaints.operations.filed import (
    advance_complaints,
    complete_notice,
    screen_notice,
    take_back,
    tell_seller,
    withdraw_notice,
    write_note,
)
from ipdesk.features.complaints.operations.filing import (
    LIMITS,
    RIGHT_ENDED,
    TOO_MANY_FOR_GUEST,
    Content,
    draft_files,
    file_as_guest,
    file_draft,
    file_notice,
    limit,
    save_draft,
    send_link,
    start_notice,
)
from ipdesk.features.complaints.operations.new_link import send_new_link
from ipdesk.features.complaints.operations.opening import capture, open_complaints

__all__ = [
    "LIMITS", "RIGHT_ENDED", "TOO_MANY_FOR_GUEST", "Content", "Entry", "advance_complaints", "capture", "complete_notice",
    "draft_files", "file_as_guest", "file_draft", "file_notice", "limit", "open_complaints", "save_draft", "screen_notice",
    "send_link", "send_new_link", "start_notice", "take_back", "tell_seller", "withdraw_notice", "write_note",
]
