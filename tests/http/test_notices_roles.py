"""Route × role for rights and notices: who comes in, who is told to sign in, who is turned away."""

import pytest

from tests import make

ROLES = ("guest", "rights_holder", "agent", "seller", "reviewer", "legal", "admin", "auditor")
OWN, STAFF = {"rights_holder", "agent"}, {"reviewer", "legal", "admin", "auditor"}
# Pages that are there for everybody with the role; the reference in others is nobody's.
OPEN = {"/rights": OWN | STAFF, "/rights/new": OWN, "/notices": OWN | STAFF, "/notices/new": OWN,
        "/notices/new-guest": set(ROLES), "/notices/follow": set(ROLES)}
STEPS = ("", "/right", "/listings", "/reasons", "/exhibits", "/exhibits/E-0000-0000", "/purchases", "/contact", "/preview", "/discard")
NOBODYS = {
    **{f"/notices/N-0000-0000/draft{step}": OWN for step in STEPS},
    **{f"/notices/N-0000-0000{page}": set(ROLES) for page in ("", "/filed", "/complete", "/withdraw")},
    "/rights/R-0000-0000": OWN | STAFF, "/rights/R-0000-0000/correct": OWN, "/rights/R-0000-0000/withdraw": OWN,
    "/rights/R-0000-0000/judge": {"reviewer", "legal"},
}


@pytest.mark.parametrize("role", ROLES)
def test_who_comes_in(app, as_actor, role):
    make.marketplace()
    client = as_actor(role)
    for path, allowed in {**OPEN, **NOBODYS}.items():
        status = client.get(path).status_code
        if role not in allowed:
            assert status == (302 if role == "guest" else 403), (path, role, status)
        elif path in OPEN:
            assert status in (200, 302), (path, role, status)
        else:
            assert status == 404, (path, role, status)


def test_every_route_of_rights_and_notices_is_in_the_matrix(app):
    known = {path.replace("N-0000-0000", "<reference>").replace("R-0000-0000", "<reference>").replace("E-0000-0000", "<exhibit>")
             for path in {**OPEN, **NOBODYS}}
    there = {rule.rule for rule in app.url_map.iter_rules()
             if rule.endpoint.split(".")[0] in ("rights", "complaints") and "GET" in rule.methods}
    assert there == known
