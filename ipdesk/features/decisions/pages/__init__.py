"""Pages of the staff: queue, screening, decisions, documents received elsewhere, supervision."""

from ipdesk.features.decisions.pages import (  # noqa: F401 - each adds its routes
    court,
    deciding,
    queue,
    recording,
    screening,
    supervision,
)
from ipdesk.features.decisions.pages.blueprint import pages

blueprints = [pages]
