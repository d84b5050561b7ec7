"""Numbers in addresses: those that a column can hold."""

from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

from ipdesk.core.http.fields import BIGGEST_NUMBER


class StoredNumber(IntegerConverter):
    """``<int:…>`` up to 64 bits. Beyond, the address leads nowhere, and no database is asked."""

    def __init__(self, map: Map, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max", BIGGEST_NUMBER)
        super().__init__(map, *args, **kwargs)


def install(app: Flask) -> None:
    """To be called before any route is added."""
    app.url_map.converters["int"] = StoredNumber
