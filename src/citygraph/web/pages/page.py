"""One request for a page: what it reads, its language and addresses, and the template at its end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from citygraph.rdf import Iri
from citygraph.web.pages.assets import asset_version, has_browser_sparql, has_editor
from citygraph.web.pages.graph import GraphView, graph_of, memory_of, project_of
from citygraph.web.pages.i18n import LanguageChoice, Words, choose_language
from citygraph.web.pages.terms import ShownTerm, TermFormatter, date_in_words
from citygraph.web.pages.urls import Urls, prefix_of
from citygraph.web.requests import static_policy

__all__ = ["Page", "data_block", "respond"]

_FRESH: Final = "public, max-age=0, must-revalidate"


class Page:
    """One request for a page: the version in use, the language, the addresses, and the template at the end."""

    def __init__(self, request: Request) -> None:
        """The page that a request asks for, over the version in use.

        Raises:
            SnapshotError: nothing has been built yet.
        """
        self.request = request
        self.project = project_of(request)
        self.memory = memory_of(request)
        self.graph: GraphView = graph_of(request)
        self.choice: LanguageChoice = choose_language(request, offered=self.project.config.languages)
        self.language = self.choice.language
        self.words = Words(self.language)
        self.urls = Urls(prefix_of(request), self.choice, self.graph.directory.node)
        self.formatter = TermFormatter(self.graph, self.urls)

    def render(self, template: str, *, status: int = 200, **values: Any) -> Response:  # noqa: ANN401
        """The page as an answer."""
        text = _environment().get_template(template).render(**self._common(), **values)
        response = respond(self.request, text.encode(), "text/html; charset=utf-8", status=status)
        response.headers["Content-Language"] = self.language
        response.headers.add_vary_header("Accept-Language")
        return response

    def _licence(self) -> ShownTerm:
        iri = self.project.config.licence
        shown = self.formatter.term(Iri(iri))
        return replace(shown, text=_licence_name(iri) or shown.text)

    def _common(self) -> Mapping[str, object]:
        manifest = self.graph.manifest
        return {
            "page": self,
            "w": self.words,
            "urls": self.urls,
            "lang": self.language,
            "languages": [
                (language, name, self.urls.in_language(self.request, language))
                for language, name in (("nb", "Norsk"), ("en", "English"))
                if language in self.project.config.languages
            ],
            "site_title": self.project.config.title.in_language(self.language),
            "reference_date": date_in_words(manifest.as_of, self.language),
            "manifest": manifest,
            "licence": self._licence(),
            "path": self.request.url.path.removeprefix(self.urls.prefix),
            "static": bool(self.request.scope.get("citygraph.static")),
            "live": str(self.project.config.values["publish.service"]),
        }


def _licence_name(iri: str) -> str:
    """The short name that the EU table and Creative Commons put last in their addresses."""
    return iri.rstrip("/").rpartition("/")[2].replace("_", " ").replace("CC BY 4 0", "CC BY 4.0")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("citygraph.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset_version"] = asset_version
    environment.globals["has_editor"] = has_editor
    environment.globals["has_browser_sparql"] = has_browser_sparql
    environment.globals["static_policy"] = static_policy
    return environment


def data_block(value: object) -> Markup:
    """JSON for inside `<script type="application/ld+json">`: no character that could end the block."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    # Nothing is left that HTML gives a meaning to: safe as it stands.
    return Markup(text)  # noqa: S704


def respond(request: Request, body: bytes, media_type: str, *, status: int = 200) -> Response:
    """An answer with an ETag of its bytes; 304 when the reader has it already (RFC 9110, 13.1.2)."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": _FRESH}
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if status == 200 and known & {etag, "*"}:  # noqa: PLR2004
        return Response(status_code=304, headers=headers)
    return Response(body, status_code=status, media_type=media_type, headers=headers)
