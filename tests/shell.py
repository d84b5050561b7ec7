"""The command ``ipdesk`` as a process of its own, as an operator starts it."""

import os
import subprocess
import sys
from pathlib import Path

from ipdesk.config import PROJECT_ROOT


def environment(**more: str) -> dict[str, str]:
    """This process's, without what would configure a desk."""
    return {name: value for name, value in os.environ.items() if not name.startswith("IPDESK_")} | more


def ipdesk(instance: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """``ipdesk --instance … WORDS``; nothing may end in a trace."""
    done = subprocess.run(
        [sys.executable, "-m", "ipdesk", "--instance", str(instance), *words], text=True, capture_output=True,
        check=False, timeout=120, env=environment(**variables), cwd=PROJECT_ROOT)
    assert "Traceback" not in done.stderr, done.stderr
    return done
