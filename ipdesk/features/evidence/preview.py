"""Facts and previews of files, made by processes with limits and without network.

No parser of pictures, PDF or mail runs in the desk's own processes: `render_child` does the
work, this module only talks to it. A file that breaks, hangs or eats its process costs that
process alone, and the answer is a fact (``cannot_show``), never an error of the desk.
"""

import json
import os
import queue
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_SCRIPT = Path(__file__).with_name("render_child.py")
_MAX_ANSWER = 64 * 1024 * 1024
THUMBNAIL, VIEW = "thumb", "view"
# How long a request waits for its turn; a thread of the web server that waits serves nobody.
PATIENCE_SECONDS = 3.0
LONGEST = {THUMBNAIL: 240, VIEW: 1600}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost: bytes of address space, seconds of processor, seconds in all."""

    memory: int = 1_500_000_000
    cpu: int = 20
    wall: int = 30


# Nobody knows a guest: 2 kB of nested forms would keep a process at work for as long as it may.
OF_GUESTS = Limits(cpu=5, wall=10)


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of one task. ``facts`` has ``cannot_show`` when ``blobs`` is empty for a reason."""

    facts: dict[str, Any]
    blobs: tuple[bytes, ...] = ()

    @property
    def cannot_show(self) -> str | None:
        return self.facts.get("cannot_show")


class _Child:
    """One waiting process; it forks for each file."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Nothing of the desk's environment (settings, secrets) reaches the process.
        self._process = subprocess.Popen(  # noqa: S603 - our own script, fixed arguments
            [sys.executable, "-I", str(_SCRIPT), str(theirs.fileno())],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            start_new_session=True, close_fds=True)
        theirs.close()
        self._control = ours
        ours.settimeout(60)
        try:
            self.hello: dict[str, Any] = json.loads(ours.recv(65536) or b"{}")
        except TimeoutError:
            self.hello = {}
        if "pid" not in self.hello:
            self.end()
            raise RuntimeError("the preview process does not start")

    def run(self, task: dict[str, Any], path: Path, limits: Limits) -> Shown:
        """One task on one file. After `ChildLost` this object is of no more use."""
        reading, writing = os.pipe()
        try:
            with path.open("rb") as file:
                message = json.dumps(task | {"limits": asdict(limits)}).encode()
                try:
                    socket.send_fds(self._control, [message], [file.fileno(), writing])
                finally:
                    os.close(writing)
            content = self._collect(reading, time.monotonic() + limits.wall + 2)
            self._control.settimeout(5)
            status = json.loads(self._control.recv(65536) or b'{"status": null}')["status"]
        except (OSError, TimeoutError, ValueError) as error:
            self.end()
            raise ChildLost from error
        finally:
            os.close(reading)
        if status is None:
            self.end()
            raise ChildLost
        return self._parse(content) if status == 0 else Shown({"cannot_show": "too_demanding"})

    @staticmethod
    def _collect(handle: int, until: float) -> bytes:
        content = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(handle, selectors.EVENT_READ)
            while True:
                if not selector.select(max(0.0, until - time.monotonic())):
                    raise TimeoutError
                piece = os.read(handle, 1 << 20)
                if not piece:
                    return bytes(content)
                content += piece
                if len(content) > _MAX_ANSWER:
                    raise ValueError("the answer is too long")

    @staticmethod
    def _parse(content: bytes) -> Shown:
        """The answer is as little to be trusted as the file that it was made from."""
        head, _, body = content.partition(b"\n")
        try:
            parsed = json.loads(head)
            facts, sizes = parsed["facts"], parsed["sizes"]
            if not isinstance(facts, dict) or sum(sizes) != len(body):
                raise ValueError
        except (ValueError, KeyError, TypeError):
            return Shown({"cannot_show": "too_demanding"})
        blobs, at = [], 0
        for size in sizes:
            blobs.append(body[at:at + size])
            at += size
        return Shown(facts, tuple(blobs))

    def end(self) -> None:
        """Kill the process with everything it started."""
        self._control.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class ChildLost(Exception):
    """A preview process hung or died and was ended."""


class Busy(Exception):
    """Every preview process is at work; later there will be a turn."""


class Previews:
    """A few preview processes, started when first needed and again after a loss."""

    def __init__(self, processes: int = 2, limits: Limits | None = None, patience: float = PATIENCE_SECONDS) -> None:
        self._limits = limits or Limits()
        self._patience = patience
        self._processes = processes
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._free: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(self._processes):
            self._free.put(None)

    @contextmanager
    def _turn(self) -> Iterator[list[_Child | None]]:
        if self._pid != os.getpid():
            self._reset()  # after a fork of the web server the processes belong to the parent
        try:
            place = [self._free.get(timeout=self._patience)]
        except queue.Empty:
            raise Busy from None
        try:
            yield place
        finally:
            self._free.put(place[0])

    def _run(self, task: dict[str, Any], path: Path, limits: Limits | None = None) -> Shown:
        with self._turn() as place:
            child = place[0]
            place[0] = None
            child = child or _Child()
            try:
                shown = child.run(task, path, limits or self._limits)
            except ChildLost:
                return Shown({"cannot_show": "too_demanding"})
            place[0] = child
            return shown

    def inspect(self, path: Path, media_type: str, preview: str, limits: Limits | None = None) -> Shown:
        """Facts of the file, and as blobs its thumbnail and view when it can be shown.

        ``preview`` is the manner from the table. Facts, as they apply: ``pages``, ``width``,
        ``height``, ``has_location``, ``signed``, ``active`` (JavaScript), ``attachments``,
        ``cut_off`` (a PDF without its end) and ``cannot_show``, a key of `texts.CANNOT_SHOW`;
        ``busy`` when there was no turn in time.
        """
        if preview not in {"pixels", "pages"}:
            return Shown({"cannot_show": "no_preview"} if preview == "none" else {})
        try:
            return self._run({"task": "inspect", "media_type": media_type}, path, limits)
        except Busy:
            return Shown({"cannot_show": "busy"})

    def page(self, path: Path, media_type: str, page: int, longest: int = 1600,
             limits: Limits | None = None) -> Shown:
        """Page ``page`` (from 0) of a PDF or picture, drawn anew as WebP; may be `Busy`."""
        return self._run({"task": "page", "media_type": media_type, "page": page, "longest": longest}, path, limits)

    def text(self, path: Path, media_type: str) -> Shown:
        """The beginning of a text or mail as UTF-8, at most 200,000 characters; may be `Busy`."""
        return self._run({"task": "text", "media_type": media_type}, path)

    def shut_off(self) -> bool:
        """Whether the kernel let the preview process leave the network entirely.

        Where it did not, system calls of the network are still refused to it.
        """
        with self._turn() as place:
            place[0] = place[0] or _Child()
            return not place[0].hello["network"]

    def close(self) -> None:
        """End the processes; those at work first finish their file."""
        children = [self._free.get() for _ in range(self._processes)]
        for child in children:
            if child is not None:
                child.end()
            self._free.put(None)
