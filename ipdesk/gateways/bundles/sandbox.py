"""Walls around a child process that reads strangers' files.

No network (an empty network namespace where the kernel allows it, and always a refusal of
sockets and new programs inside Python), limits on memory, time and output, no core files. Where the
kernel knows Landlock, only the named folders can be opened at all.
"""

import ctypes
import os
import resource
import sys
from pathlib import Path

MEMORY = 512 * 1024 * 1024
CPU_SECONDS = 20
OUTPUT = 64 * 1024 * 1024
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.system", "os.posix_spawn", "os.spawn", "os.fork", "pty.", "webbrowser.")

# Landlock, ABI 1 (linux/landlock.h): the system calls have these numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ = (1 << 2) | (1 << 3)
_ALL = (1 << 13) - 1
_FILE_ONLY = (1 << 0) | (1 << 1) | (1 << 2)


def enclose(readable: list[str], writable: list[str], memory: int = MEMORY) -> None:
    """Closes this process in for good. ``readable`` and ``writable`` are folders or files."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    libc = ctypes.CDLL(None, use_errno=True)
    _leave_network(libc)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    _close_files(libc, readable, writable)
    sys.addaudithook(_refuse)


def allow(seconds: int = CPU_SECONDS, output: int = OUTPUT) -> None:
    """The next piece of work may use ``seconds`` of processor time and write files of ``output`` bytes.

    More processor time and the kernel ends the process; a longer file is an error of its writer.
    """
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _refuse(event: str, arguments: tuple) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"{event} is not allowed here")


def _leave_network(libc: ctypes.CDLL) -> None:
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWNET) == 0:
        return
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return  # the audit hook still refuses sockets
    # Without a mapping this process could not create files.
    for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with Path(f"/proc/self/{name}").open("w") as file:
            file.write(line)


def _close_files(libc: ctypes.CDLL, readable: list[str], writable: list[str]) -> None:
    handled = ctypes.c_uint64(_ALL)
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return  # an older kernel
    for path, access in [(p, _READ) for p in readable] + [(p, _ALL) for p in writable]:
        _allow(libc, ruleset, path, access)
    libc.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, access: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not Path(path).is_dir():
        access &= _FILE_ONLY
    rule = access.to_bytes(8, sys.byteorder) + handle.to_bytes(4, sys.byteorder, signed=True)
    libc.syscall(_ADD_RULE, ruleset, 1, rule, 0)
    os.close(handle)
