"""A person with a browser that has no script: reads pages, follows their links, fills in their forms.

Whatever is not on the page cannot be clicked, ticked, typed or chosen, and what a form carries
goes along as a browser sends it, CSRF token and all.
"""

import io
from typing import Any
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

from tests.visitors import Browser

_MOST_REDIRECTS = 5


class Reader:
    """One person's browser. After each step ``page``, ``path`` and ``status`` are those of the page shown."""

    def __init__(self, client: Browser) -> None:
        self.client = client
        self.page = BeautifulSoup("", "html.parser")
        self.path, self.status, self.answer = "", 0, None

    # --- reading -----------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The page as it is read, in one line."""
        return words(self.page)

    @property
    def main(self) -> str:
        """The same without header and footer."""
        return words(self.page.select_one("main") or self.page)

    @property
    def heading(self) -> str:
        return words(self.page.h1)

    def links(self) -> list[str]:
        return [words(link) for link in self.page.select("a[href]")]

    def error_of(self, field: str) -> str:
        """What the page says beside ``field``; empty when nothing is wrong with it."""
        found = self.page.select_one(f"#{field}-error")
        return words(found).removeprefix("Error: ").removeprefix("Error:").strip() if found else ""

    def errors(self) -> list[str]:
        """What the summary above the page says."""
        return [words(line) for line in self.page.select(".govuk-error-summary__list li")]

    def value_of(self, name: str) -> Any:
        """What stands in a field; the ticked values where it is a set of boxes."""
        found = self.page.select(f"main [name='{name}']")
        if not found:
            raise AssertionError(f"no field {name} on {self.path}")
        if found[0].get("type") in ("checkbox", "radio"):
            return [box.get("value", "on") for box in found if box.has_attr("checked")]
        return _value(found[0])

    def dead_ends(self) -> list[str]:
        """Links and pictures of the page that lead nowhere."""
        found = [node.get("href") or node.get("src") for node in self.page.select("main a[href], main img[src]")]
        own = {_path(urljoin(self.path, one)) for one in found if one.startswith("/") and not one.startswith("//")}
        return sorted(one for one in own if self._answers(one) >= 400)

    def _answers(self, address: str) -> int:
        answer = self.client.get(address)
        answer.close()
        return answer.status_code

    # --- going -------------------------------------------------------------------------------------

    def open(self, address: str, *, expect: int = 200) -> "Reader":
        """Go to an address; of another host's only the path counts (links in letters)."""
        return self._show(self.client.get(_path(address)), expect)

    def click(self, text: str, *, within: str = "body") -> "Reader":
        """Follow the first link whose words are, or begin with, ``text``."""
        links = self.page.select(f"{within} a[href]")
        named = [a for a in links if words(a) == text] or [a for a in links if words(a).startswith(text)]
        if not named:
            raise AssertionError(f"no link {text!r} on {self.path}: {self.links()}")
        return self.open(urljoin(self.path, named[0]["href"]))

    def send(self, button: str, *, expect: int = 200, **given: Any) -> "Reader":
        """Fill in the fields of the form with this button and press it."""
        form, pressed = self._form(button)
        sent = self.carried(form)
        for name, value in given.items():
            _enter(form, sent, name, value)
        if pressed.get("name"):
            sent[pressed["name"]] = pressed.get("value", "")
        return self.post(form.get("action") or self.path, sent, get=form.get("method", "get").lower() == "get",
                         files=form.get("enctype") == "multipart/form-data", expect=expect)

    def post(self, address: str, sent: dict[str, Any], *, get: bool = False, files: bool = False,
             expect: int = 200) -> "Reader":
        """Send fields as they are."""
        address = _path(urljoin(self.path, address))
        if get:
            return self._show(self.client.get(address, query_string=sent), expect)
        kind = {"content_type": "multipart/form-data"} if files else {}
        answer = self.client.post(address, data={k: _part(v) for k, v in sent.items()}, csrf=False, **kind)
        return self._show(answer, expect)

    def _form(self, button: str) -> tuple[Tag, Tag]:
        for one in self.page.select("form button, form input[type=submit]"):
            if words(one) == button or one.get("value") == button or words(one).startswith(f"{button} "):
                return one.find_parent("form"), one
        raise AssertionError(f"no button {button!r} on {self.path}: "
                             f"{[words(b) for b in self.page.select('form button')]} {self.errors()}")

    def form_of(self, button: str) -> dict[str, Any]:
        """What the form with this button would send as it stands."""
        return self.carried(self._form(button)[0])

    @staticmethod
    def carried(form: Tag) -> dict[str, Any]:
        """What the form sends if nothing is touched."""
        sent: dict[str, Any] = {}
        for field in form.select("input[name], textarea[name], select[name]"):
            kind = field.get("type")
            if kind in ("file", "submit", "button") or field.has_attr("disabled"):
                continue
            if kind in ("checkbox", "radio") and not field.has_attr("checked"):
                continue
            if kind == "checkbox":
                sent.setdefault(field["name"], []).append(field.get("value", "on"))
            else:
                sent[field["name"]] = _value(field)
        return sent

    def _show(self, answer: Any, expect: int) -> "Reader":
        for _ in range(_MOST_REDIRECTS):
            if answer.status_code not in (301, 302, 303, 307, 308):
                break
            answer = self.client.get(_path(urljoin(answer.request.path, answer.location)))
        self.answer, self.status = answer, answer.status_code
        self.path = answer.request.full_path.rstrip("?")
        body, html = answer.get_data(), (answer.mimetype or "").startswith("text/html")
        answer.close()
        self.page = BeautifulSoup(body if html else b"", "html.parser")
        assert self.status == expect, f"{self.status} from {self.path}: {self.main[:800]}"
        return self


def words(node: Tag | None) -> str:
    return " ".join(node.get_text(" ").split()) if node is not None else ""


def _path(address: str) -> str:
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _value(field: Tag) -> str:
    if field.name == "textarea":
        return field.get_text().removeprefix("\n")
    if field.name == "select":
        chosen = field.select_one("option[selected]") or field.select_one("option")
        return chosen.get("value", words(chosen)) if chosen else ""
    return field.get("value", "")


def _enter(form: Tag, sent: dict[str, Any], name: str, value: Any) -> None:
    """Type, tick or choose ``value`` in the field ``name``, as far as the form lets one."""
    fields = form.select(f"[name='{name}']")
    if not fields:
        raise AssertionError(f"no field {name!r}: {sorted({f['name'] for f in form.select('[name]')})}")
    kind = fields[0].get("type")
    if kind in ("checkbox", "radio") or fields[0].name == "select":
        wanted = [str(one) for one in (value if isinstance(value, list) else [value])]
        there = [f.get("value", "on") for f in (form.select(f"select[name='{name}'] option")
                                                if fields[0].name == "select" else fields)]
        if not set(wanted) <= set(there):
            raise AssertionError(f"{name}: {wanted} is not among {there}")
        sent[name] = wanted if kind == "checkbox" else wanted[0]
    else:
        sent[name] = value


def _part(value: Any) -> Any:
    """``(content, file name)`` pairs become files."""
    if isinstance(value, tuple):
        return io.BytesIO(value[0]), value[1]
    if isinstance(value, list):
        return [_part(one) for one in value]
    return value
