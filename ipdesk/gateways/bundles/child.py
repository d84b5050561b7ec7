"""The other end of ``workers.Child``: reads questions, answers them, trusts nothing it opens."""

import json
import os
import sys
import traceback
from pathlib import Path

from ipdesk.gateways.bundles import sandbox


def main() -> None:
    """Serves until the parent closes its end. The first question says which role to play."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not garble the answers
    first = json.loads(sys.stdin.buffer.readline())
    workplace = Path(first["workplace"])
    work = _role(first["role"], workplace)
    system = [sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom",
              "/proc/self", str(Path(__file__).resolve().parents[3] / "ipdesk"), *first["readable"]]
    sandbox.enclose(system, [str(workplace), *first.get("writable", [])])
    for line in sys.stdin.buffer:
        question = json.loads(line)
        if "read" in question:
            question = json.loads(Path(question["read"]).read_bytes())
        sandbox.allow(question.get("cpu_seconds", sandbox.CPU_SECONDS), question.get("output", sandbox.OUTPUT))
        answers.write(json.dumps(_answer(work, question)).encode() + b"\n")
        answers.flush()


def _answer(work, question: dict) -> dict:
    try:
        return work(question)
    except MemoryError:
        return {"failed": "too_much_memory"}
    except Exception as error:  # whatever a hostile file provokes becomes a slip sheet
        traceback.print_exc()
        return {"failed": type(error).__name__}


def _role(role: str, workplace: Path):
    """The function that answers questions, its libraries loaded before the walls go up."""
    if role == "typesetter":
        from ipdesk.gateways.bundles.typeset import Typesetter

        return Typesetter(workplace).answer
    from ipdesk.gateways.bundles import bind, exhibits

    tasks = {"examine": exhibits.examine, "bind": bind.bind, "try": bind.trial}
    return lambda question: tasks[question["do"]](question)
