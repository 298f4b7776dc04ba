"""`/news`: what began and ended since a day, and what nobody has confirmed for long, of one thing or of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from citygraph.errors import QueryError
from citygraph.messages import sentence
from citygraph.query.entity import DatedTie, changed_since, governed_with, last_known
from citygraph.rdf import Iri
from citygraph.web.pages.page import Page, as_fault
from citygraph.web.pages.search import find_things
from citygraph.web.pages.terms import ShownTerm

_SHOWN: Final = 100
_WITH_TIES: Final = frozenset({"network", "city", "place", "authority", "person", "working-group", "body"})
_MOST_MEANT: Final = 8
_TO_THE_LETTER: Final = 0.99
"""What a name scores at least that is called exactly so, in whatever language (`store.names`)."""
_KNOWN: Final = frozenset({"since", "of", "lang"})


@dataclass(frozen=True, slots=True)
class _Line:
    """One fact in words: who, as what, where, and when."""

    holder: ShownTerm
    role: str
    body: ShownTerm
    when: str
    fact: str


def news_page(request: Request) -> Response:
    """`/news?since=2026-01-01&of=oslo-kommune`: new and old; a year back and of all without them."""
    page = Page(request)
    day, asked = page.graph.manifest.as_of, request.query_params
    fault: list[str] = []
    since, about = _year_before(day), ""
    near: list[tuple[str, str]] = []
    try:
        _refuse_unknown(page)
        since = _since(asked.get("since", ""), day) or since
        about, near = _about(page, asked.get("of", "").strip())
        _refuse_unnamed(asked.get("of", "").strip(), about, near)
    except QueryError as error:
        fault = as_fault(error, page.language)
    mine = [about, *governed_with(about, page.graph.store)] if about else []
    lifted = page.graph.manifest.lifted_graphs
    old = last_known(page.graph.store, Iri(lifted[-1]), of=mine) if lifted else []
    new = changed_since(since, day, page.graph.store, of=mine)
    return page.render(
        "news.html",
        status=400 if fault else 200,
        fault=fault,
        near=near,
        since=since,
        since_words=page.formatter.date(since),
        of=page.formatter.iri(about) if about else None,
        of_value=asked.get("of", ""),
        new=[_line(page, each, "news.ended" if each.has_ended else "news.began") for each in new[:_SHOWN]],
        new_count=len(new),
        old=[_line(page, each, "news.confirmed") for each in old[:_SHOWN]],
        old_count=len(old),
        shown=_SHOWN,
        desk=page.desk,
    )


def _line(page: Page, tie: DatedTie, when: str) -> _Line:
    return _Line(
        page.formatter.iri(tie.holder),
        page.graph.label(tie.role, page.language),
        page.formatter.iri(tie.body),
        page.words(when, date=tie.date.in_words(page.language)) if tie.date else page.words("news.undated"),
        tie.fact,
    )


def _refuse_unknown(page: Page) -> None:
    unknown = next((each for each in page.request.query_params if each not in _KNOWN), "")
    if unknown:
        message = sentence("endpoint.no_parameter", name=unknown[:60], guess="")
        raise QueryError(message, fix=sentence("endpoint.it_has", names=", ".join(sorted(_KNOWN))))


def _year_before(day: str) -> str:
    at = date.fromisoformat(day)
    return f"{at.year - 1:04}-{at.month:02}-{min(at.day, 28):02}"


def _since(text: str, day: str) -> str:
    """The day that is written, in figures or as a reader of Norwegian writes it; empty for none.

    A later day than that of the page is that one.

    Raises:
        QueryError: it is no day.
    """
    written = text.strip()
    if not written:
        return ""
    parts = written.split(".")
    if len(parts) == 3:  # noqa: PLR2004  # day, month, year
        written = "-".join([parts[2].strip(), *(each.strip().zfill(2) for each in (parts[1], parts[0]))])
    try:
        since = date.fromisoformat(written).isoformat()
    except ValueError as error:
        raise QueryError(sentence("question.no_date", text=text[:60]), fix=sentence("next.write_date")) from error
    return min(since, day)


def _refuse_unnamed(text: str, about: str, near: Sequence[tuple[str, str]]) -> None:
    if text and not about:
        fix = sentence("web.news.meant" if near else "web.news.other_name")
        raise QueryError(sentence("question.nothing", text=text[:60]), fix=fix)


def _about(page: Page, text: str) -> tuple[str, list[tuple[str, str]]]:
    """The thing that is meant by an address, the end of one, or a name to the letter; empty for none.

    Returns:
        the thing, and what may be meant when it is not known which: the names that come near, with their addresses.
    """
    directory = page.graph.directory
    known = text if directory.node(text) is not None else directory.called(text) if text else ""
    if known or not text:
        return known or "", []
    hits = [hit for hit, kind in find_things(page.graph, text) if kind.name in _WITH_TIES]
    exact = [hit.iri for hit in hits if hit.score >= _TO_THE_LETTER]
    # A place and who speaks for it are one.
    if exact and set(exact) <= {exact[0], *governed_with(exact[0], page.graph.store)}:
        return exact[0], []
    meant = (exact or [hit.iri for hit in hits])[:_MOST_MEANT]
    return "", [(page.graph.label(each, page.language), page.urls.news(each)) for each in meant]
