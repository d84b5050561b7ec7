"""The parent's side of a child process: one question, one answer, a limit on waiting."""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# Less than the 64 KiB that Linux keeps in a pipe for a reader who has not come yet.
PIPE_HOLDS = 16_000
SECONDS_TO_START = 60
# A child knows the package without running its ``__init__``, which loads a web framework: slow to start, and
# nothing that a process with a stranger's file in its hands should have in memory.
BARE_PACKAGE = (
    f"import sys, types; sys.path.insert(0, {str(ROOT)!r}); package = types.ModuleType('ipdesk'); "
    f"package.__path__ = [{str(ROOT)!r} + '/ipdesk']; sys.modules['ipdesk'] = package\n"
)
_START = BARE_PACKAGE + "from ipdesk.gateways.bundles.child import main; main()"


class ChildFailed(RuntimeError):
    """The child did not answer. ``reason`` is ``timed_out``, ``ended`` or ``not_started``."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason = reason


class Child:
    """A child process in its walls, started once and asked many times.

    ``environment`` replaces this process's own, so no secret of it goes along. Questions and answers are JSON: nothing that
    a child sends can run code here.
    """

    def __init__(self, role: str, workplace: Path, readable: list[str], environment: dict[str, str] | None = None) -> None:
        self._workplace = workplace
        self._log = workplace / f"{role}-{os.urandom(4).hex()}.log"
        self._rest = b""
        self._ready = False
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own code
                [sys.executable, "-I", "-c", _START],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=workplace,
                close_fds=True,
                env={"LANG": "C.UTF-8", "TMPDIR": str(workplace), **(environment or {})},
            )
        self.send({"role": role, "workplace": str(workplace), "readable": readable})

    def send(self, question: dict) -> None:
        """Puts a question; :class:`ChildFailed` when nobody is there to read it."""
        line = json.dumps(question).encode()
        if len(line) > PIPE_HOLDS:  # the child may still be starting: do not wait for it to read
            letter = self._workplace / f"question-{os.urandom(4).hex()}.json"
            letter.write_bytes(line)
            line = json.dumps({"read": str(letter)}).encode()
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise ChildFailed("ended", self.last_words()) from error

    def receive(self, seconds: float) -> dict:
        """The next answer within ``seconds``, else :class:`ChildFailed`; the child is then ended.

        Its start is not counted against the first question. A child that cannot even start says nothing about the file it
        was to open, hence the reason of its own.
        """
        if not self._ready:
            try:
                self._line(SECONDS_TO_START)
            except ChildFailed as failure:
                raise ChildFailed("not_started", str(failure)) from failure
            self._ready = True
        return json.loads(self._line(seconds))

    def _line(self, seconds: float) -> bytes:
        until = time.monotonic() + seconds
        while b"\n" not in self._rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                self.close()
                raise ChildFailed("timed_out")
            piece = os.read(self._process.stdout.fileno(), 1 << 20)
            if not piece:
                self.close()
                raise ChildFailed("ended", self.last_words())
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def ask(self, question: dict, seconds: float) -> dict:
        self.send(question)
        return self.receive(seconds)

    def last_words(self) -> str:
        """The end of what the child wrote to its error output; for the log, never for a page."""
        return self._log.read_text(errors="replace")[-2000:] if self._log.exists() else ""

    def close(self) -> None:
        """Ends the child and waits for it. May be called twice."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # a question was still in the buffer
                pipe.close()
