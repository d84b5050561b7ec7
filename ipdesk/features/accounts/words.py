"""Names of roles and means, as people read them; translated where they are shown."""

from ipdesk.core.kernel.text import N_

ROLE_NAMES = {
    "rights_holder": N_("Rights holder"),
    "agent": N_("Agent"),
    "seller": N_("Seller"),
    "reviewer": N_("Reviewer"),
    "legal": N_("Legal"),
    "admin": N_("Administrator"),
    "auditor": N_("Auditor (reads only)"),
    "manager": N_("Manager"),
    "member": N_("Member"),
}
VIA_NAMES = {
    "invitation": N_("invitation to the contact in the catalogue"),
    "marketplace": N_("sign-in link of the marketplace"),
    "staff": N_("staff, with proof"),
}
