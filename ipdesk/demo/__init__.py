"""The demo marketplace: believable, made through the real operations, dated relative to today."""

from ipdesk.demo.clock import advance_clock, moved_by, reset_clock, span_text
from ipdesk.demo.loading import clear, is_unfinished, only_loader, whole
from ipdesk.demo.people import accounts_text
from ipdesk.demo.story import ensure_demo, is_empty

__all__ = [
    "accounts_text", "advance_clock", "clear", "ensure_demo", "is_empty", "is_unfinished", "moved_by", "only_loader",
    "reset_clock", "span_text", "whole",
]
