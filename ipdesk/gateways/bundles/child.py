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
    first = _question(sys.stdin.buffer.readline())
    workplace = Path(first["workplace"])
    work = _role(first["role"], workplace)
    system = [
        sys.prefix,
        sys.base_prefix,
        "/usr",
        "/lib",
        "/lib64",
        "/etc/ld.so.cache",
        "/dev/null",
        "/dev/urandom",
        "/proc/self",
        str(Path(__file__).resolve().parents[3] / "ipdesk"),
        *first["readable"],
    ]
    sandbox.enclose(system, [str(workplace), *first.get("writable", [])])
    _tell(answers, {"ready": True})
    for line in sys.stdin.buffer:
        question = _question(line)
        sandbox.allow(question.get("cpu_seconds", sandbox.CPU_SECONDS), question.get("output", sandbox.OUTPUT))
        _tell(answers, _answer(work, question))


def _question(line: bytes) -> dict:
    """A question, or the name of the file that holds a long one."""
    question = json.loads(line)
    return json.loads(Path(question["read"]).read_bytes()) if "read" in question else question


def _tell(answers, answer: dict) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
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
