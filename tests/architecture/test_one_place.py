"""What may happen in one place only: setting a state, committing, reading the time, writing SQL."""

import ast

import pytest

from tests.architecture.source import calls, dotted, modules

ENGINE = "ipdesk/core/workflow/engine.py"
UNIT_OF_WORK = "ipdesk/core/db/unit_of_work.py"
CLOCK = "ipdesk/core/kernel/clock.py"

# Why a module may begin or commit by itself although it is not the unit of work.
OWN_TRANSACTIONS = {
    "ipdesk/core/db/migrations/__init__.py": "the schema is changed before there is anything to work on",
    "ipdesk/core/db/migrations/env.py": "alembic's own transaction, inside the one above",
    "ipdesk/bench/fill.py": "a throw-away database is filled before there is anybody to share it with",
}
# Why a module may read a clock that is not the installation's.
OWN_TIME = {
    "ipdesk/core/kernel/clock.py": "it is the installation's clock",
}
TIME_CALLS = ("now", "utcnow", "today", "utcfromtimestamp")
WALL_CLOCKS = {"time.time", "time.time_ns", "time.localtime", "time.gmtime"}


def found_states() -> list[str]:
    """``x.state = …``, ``setattr(x, "state", …)`` and bulk updates of a state."""
    places = []
    for path, tree in modules():
        for node in ast.walk(tree):
            targets = node.targets if isinstance(node, ast.Assign) else (
                [node.target] if isinstance(node, (ast.AugAssign, ast.AnnAssign)) else [])
            places += [f"{path}:{node.lineno}" for target in targets
                       if isinstance(target, ast.Attribute) and target.attr == "state"]
        for line, name, call in calls(tree):
            named = any(keyword.arg == "state" for keyword in call.keywords)
            if name.endswith(".values") and named:
                places.append(f"{path}:{line}")
            if name == "setattr" and len(call.args) > 1 and ast.unparse(call.args[1]) == "'state'":
                places.append(f"{path}:{line}")
    return places


def test_a_state_is_set_in_the_engine_only():
    places = found_states()
    assert [place for place in places if not place.startswith(ENGINE)] == []
    assert places, "the engine itself was not found, so this test would not find anybody"


def test_nobody_commits_or_begins_but_the_unit_of_work():
    outside = [
        f"{path}:{line} {name}" for path, tree in modules() for line, name, _ in calls(tree)
        if name.rpartition(".")[2] in ("commit", "begin") and "." in name
        and path != UNIT_OF_WORK and path not in OWN_TRANSACTIONS]
    assert outside == []


def test_a_savepoint_is_taken_only_where_it_is_explained():
    """``begin_nested`` keeps one fault from spoiling a batch, or takes back a rehearsal; nothing else needs it."""
    inside = {path for path, tree in modules() for _, name, _ in calls(tree) if name.endswith(".begin_nested")}
    assert inside <= {
        "ipdesk/core/casework/sweep.py", "ipdesk/worker.py", "ipdesk/features/rights/jobs.py",
        "ipdesk/features/decisions/operations.py"}


def test_the_time_is_read_from_the_clock_only():
    outside = [
        f"{path}:{line} {name}" for path, tree in modules() for line, name, _ in calls(tree)
        if path not in OWN_TIME and (name in WALL_CLOCKS or (
            name.rpartition(".")[2] in TIME_CALLS
            and name.rpartition(".")[0].rpartition(".")[2] in ("datetime", "date")))]
    assert outside == []


def test_pages_never_read_the_time():
    """Pages take the instant of the act from the actor, so that everything of one act carries one time."""
    outside = [
        f"{path}:{line}" for path, tree in modules() for line, name, _ in calls(tree)
        if ("/pages" in path or path.endswith("api.py")) and name.endswith("clock") and "/accounts/" not in path]
    assert outside == []


def test_operations_never_read_the_time():
    outside = [
        f"{path}:{line}" for path, tree in modules("ipdesk/features") for line, name, _ in calls(tree)
        if (path.endswith(("operations.py", "queries.py", "models.py")) or "/operations/" in path)
        and name.rpartition(".")[2] in ("now", "clock")]
    assert outside == []


# A string that is put together and handed to the database as SQL: what it may be put together from.
OWN_SQL = {
    "ipdesk/core/db/core.py": "names of settings, written beside it",
    "ipdesk/features/catalogue/queries.py": "names of its own two search tables; what people type is a parameter",
    "ipdesk/bench/copies.py": "names of the desk's own tables and sequences, in a database of the benchmark's own",
    "ipdesk/features/complaints/models.py": "the condition of an index, from a constant: DDL takes no parameters",
}


def test_no_sql_is_put_together_from_strings():
    def is_made(node: ast.AST) -> bool:
        return isinstance(node, (ast.JoinedStr, ast.BinOp)) or (
            isinstance(node, ast.Call) and dotted(node.func).endswith(".format"))

    outside = [
        f"{path}:{line}" for path, tree in modules() for line, name, call in calls(tree)
        if (name in ("text", "sa.text", "sqlalchemy.text", "db.text")
            or name.rpartition(".")[2] in ("exec_driver_sql", "execute", "executescript", "literal_column"))
        and call.args and is_made(call.args[0]) and path not in OWN_SQL]
    assert outside == []


@pytest.mark.parametrize("allowed", [OWN_TRANSACTIONS, OWN_TIME, OWN_SQL], ids=["transactions", "time", "sql"])
def test_no_exception_outlives_what_it_was_made_for(allowed):
    assert set(allowed) <= {path for path, _ in modules()}


def test_a_refusal_has_one_sentence():
    """Two sentences for one code would show one feature's words on another feature's page."""
    codes = [ast.unparse(key) for _path, tree in modules() for node in ast.walk(tree) if isinstance(node, (ast.Assign, ast.AnnAssign))
             if ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target).lstrip("_") == "REFUSALS"
             for key in node.value.keys]
    assert len(codes) > 50 and len(codes) == len(set(codes)), sorted(code for code in codes if codes.count(code) > 1)
