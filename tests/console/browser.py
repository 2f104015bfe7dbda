"""A browser without JavaScript: it follows links, fills in the forms that a page shows, and keeps cookies."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx

Files = dict[str, tuple[str, bytes]]


@dataclass
class Form:
    """One form as the page shows it, with what it sends when nothing is changed."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    text: str = ""


class Page(HTMLParser):
    """One page, read: its words, links and forms."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.answer = answer
        self.status = answer.status_code
        self.path = answer.url.path
        self.html = answer.text
        self.words = ""
        self.heading = ""
        self.links: dict[str, str] = {}
        self.forms: list[Form] = []
        self.addresses: list[str] = []
        self._open: list[str] = []
        self._form: Form | None = None
        self._link = self._select = self._area = ""
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.addresses += [given[name] for name in ("href", "src", "action") if name in given]
        if tag in {"h1", "title", "button"}:
            self._open.append(tag)
        if tag == "a":
            self._link = given["href"]
        elif tag == "form":
            self._form = Form(given["action"], given["method"])
            self.forms.append(self._form)
        elif self._form is not None:
            self._take_field(tag, given)

    def _take_field(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        name = given.get("name", "")
        if tag in {"input", "textarea", "select", "button"}:
            self._form.names.add(name)
        if tag == "select":
            self._select = name
        elif tag == "option" and (self._select not in self._form.values or "selected" in given):
            self._form.values[self._select] = given["value"]
        elif tag == "textarea":
            self._form.values[name] = ""
            self._area = name
        elif tag == "input" and (
            given.get("type") not in {"radio", "checkbox", "file"} or "checked" in given
        ):
            self._form.values[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._link = ""
        if tag == "textarea":
            self._area = ""
        if tag == "form":
            self._form = None
        if tag in self._open:
            self._open.remove(tag)

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._area and self._form is not None:
            # Browsers leave out the line break right after the tag.
            self._form.values[self._area] += data.removeprefix("\n")
        if "h1" in self._open:
            self.heading += data
        if self._form is not None and "button" in self._open:
            self._form.text += data
        if self._link:
            self.links.setdefault(data.strip(), self._link)

    def form(self, button: str) -> Form:
        """Return the form with this button."""
        found = [form for form in self.forms if button in form.text]
        assert found, f"no button {button} on {self.path}: {[form.text for form in self.forms]}"
        return found[0]

    def has_button(self, button: str) -> bool:
        return any(button in form.text for form in self.forms)


class Browser:
    """One person at a screen.

    Args:
        client: talks to the application; each browser needs its own, for its cookies.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.page: Page

    async def open(self, address: str) -> Page:
        """Open an address."""
        return await self._show(await self._client.get(address, follow_redirects=True))

    async def click(self, link: str) -> Page:
        """Follow a link of the page."""
        return await self.open(urljoin(self.page.path, self.page.links[link]))

    async def press(self, button: str, *, files: Files | None = None, **typed: str) -> Page:
        """Send the form with this button, filled in; a form without such fields is refused here."""
        form = self.page.form(button)
        assert form.method == "post"
        assert typed.keys() | (files or {}).keys() <= form.names, (typed.keys(), form.names)
        answer = await self._client.post(
            form.action,
            data=form.values | typed,
            files=files,
            headers={
                "origin": "http://test",
                "sec-fetch-site": "same-origin",
                "referer": f"http://test{self.page.path}",
            },
            follow_redirects=True,
        )
        return await self._show(answer)

    async def _show(self, answer: httpx.Response) -> Page:
        assert urlsplit(str(answer.url)).netloc == "test"
        self.page = Page(answer)
        return self.page
