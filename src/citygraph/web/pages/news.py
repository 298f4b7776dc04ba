"""`/news`: what began and ended since a day, and what nobody has confirmed for long, of one thing or of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from citygraph.errors import QueryError
from citygraph.messages import sentence
from citygraph.query import Citation, cite
from citygraph.query.entity import DatedTie, changed_since, governed_with, last_known
from citygraph.rdf import Iri
from citygraph.web.pages.facts import CitedSource, cited_sources
from citygraph.web.pages.files import FeedEntry, feed_of_entries
from citygraph.web.pages.page import NotFound, Page, as_fault, respond
from citygraph.web.pages.search import find_things
from citygraph.web.pages.take import absolute, endings, source_address, take_of, taken
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
    day: str
    numbers: tuple[int, ...] = ()

    @property
    def said(self) -> str:
        """The line as a sentence."""
        return f"{self.holder.text}, {self.role}, {self.body.text}: {self.when}"


@dataclass(frozen=True, slots=True)
class _News:
    """What is new and what is old of something, as lines, and the sources of both."""

    of: ShownTerm | None
    title: str
    since: str
    new: tuple[_Line, ...]
    new_count: int
    old: tuple[_Line, ...]
    old_count: int
    sources: tuple[CitedSource, ...]


def news_page(request: Request) -> Response:
    """`/news?since=2026-01-01&of=oslo-kommune`: new and old; a year back and of all without them; with an ending as a file."""
    page = Page(request)
    ending = str(request.path_params.get("ending", ""))
    if ending and ending not in {"atom", *endings()}:
        raise NotFound(request.url.path, [(page.words("news.title"), page.urls.news())])
    day, asked = page.graph.manifest.as_of, request.query_params
    wanted = asked.get("of", "").strip()
    fault: list[str] = []
    since, about = _year_before(day), ""
    near: list[tuple[str, str]] = []
    try:
        _refuse_unknown(page)
        since = _since(asked.get("since", ""), day) or since
        about, near = _about(page, wanted)
        _refuse_unnamed(wanted, about, near, is_file=bool(ending))
    except QueryError as error:
        if ending:
            raise
        fault = as_fault(error, page.language)
    news = _news_of(page, about, since)
    # What was not chosen is none in an address either.
    of, back = (wanted if about else ""), (since if asked.get("since") and not fault else "")
    if ending == "atom":
        return _feed(page, news, page.urls.news(of, since=back))
    said = _mail(page, news, page.urls.news(of, since=back))
    if ending:
        return taken(page, said, ending, "news", day=day)
    return page.render(
        "news.html",
        status=400 if fault else 200,
        fault=fault,
        near=near,
        news=news,
        since_words=page.formatter.date(since),
        of_value=asked.get("of", ""),
        shown=_SHOWN,
        take=take_of(said, page, lambda ending: page.urls.news(of, since=back, format=ending)),
        feed=page.urls.news(of, since=back, format="atom"),
        desk=page.desk,
    )


def _news_of(page: Page, about: str, since: str) -> _News:
    """What began and ended since a day, and what is old, of a thing or of all when it is empty."""
    store, lifted = page.graph.store, page.graph.manifest.lifted_graphs
    mine = [about, *governed_with(about, store)] if about else []
    new = changed_since(since, page.graph.manifest.as_of, store, of=mine)
    old = last_known(store, Iri(lifted[-1]), of=mine) if lifted else []
    cited = cite([Iri(each.fact) for each in (*new[:_SHOWN], *old[:_SHOWN])], store)
    sources: dict[CitedSource, int] = {}

    def lines(ties: Sequence[DatedTie], when: Callable[[DatedTie], str]) -> tuple[_Line, ...]:
        return tuple(_line(page, each, when(each), cited.get(Iri(each.fact), ()), sources) for each in ties[:_SHOWN])

    newer = lines(new, lambda each: "news.ended" if each.has_ended else "news.began")
    older = lines(old, lambda _: "news.confirmed")
    of = page.formatter.iri(about) if about else None
    title = page.words("news.title") + (f": {of.text}" if of else "")
    return _News(of, title, since, newer, len(new), older, len(old), tuple(sources))


def _mail(page: Page, news: _News, here: str) -> Markup:
    """What an e-mail says of it: the new, the old by age, each with the numbers of its sources."""
    return page.say(
        "mail_news.html",
        news=news,
        shown=_SHOWN,
        since_words=page.formatter.date(news.since),
        day_words=page.formatter.date(page.graph.manifest.as_of),
        address=absolute(page, here),
        address_of=lambda each: source_address(each, page),
    )


def _feed(page: Page, news: _News, here: str) -> Response:
    """Each line as an entry (Atom, RFC 4287), which is the same as long as the fact says the same."""

    def address(who: ShownTerm) -> str:
        return who.href if who.external else absolute(page, who.href or here)

    entries = [
        FeedEntry(f"{each.fact}#{kind}", each.said, address(each.holder), each.day)
        for kind, lines in (("new", news.new), ("old", news.old))
        for each in lines
    ]
    request = page.request
    own = absolute(page, request.url.path) + (f"?{request.url.query}" if request.url.query else "")
    about = page.words("news.new", date=page.formatter.date(news.since))
    body = feed_of_entries(page, "news", news.title, about, entries, here=own, page_address=absolute(page, here))
    return respond(request, body, "application/atom+xml; charset=utf-8")


def _line(
    page: Page, tie: DatedTie, when: str, citations: Sequence[Citation], sources: dict[CitedSource, int]
) -> _Line:
    shown = cited_sources(citations, page.formatter, page.words)
    return _Line(
        page.formatter.iri(tie.holder),
        page.graph.label(tie.role, page.language),
        page.formatter.iri(tie.body),
        page.words(when, date=tie.date.in_words(page.language)) if tie.date else page.words("news.undated"),
        tie.fact,
        tie.date.by,
        tuple(sources.setdefault(each, len(sources) + 1) for each in shown),
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


def _refuse_unnamed(text: str, about: str, near: Sequence[tuple[str, str]], *, is_file: bool) -> None:
    if text and not about:
        fix = sentence("web.news.meant" if near else "web.news.other_name")
        if near and is_file:
            fix = sentence("next.mean", guesses=", ".join(name for name, _ in near))
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
