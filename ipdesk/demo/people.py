"""Who is there in the demo. The names are invented; the addresses end in .example."""

from dataclasses import dataclass

PASSWORD = "harbour-demo-desk"  # noqa: S105 - shown to everybody, on demo installations only


@dataclass(frozen=True)
class Person:
    """One account of the demo; ``store`` is the id of the store it is bound to."""

    key: str
    email: str
    name: str
    roles: tuple[str, ...]
    organisation: str = ""
    store: str = ""
    locale: str = "en"
    says: str = ""


PEOPLE = (
    Person("holder", "rights@aurora.example", "Ines Vantour", ("rights_holder",), "Aurora Audio Ltd",
           says="rights holder: headphones and speakers"),
    Person("agent", "agent@brandguard.example", "Tomas Rellin", ("agent",), "Brandguard Agency",
           says="agent for several owners"),
    Person("seller_a", "seller-a@shops.example", "Priya Sandell", ("seller",), store="S-1001",
           says="seller of Blue Harbour Electronics"),
    Person("seller_b", "seller-b@shops.example", "林晓雨", ("seller",), store="S-1002", locale="zh_CN",
           says="seller of 晓雨数码 (in Chinese)"),
    Person("seller_c", "seller-c@shops.example", "Marek Dolny", ("seller",), store="S-1003",
           says="seller of Dolny Prints"),
    Person("seller_d", "seller-d@shops.example", "Nils Berghof", ("seller",), store="S-1005",
           says="seller of Northlight Gadgets"),
    Person("reviewer", "reviewer@desk.example", "Rhea Moss", ("reviewer",), says="screens notices"),
    Person("legal", "legal@desk.example", "Jon Abara", ("legal",), says="decides"),
    Person("legal_two", "legal2@desk.example", "Mira Okoye", ("legal",),
           says="second pair of eyes"),
    Person("admin", "admin@desk.example", "Sol Iversen", ("admin",),
           says="supervisor: people, load, alarms"),
    Person("auditor", "auditor@desk.example", "Wen Castell", ("auditor",), says="reads, changes nothing"),
)


def accounts_text() -> str:
    """The demo's accounts as a table for the terminal."""
    lines = [f"  {person.email:28} {person.says}" for person in PEOPLE]
    return "\n".join([f"Demo accounts (password of all: {PASSWORD})", *lines, ""])
