"""What rights and their states are called on pages, and in letters, which are in the language of their reader."""

from flask_babel import lazy_gettext as _l

from ipdesk.core.kernel.text import N_

KIND_NAMES = {
    "trademark": _l("Trademark"), "copyright": _l("Copyright"), "design": _l("Design"),
    "patent": _l("Patent"),
}
KINDS_IN_LETTERS = {
    "trademark": N_("trademark"), "copyright": N_("copyright"), "design": N_("design"), "patent": N_("patent"),
}
STATE_NAMES = {
    "draft": _l("Draft"), "submitted": _l("Registered, not verified yet"), "verified": _l("Verified"),
    "rejected": _l("Not accepted"), "expired": _l("Expired"), "withdrawn": _l("Removed"),
}
