"""One request for a page: what it reads, its language and addresses, the template at its end, and what goes wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from citygraph.dates import date_in_words
from citygraph.errors import CitygraphError, SnapshotError
from citygraph.formats import negotiate
from citygraph.jsonld import in_a_page
from citygraph.matching.names import letters
from citygraph.matching.withheld import is_of_withheld
from citygraph.messages import key_of, said_in, sentence
from citygraph.rdf import Iri, Literal
from citygraph.results import Solutions
from citygraph.store import Snapshot
from citygraph.web.pages.graph import GraphView, KeptVersion, close_stores, graph_of, memory_of, project_of, snapshot_of
from citygraph.web.pages.i18n import LanguageChoice, Words, choose_language
from citygraph.web.pages.terms import ShownTerm, TermFormatter
from citygraph.web.pages.urls import Urls, asset_version, has_browser_sparql, has_editor, prefix_of
from citygraph.web.requests import Refusal, error_body, refusal_of, static_policy

if TYPE_CHECKING:
    from citygraph.web.desk.pages import Desk

_FRESH: Final = "public, max-age=0, must-revalidate"
Endpoint: TypeAlias = Callable[[Request], Response]
_OK, _REFUSED, _NOT_FOUND, _GONE, _UNAVAILABLE = 200, 400, 404, 410, 503
_PAGES: Final = ("text/html", "application/xhtml+xml")
JSON: Final = {"application/json": "json"}
"""What a page offers that has one twin."""
_TITLED: Final = frozenset({400, 404, 405, 406, 408, 410, 413, 500, 503})
_RETRY_AFTER: Final = "5"


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
        desk: Desk | None = getattr(request.app.state, "desk", None)
        self.desk = desk.links(request, self) if desk is not None else None
        """The ways to the forms, for those who may write."""

    def name_as_of(self, day: Snapshot) -> None:
        """Show things from here on by the names that they have on another day, as far as that day has names."""
        with suppress(SnapshotError):
            # Of many days the last one is kept.
            kept = self.memory.once("another day", str(day.folder), lambda: KeptVersion(self.project, day))
            self.formatter = TermFormatter(GraphView(self.project, day, kept, self.graph.store), self.urls)

    def render(self, template: str, *, status: int = 200, **values: Any) -> Response:  # noqa: ANN401
        """The page as an answer.

        Raises:
            Refusal: the reader takes no page, and gets no other format than the one that was asked for.
        """
        if status == _OK:
            wanted_format(self.request, {})
        text = _environment().get_template(template).render(**self._common(), **values)
        response = respond(self.request, text.encode(), "text/html; charset=utf-8", status=status)
        response.headers["Content-Language"] = self.language
        response.headers.add_vary_header("Accept-Language")
        return response

    def say(self, template: str, **values: Any) -> Markup:  # noqa: ANN401
        """A part of a page, or what is said elsewhere of it."""
        return Markup(_environment().get_template(template).render(**self._common(), **values))  # noqa: S704  # escaped there

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
            "edition": self.project.config.edition if self.project.config.internal else "",
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
    environment.globals["name_letters"] = letters
    environment.globals["has_editor"] = has_editor
    environment.globals["has_browser_sparql"] = has_browser_sparql
    environment.globals["static_policy"] = static_policy
    return environment


def data_block(value: object) -> Markup:
    """JSON-LD for inside a `<script>` of a page."""
    return Markup(in_a_page(value))  # noqa: S704  # nothing is left in it that HTML gives a meaning to


def respond(request: Request, body: bytes, media_type: str, *, status: int = 200) -> Response:
    """An answer with an ETag of its bytes; 304 when the reader has it already (RFC 9110, 13.1.2)."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    # Whatever decided, an ending or Accept: a cache is told that Accept may.
    headers = {"ETag": etag, "Cache-Control": _FRESH, "Vary": "Accept"}
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if status == _OK and known & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(body, status_code=status, media_type=media_type, headers=headers)


# -- when there is no page to show -----------------------------------------------------------------------


class NotFound(Exception):  # noqa: N818  # the field says not found
    """Nothing has this address; `near` are (name, address) of what comes nearest."""

    def __init__(self, path: str, near: Sequence[tuple[str, str]] = ()) -> None:
        """The page for `path`, with the addresses that come nearest to it."""
        super().__init__(path)
        self.path, self.near = path, near


