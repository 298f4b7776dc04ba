"""Every URL of the site, those of styles and scripts too, is built here: lower-case, kebab-case, behind any proxy prefix, in the chosen language."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from citygraph.namespaces import CG
from citygraph.sources import anchor_of
from citygraph.store.directory import Node
from citygraph.web.pages.i18n import LanguageChoice

TWINS: Final = {"ttl": "text/turtle", "jsonld": "application/ld+json", "json": "application/json"}
"""The files that stand beside the page of every entity, with their media types."""
ON_DEMAND: Final = {"nt": "application/n-triples", "rdf": "application/rdf+xml"}
"""More files of every entity, which no page names and a server alone has."""


def prefix_of(request: Request) -> str:
    """The path that a proxy puts in front of ours, without a slash at its end."""
    scope = request.scope
    return str(scope.get("app_root_path", scope.get("root_path", ""))).rstrip("/")


@dataclass(frozen=True, slots=True)
class Urls:
    """The addresses of one request: its proxy prefix, and its language when the address names one."""

    prefix: str
    choice: LanguageChoice
    node: Callable[[str], Node | None]

    def _page(self, path: str, parameters: Mapping[str, str] | None = None, *, fragment: str = "") -> str:
        pairs = [(key, value) for key, value in (parameters or {}).items() if value]
        if self.choice.explicit:
            pairs.append(("lang", self.choice.language))
        return self._file(path, dict(pairs)) + (f"#{fragment}" if fragment else "")

    def _file(self, path: str, parameters: Mapping[str, str] | None = None) -> str:
        query = urlencode([(key, value) for key, value in (parameters or {}).items() if value])
        return f"{self.prefix}{quote(path, safe='/.-_~')}" + (f"?{query}" if query else "")

    def home(self, *, format: str = "") -> str:  # noqa: A002
        """The first page, or its twin."""
        return self._file(f"/index.{format}") if format else self._page("/")

    def queries(self, *, format: str = "") -> str:  # noqa: A002
        """The list of all questions, or its twin."""
        return self._file(f"/queries.{format}") if format else self._page("/queries")

    def query(self, name: str, values: Mapping[str, str] | None = None, *, format: str = "") -> str:  # noqa: A002
        """The page of a saved query, or its answer as a file; `values` are the filled-in form."""
        if format:
            return self._file(f"/queries/{name}.{format}", values)
        return self._page(f"/queries/{name}", values)

    def news(self, of: str = "", *, since: str = "", format: str = "") -> str:  # noqa: A002
        """What is new and what is old, of a thing or of all, as a page or a file."""
        return self._page(f"/news.{format}" if format else "/news", {"of": of, "since": since})

    def review(self, entity: str = "", **more: str) -> str:
        """The page on which links are decided, for one thing."""
        return self._page("/review", {"entity": entity, **more})

    def desk(self, *, about: str = "", done: str = "") -> str:
        """The first page of the desk: what can be added, about a thing, and an edit that was made."""
        return self._page("/desk", {"about": about, "done": done})

    def desk_add(self, kind: str, values: Mapping[str, str] | None = None) -> str:
        """The form for a fact of a kind; `values` are filled in."""
        return self._page(f"/desk/add/{kind}", values)

    def desk_fact(self, iri: str, action: str = "") -> str:
        """A fact at the desk, or the form for an edit of it."""
        return self._page(f"/desk/fact/{action}" if action else "/desk/fact", {"fact": iri})

    def desk_lists(self, list_: str = "") -> str:
        """Where a list is dropped, or what comes of one that was."""
        return self._page(f"/desk/lists/{list_}" if list_ else "/desk/lists")

    def desk_read(self, document: str = "", *, done: str = "", left: str = "", part: int = 1) -> str:
        """Where a document is read, after an edit that was made there and what it left; where they are chosen without one."""
        of = {"done": done, "left": left, "part": str(part) if part > 1 else ""}
        return self._page(f"/desk/read/{document}" if document else "/desk/read", of)

    def desk_waiting(self, number: int) -> str:
        """An edit that waits for approval."""
        return self._page(f"/desk/waiting/{number}")

    def desk_undo(self) -> str:
        """Where an edit is taken back."""
        return self._page("/desk/undo")

    def kind(self, name: str, chosen: Mapping[str, str] | None = None) -> str:
        """The list of all entities of one kind, or what the facets leave of it: values by facet."""
        return self._page(f"/{name}", chosen)

    def entity(self, iri: str, *, format: str = "") -> str:  # noqa: A002
        """The page of a thing in the graph, or one of its twins; empty for a thing that has no page here."""
        anchor = anchor_of(iri)
        thing = anchor.source if anchor else iri
        node = self.node(thing)
        if node is None or not node.kind:
            return ""
        path = f"/{node.kind}/{node.slug}"
        if format:
            return self._file(f"{path}.{format}")
        return self._page(path, fragment=anchor.fragment if anchor else "")

    def around(self, iri: str, *, as_of: str = "") -> str:
        """The neighbourhood of a thing, on another day too; empty for a thing that has no page here."""
        node = self.node(iri)
        return self._page(f"/around/{node.kind}/{node.slug}", {"as_of": as_of}) if node and node.kind else ""

    def link(self, iri: str) -> str:
        """Where a click on an IRI leads: its page here, else its own address on the web, else nowhere."""
        page = self.entity(iri)
        # The vocabulary is explained in the docs and has no page here.
        is_on_the_web = iri.startswith(("https://", "http://")) and not iri.startswith(CG)
        return page or (iri if is_on_the_web else "")

    def is_external(self, iri: str) -> bool:
        """Whether a click on the IRI leaves this site."""
        return not self.entity(iri)

    def build(self, pairs: Sequence[tuple[str, str]], *, format: str = "") -> str:  # noqa: A002
        """A question that is being put together, its answer as a file, or with `rq` the question as one."""
        more = [("lang", self.choice.language)] if self.choice.explicit else []
        query = urlencode([*pairs, *more])
        return f"{self.prefix}/build" + (f".{format}" if format else "") + (f"?{query}" if query else "")

    def search(self, text: str = "", *, kind: str = "", format: str = "") -> str:  # noqa: A002
        """The search page, or its twin."""
        parameters = {"q": text, "kind": kind}
        return self._file(f"/search.{format}", parameters) if format else self._page("/search", parameters)

    def letters(self, letter: str = "", part: int = 1) -> str:
        """Every name from A to Z, or those of one letter."""
        if not letter:
            return self._page("/a-z")
        return self._page(f"/a-z/{letter}" if part == 1 else f"/a-z/{letter}-{part}")

    def why(self, subject: str, predicate: str, object_: str, *, format: str = "") -> str:  # noqa: A002
        """The proof of a derived statement, or its twin; terms in N-Triples syntax."""
        statement = {"s": subject, "p": predicate, "o": object_}
        return self._file(f"/why.{format}", statement) if format else self._page("/why", statement)

    def editor(self, **parameters: str) -> str:
        """The editor, with a query or the name of an example."""
        return self._page("/editor", parameters)

    def editor_terms(self) -> str:
        """The names that the editor completes."""
        return self._page("/editor/terms.json")

    def editor_notes(self) -> str:
        """What is noted of a query that is being written."""
        return self._page("/editor/notes.json")

    def sparql(self) -> str:
        """The SPARQL endpoint."""
        return self._file("/sparql")

    def openapi(self) -> str:
        """The description of all saved queries for programs."""
        return self._file("/openapi.json")

    def static(self, name: str, version: str = "") -> str:
        """A style sheet, a script or a picture."""
        return self._file(f"/static/{name}", {"v": version})

    def in_language(self, request: Request, language: str) -> str:
        """The page that is being shown, in another language."""
        path = request.url.path
        path = path.removeprefix(self.prefix) if self.prefix else path
        pairs = [(key, value) for key, value in request.query_params.multi_items() if key != "lang"]
        return f"{self.prefix}{quote(path, safe='/.-_~')}?{urlencode([*pairs, ('lang', language)])}"


_BUILT: Final = Path(__file__).parents[1] / "static"
_CHECKOUT: Final = Path(__file__).parents[4] / "frontend"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*\.(css|js|svg|json|wasm)\Z")
_OWN: Final = frozenset({"site.css", "site.js", "search.js", "icon.svg"})
BROWSER_SPARQL: Final = ("browser-sparql.js", "sparql-worker.js", "oxigraph.wasm")
"""The page script, the worker and the engine that answer queries in a browser."""
_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "json": "application/json",
    "wasm": "application/wasm",
}


def _asset(name: str) -> Path | None:
    """The file behind a name, or `None`; names hold no path."""
    if not _NAME.match(name):
        return None
    candidates = [_BUILT / name]
    if name in _OWN:
        # In a checkout the file that is being edited counts, not the copy of the last build.
        candidates.insert(0, _CHECKOUT / name)
    return next((path for path in candidates if path.is_file()), None)


@lru_cache(maxsize=64)
def _hash(path: Path, changed: int) -> str:
    del changed
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def asset_version(name: str) -> str:
    """A short hash of the file, for its address: a new file has a new address."""
    path = _asset(name)
    return _hash(path, path.stat().st_mtime_ns) if path else ""


def has_editor() -> bool:
    """Whether the scripts of the query editor have been built."""
    return _asset("editor.js") is not None


def has_browser_sparql() -> bool:
    """Whether the query engine for browsers has been built."""
    return all(_asset(name) is not None for name in BROWSER_SPARQL)


@lru_cache(maxsize=1)
def basemap() -> tuple[tuple[tuple[float, float], ...], ...]:
    """The outlines of the land as rings of longitude and latitude; nothing when the map has not been built."""
    path = _asset("basemap.json")
    if path is None:
        return ()
    rings = json.loads(path.read_bytes())
    return tuple(tuple((flat[i] / 100, flat[i + 1] / 100) for i in range(0, len(flat), 2)) for flat in rings)


def static_file(request: Request) -> Response:
    """One file; kept by browsers for a year when its address carries its version."""
    name = str(request.path_params["name"])
    path = _asset(name)
    if path is None:
        return Response("Not found", status_code=404, media_type="text/plain")
    version = asset_version(name)
    headers = {"ETag": f'"{version}"', "X-Content-Type-Options": "nosniff"}
    fixed = request.query_params.get("v") == version
    headers["Cache-Control"] = "public, max-age=31536000, immutable" if fixed else "public, max-age=0, must-revalidate"
    if f'"{version}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(path.read_bytes(), media_type=_TYPES[name.rpartition(".")[2]], headers=headers)
