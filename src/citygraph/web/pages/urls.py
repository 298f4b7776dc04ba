"""Every URL of the site is built here: lower-case, kebab-case, behind any proxy prefix, in the chosen language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from starlette.requests import Request

from citygraph.graphs import excerpt_range
from citygraph.namespaces import CG
from citygraph.store.directory import Node
from citygraph.web.pages.i18n import LanguageChoice

__all__ = ["TWINS", "Urls", "prefix_of"]

TWINS: Final = {"ttl": "text/turtle", "jsonld": "application/ld+json", "json": "application/json"}
"""The files that stand beside the page of every entity, with their media types."""


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

    def review(self, entity: str = "", **more: str) -> str:
        """The page on which links are decided, for one thing."""
        return self._page("/review", {"entity": entity, **more})

    def kind(self, name: str) -> str:
        """The list of all entities of one kind."""
        return self._page(f"/{name}")

    def entity(self, iri: str, *, format: str = "") -> str:  # noqa: A002
        """The page of a thing in the graph, or one of its twins; empty for a thing that has no page here."""
        excerpt = excerpt_range(iri)
        thing = excerpt.source if excerpt else iri
        node = self.node(thing)
        if node is None or not node.kind:
            return ""
        path = f"/{node.kind}/{node.slug}"
        if format:
            return self._file(f"{path}.{format}")
        return self._page(path, fragment=f"char={excerpt.start},{excerpt.end}" if excerpt else "")

    def link(self, iri: str) -> str:
        """Where a click on an IRI leads: its page here, else its own address on the web, else nowhere."""
        page = self.entity(iri)
        # The vocabulary is explained in the docs and has no page here.
        is_on_the_web = iri.startswith(("https://", "http://")) and not iri.startswith(CG)
        return page or (iri if is_on_the_web else "")

    def is_external(self, iri: str) -> bool:
        """Whether a click on the IRI leaves this site."""
        return not self.entity(iri)

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
