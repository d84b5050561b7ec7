"""The staff's work is tested on a desk with handlers."""

from tests.staff import floor  # noqa: F401
