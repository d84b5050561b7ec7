"""What keeps a desk from starting: law that does not hold, or that a stored case no longer finds."""

import shutil

import pytest
from sqlalchemy import inspect

from ipdesk import create_app
from ipdesk.config import PROJECT_ROOT, load_settings
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.core import db
from ipdesk.core.db.migrations import differences, upgrade
from ipdesk.core.kernel.clock import FixedClock
from ipdesk.demo.loading import clear, is_unfinished, only_loader
from ipdesk.demo.story import is_empty
from ipdesk.features.complaints import elements
from ipdesk.features.counter_notices import facts


@pytest.fixture
def own_law(tmp_path, app):
    """Settings of an installation with its own copy of the law; the shared rules are put back after."""
    for name in ("workflows", "templates"):
        shutil.copytree(PROJECT_ROOT / name, tmp_path / name)
    kept = dict(vars(rules))
    yield load_settings(tmp_path / "instance", root=tmp_path, testing=True)
    vars(rules).update(kept)


def change(settings, file, old, new):
    path = settings.workflows / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_an_unknown_guard_keeps_the_desk_from_starting(own_law, clock):
    change(own_law, "complaint/marketplace.yaml", "guards: [listing_is_live, ", "guards: [listing_was_nice, ")
    with pytest.raises(RuntimeError, match="listing_was_nice"):
        create_app(own_law, FixedClock(clock.now()))


def test_a_proxy_that_is_not_trusted_keeps_the_desk_from_starting(tmp_path):
    with pytest.raises(ValueError, match="trusted_proxies"):
        load_settings(tmp_path, behind_https=True)
    assert load_settings(tmp_path, behind_https=True, trusted_proxies=1).trusted_proxies == 1


def test_a_changed_meaning_under_a_running_case_keeps_the_desk_from_starting(own_law, clock):
    app = create_app(own_law, FixedClock(clock.now()))
    with app.app_context():
        db.create_all()
        from ipdesk.core.casework.advance import new_case
        from ipdesk.core.db.unit_of_work import unit_of_work
        from ipdesk.core.kernel.actors import clock_actor

        with unit_of_work():
            db.session.add(new_case(actor=clock_actor(clock.now()), kind="complaint", workflow="marketplace"))
        db.session.remove()
    create_app(own_law, FixedClock(clock.now()))
    change(own_law, "complaint/marketplace.yaml", "    rank: 15", "    rank: 16")
    with pytest.raises(RuntimeError, match="marketplace version 1"):
        create_app(own_law, FixedClock(clock.now()))


def test_what_is_left_of_an_unfinished_demo_is_taken_away_and_the_database_made_anew(desk):
    desk.accept(desk.file())
    clear(desk.app.extensions["ipdesk.settings"])
    assert inspect(db.engine).get_table_names() == []
    upgrade()
    assert is_empty() and differences() == []


def test_a_field_that_the_check_knows_is_one_that_a_document_is_judged_by(desk):
    """`ipdesk check` would else pass a name of a field that nothing can ever prove."""
    filed = desk.file()[0]
    notice = rules.kinds["notice"].load(filed.notice_id)
    assert {name.partition(".")[0] for name in rules.documents["notice"]} == set(elements.facts_of(notice))
    signed = facts.said(claims=[], grounds=[], explanation="", contact={}, signed_name="", statements=[], exhibits=[])
    assert {name.partition(".")[0] for name in rules.documents["counter_notice"]} <= set(signed)
    db.session.rollback()


def test_two_who_came_for_the_demo_at_once_do_not_stumble_over_each_other(desk):
    settings = desk.app.extensions["ipdesk.settings"]
    with only_loader(settings):
        with pytest.raises(BlockingIOError), only_loader(settings):
            pass
        (settings.instance / "demo-unfinished").unlink()  # by the one before, at its end
    assert not is_unfinished(settings)
