"""Pages of the staff are tested on a desk with handlers."""

from tests.staff import floor  # noqa: F401
