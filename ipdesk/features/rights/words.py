"""What rights and their states are called on pages."""

from flask_babel import lazy_gettext as _l

KIND_NAMES = {
    "trademark": _l("Trademark"), "copyright": _l("Copyright"), "design": _l("Design"),
    "patent": _l("Patent"),
}
STATE_NAMES = {
    "draft": _l("Draft"), "submitted": _l("Registered, not verified yet"), "verified": _l("Verified"),
    "rejected": _l("Not accepted"), "expired": _l("Expired"), "withdrawn": _l("Removed"),
}
