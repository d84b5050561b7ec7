"""What a bundle says in its own language while its contents are gathered: texts, law, instants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ipdesk.core.casework.rules import rules
from ipdesk.core.casework.summary import MIXED
from ipdesk.core.kernel.text import N_, translate
from ipdesk.core.workflow import Workflow
from ipdesk.core.workflow.stages import STAGES
from ipdesk.gateways.bundles.contents import Field
from ipdesk.gateways.bundles.texts import catalogue, day_text, instant_text

SIDES = {"clock": N_("Clock of the desk"), "staff": N_("Marketplace"), "seller": N_("Seller"), "rights_holder": N_("Rights holder")}
RIGHT_KINDS = {"trademark": N_("Trademark"), "copyright": N_("Copyright"), "design": N_("Design"), "patent": N_("Patent")}
CHANNELS = {"desk": N_("On this desk"), "mail": N_("E-mail"), "post": N_("Post"), "agent": N_("Designated agent")}
ACTING_AS = {"owner": N_("The owner of the right"), "agent": N_("An agent of the owner")}
OCCASIONS = {"filing": N_("when the notice was filed"), "hold": N_("before it was restricted"), "deletion": N_("before it was deleted")}
HOLD_KINDS = {"pause": N_("Paused"), "delisting": N_("Delisted")}


@dataclass(frozen=True, slots=True)
class Words:
    """Texts in ``language`` (``en``, ``zh_CN``), instants in ``zone``."""

    language: str
    zone: str

    def say(self, text: str, **facts: Any) -> str:
        """A text of the bundle itself."""
        if not text:
            return ""
        spoken = catalogue(self.language).gettext(text)
        return spoken % facts if facts else spoken

    def law(self, text: str | None) -> str:
        """A text of the law's files."""
        return translate(text or "", self.language)

    def named(self, names: Mapping[str, str], code: str) -> str:
        """The word for a code; the code itself where it is new."""
        return self.say(names.get(code, code))

    def moment(self, at: datetime | None) -> str:
        return instant_text(at, self.zone, self.language) if at else ""

    def day(self, on: date | None) -> str:
        return day_text(on, self.language) if on else ""

    def state(self, law: Workflow, state: str) -> str:
        """Stage and substate: ``Counter-notified: Contested, put-back running``."""
        if state == MIXED:
            return self.say(N_("Closed with different outcomes"))
        found = law.states.get(state)
        stage = STAGES.get(state.partition(".")[0])
        label = self.law(found.label) if found else state
        word = self.law(stage.label) if stage else ""
        return label if not word or label.startswith(word) else f"{word}: {label}"

    def of_table(self, table: str, code: str) -> str:
        """The label of a row of one of the law's tables."""
        row = rules.workflows.table(table).get(code)
        return self.law(row["label"]) if row else code

    def facts(self, *rows: tuple[str, Any]) -> tuple[Field, ...]:
        """Labelled lines; those without a value are left out. Labels come marked, values ready."""
        return tuple(Field(self.say(label), str(value)) for label, value in rows if value not in (None, "", []))
