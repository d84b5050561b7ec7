"""What the desk costs, measured on a throw-away database that the command fills itself."""

from ipdesk.bench.fill import NotEmpty
from ipdesk.bench.measure import as_text, run
from ipdesk.bench.server import NotAnswered

__all__ = ["NotAnswered", "NotEmpty", "as_text", "run"]
