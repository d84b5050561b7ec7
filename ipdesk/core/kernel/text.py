"""Marking of translatable text where Flask is not known."""


def N_(message: str) -> str:  # noqa: N802 - the usual gettext name, known to extractors
    """Mark ``message`` for translation; the edge that shows it translates it."""
    return message
