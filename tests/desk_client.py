"""The desk in this process: its pages and forms, asked as a browser on this machine, or a proxy, asks them."""

from __future__ import annotations

import asyncio
import html
import re
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from citygraph import Project
from citygraph.findings import Report
from citygraph.project.editing import Edits
from citygraph.project.pipeline import reference_folder
from citygraph.web.app import _http_error, _refused
from citygraph.web.desk.access import PEER
from citygraph.web.desk.pages import Desk
from citygraph.web.pages.graph import SiteMemory
from citygraph.web.pages.home import routes
from citygraph.web.requests import PUBLIC_URL, Refusal

HERE = "http://127.0.0.1:8000"


class DeskClient:
    """Asks the pages of the desk, and sends their forms."""

    def __init__(
        self,
        project: Project,
        *,
        peer: str = "127.0.0.1",
        origin: str = HERE,
        is_checked: bool = False,
        public: str = "",
    ) -> None:
        """The desk of a project that is built; unless `is_checked`, no edit breaks a rule, which takes a while to see.

        Args:
            project: the project.
            peer: who is at the other end of the connection.
            origin: where the browser has the page from.
            is_checked: check each edit as it is checked outside of tests.
            public: the address that graph.toml gives the site.
        """
        self.project, self.origin = project, origin
        self.desk = Desk(project, "127.0.0.1")
        if not is_checked:
            edits = Edits(project.config, lambda _: Report.of([]), reference=reference_folder(), today=project.today)
            self.desk.work.edits = edits
        # The graph is not built anew after each edit: the desk reads the files.
        self.desk.work.building.begin = lambda: None  # type: ignore[method-assign]
        app = Starlette(
            routes=[*self.desk.routes, *routes],
            exception_handlers={Refusal: _refused, HTTPException: _http_error},
        )
        app.state.project, app.state.show_restricted, app.state.memory = project, False, SiteMemory()
        app.state.desk = self.desk

        async def asked(scope: Scope, receive: Receive, send: Send) -> None:
            scope[PEER] = (peer, 1)
            if public:
                scope[PUBLIC_URL] = public
            await app(scope, receive, send)

        self._transport = httpx.ASGITransport(app=asked)

    def ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:  # noqa: ANN401  # what httpx takes
        """One request."""

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url=self.origin) as client:
                return await client.request(method, path, **arguments)

        return asyncio.run(ask())

    def get(self, path: str, **headers: str) -> str:
        """A page."""
        answer = self.ask("GET", path, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, path: str, fields: dict[str, Any], **headers: str) -> httpx.Response:
        """A form, as the browser sends it."""
        return self.ask("POST", path, data=fields, headers={"Origin": self.origin, **headers})

    def fill(self, path: str, said: dict[str, Any], **headers: str) -> httpx.Response:
        """The form at an address with some fields filled in, and what comes of it."""
        page = self.get(path, **headers)
        return self.send(path, {**values_of(page), **said, "step": "preview"}, **headers)

    def make(self, path: str, said: dict[str, Any], **headers: str) -> httpx.Response:
        """The same, and what comes of it when it is written."""
        shown = self.fill(path, said, **headers)
        assert shown.status_code == 200, words_beside(shown.text)
        return self.send(path, {**hidden_of(shown.text), "step": "write"}, **headers)


def hidden_of(page: str) -> dict[str, Any]:
    """The hidden fields of the form of a page; of one that comes several times all values."""
    found: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page):
        found.setdefault(name, []).append(html.unescape(value))
    return {name: values if len(values) > 1 else values[0] for name, values in found.items() if name != "lang"}


def values_of(page: str) -> dict[str, Any]:
    """What stands in a form as it is opened."""
    found: dict[str, Any] = {}
    form = page.partition('class="desk-form"')[2].partition("</form>")[0]
    for name, value in re.findall(r'<input id="[^"]*" name="(f-[^"]+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(html.unescape(value))
    for name, value in re.findall(r'<textarea id="[^"]*" name="(f-[^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        found.setdefault(name, []).append(html.unescape(value))
    for name, options in re.findall(r'<select id="[^"]*" name="(f-[^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', options)
        found.setdefault(name, []).append(html.unescape(chosen[0]) if chosen else "")
    return {**found, **hidden_of(form)}


def words_beside(page: str) -> list[str]:
    """What a form says is wrong, line by line."""
    faults = re.findall(r'<div class="fault"[^>]*>(.*?)</div>', page, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", each)).split()) for each in faults]
