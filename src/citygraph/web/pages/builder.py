"""`/build`: a question put together step by step, by links: each with how many are left, and only what leads somewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from citygraph.dates import date_in_words
from citygraph.errors import QueryError
from citygraph.formats import answer_formats
from citygraph.labels import FALLBACK, KINDS
from citygraph.messages import LANGUAGES, Text
from citygraph.namespaces import expand
from citygraph.query import Answered, OtherTimes, run_query
from citygraph.query.built import (
    BuildOption,
    BuildTerms,
    BuiltQuestion,
    Way,
    as_saved,
    class_options,
    fact_options,
    fact_properties,
    property_options,
    read_built,
    value_options,
)
from citygraph.rdf import Iri
from citygraph.results import Solutions
from citygraph.store import Manifest, Store
from citygraph.web.pages.facts import AnswerTable, table_of
from citygraph.web.pages.files import account_headers, answer_file
from citygraph.web.pages.graph import day_of
from citygraph.web.pages.page import NotFound, Page, as_fault, kindly, respond
from citygraph.web.requests import other_day

_NAME: Final = "built-question"
_MOST_VALUES: Final = 60
_KNOWN: Final = frozenset({"show", "where", "add", "at", "named", "as_of", "lang", "strict", "dialect"})
_KIND_OF: Final = {expand(each.classes[0]): each for each in KINDS if each.classes}


@dataclass(frozen=True, slots=True)
class _Link:
    """A choice as the page tells it."""

    text: str
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class _Step:
    """A step of the question: its ways in words, and where it is taken out, given another way, or narrowed."""

    ways: tuple[str, ...]
    remove: str
    other: str
    narrow: str = ""


class _Build:
    """One request: the question as far as it goes, on the day that is asked for."""

    def __init__(self, page: Page) -> None:
        self.page, parameters = page, page.request.query_params
        self.faults: list[str] = []
        self.question: BuiltQuestion | None = None
        self.begun: Way = ()
        self.at: int | None = None
        self.as_of = parameters.get("as_of", "").strip()
        self.store: Store = page.graph.store
        self.manifest: Manifest = page.graph.manifest
        self._told(self._set_day)
        stamp = str(page.graph.snapshot.folder)
        facts = page.memory.once("fact properties", stamp, lambda: fact_properties(page.graph.store))
        directory = page.graph.directory
        self.terms = BuildTerms(
            frozenset(directory.vocabulary),
            lambda iri: directory.node(iri) is not None,
            facts,
            page.project.prefixes,
        )
        self._told(self._read)

    def _told(self, read: Callable[[], None]) -> None:
        """Read a part of the address; what is wrong with it is told on the page."""
        try:
            read()
        except QueryError as error:
            self.faults += as_fault(error, self.page.language)

    def _set_day(self) -> None:
        try:
            day = other_day(self.as_of, self.manifest.as_of)
        except QueryError:
            self.as_of = ""
            raise
        if day is not None:
            snapshot, self.store = day_of(self.page.request, day)
            self.manifest = snapshot.manifest
            self.page.name_as_of(snapshot)

    def _read(self) -> None:
        parameters, w = self.page.request.query_params, self.page.words
        if unknown := [each for each in parameters if each not in _KNOWN]:
            self.faults.append(w("build.unknown", name=unknown[0][:60]))
        if not (show := parameters.get("show", "").strip()):
            return
        where = [each for each in parameters.getlist("where") if each.strip()]
        # What the beginning says stays when the rest is not understood.
        self.question = read_built(show, [], self.terms)
        self.question = read_built(show, where, self.terms)
        at = parameters.get("at", "")
        self.at = int(at) if at.isascii() and at.isdigit() and int(at[:3]) < len(self.question.steps) else None
        self.begun = tuple(self.terms.term(each) for each in parameters.get("add", "").split()[:9])
        if self.begun and self.begun[0].value not in self.terms.facts:
            self.begun = self.begun[:1]

    # -- addresses and words -------------------------------------------------------------------------

    def href(self, question: BuiltQuestion | None, begun: Way = (), at: int | None = None, *, format: str = "") -> str:  # noqa: A002
        """The address of a question, at the choice of what follows `begun`."""
        pairs = []
        if question is not None:
            pairs += [("show", self.terms.write([question.of_class]))]
            pairs += [("where", " | ".join(map(self.terms.write, ways))) for ways in question.steps]
        if begun:
            pairs.append(("add", self.terms.write(begun)))
        if at is not None:
            pairs.append(("at", str(at)))
        if self.as_of:
            pairs.append(("as_of", self.as_of))
        return self.page.urls.build(pairs, format=format)

    def text(self, iri: str) -> str:
        """What a term is called."""
        return self.page.formatter.iri(iri).text

    def class_words(self, iri: str, language: str) -> str:
        """What the things of a class are called: as everywhere on the site when they are a kind of their own."""
        kind = _KIND_OF.get(iri)
        return kind.many.in_language(language).lower() if kind is not None else self.page.graph.label(iri, language)

    def words(self, way: Way, language: str) -> str:
        """A way in words: "takes part in: Eurocities", "membership or office: organisation Eurocities, role lead"."""
        label = self.page.graph.label
        if way[0].value not in self.terms.facts:
            return f"{label(way[0].value, language)}: {label(way[1].value, language)}"
        names = [label(each.value, language) for each in way]
        said = (f"{name} {value}" for name, value in zip(names[1::2], names[2::2], strict=True))
        return f"{names[0]}: {', '.join(said)}"

    def title(self, question: BuiltQuestion) -> Text:
        """The question in words, in each language."""
        said = {}
        for language in LANGUAGES:
            either = {"nb": " eller ", "en": " or "}[language]
            parts = [either.join(self.words(way, language) for way in ways) for ways in question.steps]
            words = " · ".join([self.class_words(question.of_class.value, language), *parts])
            said[language] = words[:1].upper() + words[1:]
        return Text(**said)

    # -- what can be chosen --------------------------------------------------------------------------

    def steps(self) -> list[_Step]:
        """The steps so far."""
        question, language = self.question, self.page.language
        shown = []
        for at, ways in enumerate(question.steps if question is not None else ()):
            is_fact = len(ways) == 1 and ways[0][0].value in self.terms.facts
            shown.append(
                _Step(
                    tuple(self.words(way, language) for way in ways),
                    self.href(question.without(at) if question else None),
                    self.href(question, (), at),
                    self.href(question, ways[0], at) if is_fact else "",
                )
            )
        return shown

    def choices(self) -> list[_Link]:
        """What can be chosen now: a class, a property, what is said of a fact, or a value."""
        question = self.question
        if question is None:
            key = f"{self.page.graph.snapshot.folder}|{self.manifest.as_of}"
            found = self.page.memory.once("classes", key, lambda: class_options(self.store))
            return self._classes([each for each in found if self._leads_on(each)])
        rest = question.without(self.at) if self.at is not None else question
        begun = self.begun
        if not begun:
            found = [each for each in property_options(rest, self.store) if each.iri not in self.terms.facts]
            links: list[_Link] = []
            for fact in sorted(self.terms.facts):
                way = (Iri(fact),)
                links += [
                    _Link(f"{self.text(fact)}: {each.text}", each.count, each.href)
                    for each in self._on(question, way, self._said_of_facts(rest, way))
                ]
            # Dated facts are what people ask about most.
            return links + self._on(question, begun, [each for each in found if self._leads_on(each)])
        if begun[0].value in self.terms.facts and len(begun) % 2:
            return self._on(question, begun, self._said_of_facts(rest, begun))
        return [
            _Link(self.text(each.iri), each.count, self.href(question.having((*begun, Iri(each.iri)), self.at)))
            for each in value_options(rest, begun, self.store, most=_MOST_VALUES, named=self._named())
            if self.page.graph.kind_of(each.iri) is not None
        ]

    def _classes(self, found: Sequence[BuildOption]) -> list[_Link]:
        """The kinds of the site first; of two classes with the same word and the same things the first."""
        found = sorted(found, key=lambda each: (each.iri not in _KIND_OF, -each.count))
        shown: dict[tuple[str, int], _Link] = {}
        for each in found:
            words = self.class_words(each.iri, self.page.language)
            link = _Link(words[:1].upper() + words[1:], each.count, self.href(BuiltQuestion(Iri(each.iri))))
            shown.setdefault((self.text(each.iri), each.count), link)
        return list(shown.values())

    def _said_of_facts(self, rest: BuiltQuestion, begun: Way) -> list[BuildOption]:
        return [each for each in fact_options(rest, begun, self.store) if self._leads_on(each)]

    def _on(self, question: BuiltQuestion, begun: Way, options: Sequence[BuildOption]) -> list[_Link]:
        return [
            _Link(self.text(each.iri), each.count, self.href(question, (*begun, Iri(each.iri)), self.at))
            for each in options
        ]

    def _leads_on(self, option: BuildOption) -> bool:
        """Whether people have a word for it, and what it leads to has a name and a page."""
        kind = self.page.graph.kind_of(option.example)
        return kind not in {None, FALLBACK} and ":" not in self.text(option.iri)

    def _named(self) -> list[str] | None:
        """The things that a name typed may mean, when one was typed."""
        said = self.page.request.query_params.get("named", "").strip()[:100]
        return [hit.iri for hit in self.page.graph.directory.search(said, most=100)] if said else None

    # -- the answer ----------------------------------------------------------------------------------

    def answer(self, question: BuiltQuestion) -> Answered:
        """The answer, with its account.

        Raises:
            QueryError: there are too many rows.
            StoreTimeout: the deadline passed.
        """
        project = self.page.project
        saved = as_saved(question, _NAME, self.title(question), prefixes=project.prefixes)
        return run_query(
            saved,
            self.store,
            values={},
            prefixes=project.prefixes,
            timeout=project.config.number("limits.timeout"),
            most_rows=project.config.number("limits.rows"),
            times=OtherTimes(self.manifest.as_of, [Iri(name) for name in self.manifest.lifted_graphs]),
        )


@kindly
def build_page(request: Request) -> Response:
    """`/build`: the question so far, what can be chosen next, and the answer."""
    page = Page(request)
    build = _Build(page)
    question, answered, rows = build.question, None, None
    if question is not None:
        answered = build.answer(question)
        rows = answered.answer if isinstance(answered.answer, Solutions) else None
    saved = answered.query if answered is not None else None
    words = build.class_words(question.of_class.value, page.language) if question is not None else ""
    response = page.render(
        "build.html",
        status=400 if build.faults else 200,
        faults=build.faults,
        title=build.title(question).in_language(page.language) if question else "",
        shown=words,
        restart=build.href(None),
        steps=build.steps(),
        at=build.at,
        begun=[build.text(each.value) for each in build.begun],
        back=build.href(question) if build.begun or build.at is not None else "",
        choices=build.choices(),
        takes_name=_takes_value(build),
        hidden=_hidden(build),
        most=_MOST_VALUES,
        as_of=build.as_of,
        day=date_in_words(build.manifest.as_of, page.language),
        table=_called(table_of(rows, page.formatter, page.words), words) if rows is not None else None,
        last_known=_called(table_of(answered.last_known_rows(), page.formatter, page.words), words)
        if answered is not None and answered.last_known
        else None,
        account=answered.account.words.in_language(page.language) if answered and answered.account else "",
        text=saved.text if saved else "",
        file=build.href(question, format="rq") if question else "",
        editor=page.urls.editor(query=saved.text) if saved and len(saved.text) < 4000 else "",  # noqa: PLR2004
        files=[(each, build.href(question, format=each)) for each in answer_formats(saved.parsed.form, saved.columns)]
        if saved
        else [],
    )
    account_headers(page, response, answered)
    return response


def _called(table: AnswerTable, words: str) -> AnswerTable:
    """The table with what its things are called above them."""
    return replace(table, columns=(words, *table.columns[1:]))


def _takes_value(build: _Build) -> bool:
    begun = build.begun
    return bool(begun) and (begun[0].value not in build.terms.facts or len(begun) % 2 == 0)


def _hidden(build: _Build) -> list[tuple[str, str]]:
    """What a form of the page says besides its own fields."""
    said = build.page.request.query_params.multi_items()
    return [(name, value) for name, value in said if name not in {"named", "as_of", "lang"} and name in _KNOWN]


@kindly
def build_file(request: Request) -> Response:
    """`/build.{ending}`: the answer as a file, or the question as one (`.rq`)."""
    page = Page(request)
    ending = str(request.path_params["ending"])
    build = _Build(page)
    question = build.question
    if build.faults:
        raise QueryError(build.faults[0], fix=" ".join(build.faults[1:]))
    if question is None:
        raise NotFound(request.url.path, [(page.words("build.title"), page.urls.build([]))])
    answered = build.answer(question)
    if ending == "rq":
        response = respond(request, answered.query.text.encode(), "application/sparql-query; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{_NAME}.rq"'
        return response
    if ending not in answer_formats(answered.query.parsed.form, answered.query.columns):
        raise NotFound(request.url.path, [(page.words("build.title"), build.href(question))])
    return answer_file(page, answered, ending)
