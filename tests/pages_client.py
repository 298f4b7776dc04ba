"""The pages in this process, without a server: for tests that look at what they say."""

from __future__ import annotations

import asyncio
import html
import re
import shutil
from pathlib import Path

import httpx
from starlette.applications import Starlette

from citygraph import Project
from citygraph.web.pages.graph import SiteMemory
from citygraph.web.pages.home import routes

MARKUP = "</script><script>window.owned=1</script><img src=x onerror=window.owned=1>\"'><svg/onload=window.owned=1>"
"""A name that tries every way out: of a data block, of an attribute, of the text."""


class Pages:
    """Asks the routes of the pages for addresses."""

    def __init__(self, project: Project, *, root_path: str = "", show_restricted: bool = False) -> None:
        self.project = project
        app = Starlette(routes=routes)
        app.state.project, app.state.show_restricted, app.state.memory = project, show_restricted, SiteMemory()
        self._transport = httpx.ASGITransport(app=app, root_path=root_path)

    def get(self, path: str, method: str = "GET", data: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        """One request; header names are written with underscores."""

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://graph.test") as client:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                return await client.request(method, path, headers=named, data=data)

        return asyncio.run(ask())


def words_of(page: str) -> str:
    """What a reader sees of a page, in one line."""
    body = re.sub(r"<script.*?</script>|<style.*?</style>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def hostile_copy(source: Path, target: Path) -> Path:
    """A project in which cities, networks, people, themes, roles, sources and questions carry markup in their names."""
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("build"))
    written = MARKUP.replace("\\", "\\\\").replace('"', '\\"')
    for path, before in (
        ("data/places.ttl", '"Stavanger"@nb'),
        ("data/places.ttl", '"Stavanger"@en'),
        ("data/networks/metrex.ttl", '"Metrex"@nb'),
        ("data/networks/metrex.ttl", '"Metrex"@en'),
        ("data/people.ttl", '"Dario Nardella"'),
        ("data/authorities.ttl", '"Oslo kommune"@nb'),
        ("data/sources.ttl", '"Notat om to bynettverk"@nb'),
        ("ontology/themes.ttl", '"storbyplanlegging"@nb'),
        ("ontology/codes.ttl", '"president"@nb'),
    ):
        file = target / path
        text = file.read_text(encoding="utf-8")
        name = before.rpartition('"')[0].lstrip('"')
        after = before.replace(name, f"{name} {written}")
        if before not in text:
            message = f"{before} is not in {path}"
            raise AssertionError(message)
        file.write_text(text.replace(before, after, 1), encoding="utf-8")
    question = target / "queries/thematic-areas.rq"
    text = question.read_text(encoding="utf-8")
    question.write_text(re.sub(r'nb: "Tematiske områder"', f'nb: "Tema {written}"', text, count=1), encoding="utf-8")
    return target
