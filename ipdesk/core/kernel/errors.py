"""What can go wrong in the words of the desk. Core and features raise only these."""


class DeskError(Exception):
    """Base of every error a person may be told about."""


class Refusal(DeskError):
    """A rule of the workflow says no. ``code`` is a past fact (``signature_missing``)."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class Invalid(DeskError):
    """Input that cannot be taken. ``errors`` maps a field to its messages."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(", ".join(sorted(errors)))
        self.errors = errors


class NotVisible(DeskError):
    """Nothing there for this actor: absent and forbidden look the same."""


class Forbidden(DeskError):
    """The actor may see the thing but may not do this with it."""


class Stale(DeskError):
    """The case moved between the page being read and the act being sent."""

    def __init__(self, seen: int, current: int) -> None:
        super().__init__(f"seen {seen}, now {current}")
        self.seen = seen
        self.current = current