def kindly(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with what the reader can act on told in the reader's words."""

    @wraps(endpoint)
    def answer(request: Request) -> Response:
        try:
            return told(request)
        except SnapshotError as error:
            return _without_version(request, error)
        finally:
            close_stores(request)

    def told(request: Request) -> Response:
        try:
            return endpoint(request)
        except NotFound as error:
            if is_gone(request):
                return _gone(request)
            page = Page(request)
            message = page.words("error.not_found", path=error.path)
            return _error_page(page, _NOT_FOUND, message, near=error.near)
        except SnapshotError:
            raise
        except CitygraphError as error:
            refusal = refusal_of(error)
            if refusal.status == _REFUSED and is_gone(request):
                return _gone(request)
            refusal.headers |= {"Retry-After": _RETRY_AFTER} if refusal.status == _UNAVAILABLE else {}
            return refusal_page(request, refusal)
        except Refusal as refusal:
            return refusal_page(request, refusal)

    return answer


_WITHHELD: Final = """
PREFIX cg: <https://w3id.org/citygraph/ontology#>
SELECT ?hash WHERE { ?person cg:withheldSince ?day ; cg:sha256 ?hash }
"""


def is_gone(request: Request) -> bool:
    """Whether an address that leads nowhere has the name of somebody in it who is withheld by now.

    Raises:
        SnapshotError: no version can be opened.
    """
    snapshot = snapshot_of(request)

    def hashes() -> frozenset[str]:
        answer = snapshot.query(_WITHHELD)
        if type(snapshot) is Snapshot:
            # It is asked once for a version: nobody keeps it open for that.
            snapshot.close()
        rows = answer if isinstance(answer, Solutions) else ()
        return frozenset(each.value for row in rows if isinstance(each := row["hash"], Literal))

    known = memory_of(request).once("withheld", snapshot.snapshot_id, hashes)
    return is_of_withheld(f"{request.scope['path']} {request.url.query}", known)


def _gone(request: Request) -> Response:
    """That something was here and is not to be had any longer; nothing says what, not even the address in a link."""
    config, said = project_of(request).config, sentence("request.gone")
    language = choose_language(request, offered=config.languages).language
    headers = {"Content-Language": language, "Cache-Control": _FRESH, "Vary": "Accept, Accept-Language"}
    if not _wants_page(request):
        return _as_json(_GONE, said_in(said, language), code="request.gone", headers=headers)
    return _bare_page(request, _GONE, Words(language)(f"error.{_GONE}"), said_in(said, language), "", headers)


def _bare_page(
    request: Request, status: int, title: str, message: str, fix: str, headers: Mapping[str, str]
) -> Response:
    """A page without the frame of the others, which is made from a version and from the address."""
    config, language = project_of(request).config, headers["Content-Language"]
    values = {"lang": language, "title": title, "message": message, "fix": fix}
    site = {"site_title": config.title.in_language(language), "prefix": prefix_of(request)}
    text = _environment().get_template("unavailable.html").render(**values, **site)
    return Response(text, status, headers, "text/html; charset=utf-8")


def _without_version(request: Request, error: SnapshotError) -> Response:
    """What there is to say while no version can be opened, from which every other page is made."""
    config = project_of(request).config
    language = choose_language(request, offered=config.languages).language
    said = error.message if key_of(error.message) else sentence("request.unreadable")
    message, fix = (said_in(text, language) for text in (said, error.fix or sentence("next.again")))
    headers = {"Retry-After": _RETRY_AFTER, "Content-Language": language, "Cache-Control": "no-store"}
    if not _wants_page(request):
        return _as_json(_UNAVAILABLE, message, fix, code=key_of(said), headers=headers)
    return _bare_page(request, _UNAVAILABLE, Words(language)("error.no_version"), message, fix, headers)


def refusal_page(request: Request, refusal: Refusal) -> Response:
    """What a reader is told instead of a page, in the reader's language."""
    if refusal.status == _NOT_FOUND and is_gone(request):
        return _gone(request)
    page = Page(request)
    message, fix = (said_in(text, page.language) for text in (refusal.message, refusal.fix))
    response = _error_page(page, refusal.status, message, fix=fix, code=key_of(refusal.message))
    for name, value in refusal.headers.items():
        response.headers[name] = value
    return response


def _error_page(
    page: Page, status: int, message: str, *, fix: str = "", near: Sequence[tuple[str, str]] = (), code: str = ""
) -> Response:
    """The error as HTML when a page was asked for, else as JSON."""
    if _wants_page(page.request):
        title = page.words(f"error.{status}" if status in _TITLED else "error.400")
        return page.render("error.html", status=status, title=title, message=message, fix=fix, near=near)
    names = [f"{name}: {address}" for name, address in near]
    return _as_json(status, message, fix, *names, code=code, headers={"Content-Language": page.language})


def _as_json(status: int, *errors: str, code: str = "", headers: Mapping[str, str]) -> Response:
    code = code or key_of(errors[0])
    return Response(error_body(status, [each for each in errors if each], code), status, headers, "application/json")


def _wants_page(request: Request) -> bool:
    """A page unless the address names a file, or the reader takes none or JSON rather than HTML."""
    last = request.url.path.rpartition("/")[2]
    if last.rpartition(".")[2] in {
        "json",
        "csv",
        "tsv",
        "xml",
        "xlsx",
        "docx",
        "pptx",
        "svg",
        "geojson",
        "ttl",
        "nt",
        "rdf",
        "jsonld",
        "atom",
    }:
        return False
    accept = request.headers.get("accept", "")
    return bool(negotiate(accept, _PAGES)) and not ("json" in accept and "html" not in accept)


def wanted_format(request: Request, offered: Mapping[str, str]) -> str:
    """The name of the format that `Accept` wants most; empty for a page, which wins when nothing decides.

    Args:
        request: what was asked.
        offered: what there is besides the page: names by media type.

    Raises:
        Refusal: there is none that the reader takes (RFC 9110, 15.5.7).
    """
    names = {**dict.fromkeys(_PAGES, ""), **offered}
    wanted = negotiate(request.headers.get("accept", ""), tuple(names))
    if not wanted:
        fix = sentence("endpoint.ask_for", formats=", ".join(names))
        raise Refusal(406, sentence("request.not_acceptable"), fix)
    return names[wanted[0]]


def as_fault(error: CitygraphError, language: str) -> list[str]:
    """Message and next step, for showing beside a form."""
    return [said_in(text, language) for text in (error.message, error.fix) if text]
