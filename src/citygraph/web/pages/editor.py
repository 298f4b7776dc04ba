"""The editor: a query of one's own, its answer, the names that can be completed, and what is noted while it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import parse_qs

from anyio.from_thread import run as run_in_loop
from starlette.requests import Request
from starlette.responses import Response

from citygraph.dates import date_in_words
from citygraph.errors import QueryError, StoreTimeout
from citygraph.lexer import Token, word_of
from citygraph.messages import Sentence, Text, said_in, sentence
from citygraph.namespaces import CG, PREFIXES, compress
from citygraph.query import unknown_terms
from citygraph.query.built import class_options
from citygraph.rdf import Iri, Literal
from citygraph.results import Answer, Graph, Solutions, Truth
from citygraph.sparql.text import Form, QueryText, iris_among, read_query, read_query_tokens, without_limit
from citygraph.web.pages.facts import table_of
from citygraph.web.pages.files import json_response
from citygraph.web.pages.graph import saved_queries
from citygraph.web.pages.page import Page, as_fault
from citygraph.web.pages.pictures import pictures_of
from citygraph.web.requests import Refusal, read_body

_MOST_TERMS: Final = 5000
_LONGEST_BODY: Final = 400_000
_PATIENCE: Final = 10.0
_LONGEST_LINK: Final = 6000
_LARGEST: Final = 2_000_000
"""Of a graph with more statements than this nobody waits for what is said of each class."""
_SAID: Final = """
SELECT ?class ?property (COUNT(*) AS ?number) WHERE { ?thing a ?class ; ?property ?value } GROUP BY ?class ?property
"""
_MEMBERSHIPS: Final = (
    f"SELECT (COUNT(DISTINCT ?fact) AS ?all) (COUNT(DISTINCT ?holds) AS ?now) WHERE {{ ?fact a <{PREFIXES['org']}Membership> . "
    f"OPTIONAL {{ ?fact a <{CG}CurrentMembership> . BIND (?fact AS ?holds) }} }}"
)
_EVER: Final = frozenset(PREFIXES["org"] + name for name in ("Membership", "member", "organization"))
"""What a query speaks of that finds memberships, of whatever time."""
_DATED: Final = frozenset(
    [PREFIXES["org"] + "memberDuring", *(CG + name for name in ("CurrentMembership", "hasCurrentMembership", "isRepresentedThrough", "status", "asOf"))]
)  # fmt: skip
"""What a query speaks of that looks to the time itself."""
_AGGREGATES: Final = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT"})


# -- the page --------------------------------------------------------------------------------------------


def editor_page(request: Request) -> Response:
    """`/editor?query=…`: the editor, and the answer when there is a query."""
    page = Page(request)
    given = _given(request)
    examples = saved_queries(page.project, page.memory)
    example = next((each for each in examples if each.name == given.get("example")), None)
    text = given.get("query", "").replace("\r\n", "\n")
    answer: Answer | None = None
    fault: list[str] = []
    if text.strip():
        try:
            answer = _ask_sparql(page, text)
        except QueryError as error:
            fault = as_fault(error, page.language)
    rows = answer if isinstance(answer, Solutions) else None
    return page.render(
        "editor.html",
        status=400 if fault else 200,
        text=text or (example.text if example else _first_query()),
        asked=bool(text.strip()),
        example=example,
        examples=examples,
        prefixes=sorted(page.project.prefixes.items()),
        fault=fault,
        notes=[said_in(each.words, page.language) for each in _notes_on(page, text)] if answer is not None else [],
        table=table_of(rows, page.formatter, page.words) if rows is not None else None,
        truth=answer.value if isinstance(answer, Truth) else None,
        graph=answer if isinstance(answer, Graph) else None,
        pictures=pictures_of(rows, page.formatter, page.words) if rows is not None else [],
        share=page.urls.editor(query=text) if text and len(text) <= _LONGEST_LINK else "",
    )


def _given(request: Request) -> dict[str, str]:
    """The fields of the form, from the address or from the body; the address is what can be shared."""
    given = dict(request.query_params)
    if request.method == "POST":
        body = run_in_loop(read_body, request.scope, request.receive, _LONGEST_BODY, _PATIENCE)
        try:
            fields = parse_qs(body.decode("utf-8", errors="replace"), max_num_fields=20)
        except ValueError as error:
            raise Refusal(400, sentence("request.form")) from error
        given |= {name: values[-1] for name, values in fields.items()}
    return given


def _ask_sparql(page: Page, text: str) -> Answer:
    """The answer to a query that somebody wrote.

    Raises:
        QueryError: it is not valid, or reaches for the network.
        StoreTimeout: the deadline passed.
    """
    project = page.project
    number = project.config.number
    read_query(text, most_characters=number("limits.query_size"), deepest=number("limits.query_depth"))
    return page.graph.store.query(
        text, prefixes=project.prefixes, timeout=number("limits.timeout"), most_rows=number("limits.rows")
    )


@cache
def _first_query() -> str:
    return files("citygraph.web").joinpath("templates", "start.rq").read_text(encoding="utf-8")


# -- what is noted ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EditorNote:
    """Something about a query that whoever writes it wants to know: what, and the place in the text, from 0."""

    words: Sentence
    start: int
    end: int


def editor_notes(request: Request) -> Response:
    """`/editor/notes.json?query=…`: what is noted of a query, each with its place as a browser counts; nothing of a broken one."""
    page = Page(request)
    text = _given(request).get("query", "").replace("\r\n", "\n")
    return json_response(
        request,
        [
            {"from": _units(text, each.start), "to": _units(text, each.end), "text": said_in(each.words, page.language)}
            for each in _notes_on(page, text)
        ],
    )


def _units(text: str, place: int) -> int:
    return len(text[:place].encode("utf-16-le", errors="surrogatepass")) // 2


def _notes_on(page: Page, text: str) -> list[EditorNote]:
    """The notes on a query, in the order of the text; none while it cannot be read."""
    number = page.project.config.number
    try:
        query, found = read_query_tokens(
            text, most_characters=number("limits.query_size"), deepest=number("limits.query_depth")
        )
    except QueryError:
        return []
    notes = [*_prefix_notes(page, found), *_limit_notes(page, text, query, found), *_time_notes(page, found)]
    places = {(token.line, token.column): token for token in found}
    try:
        unknown = unknown_terms(
            text, page.graph.store, prefixes=page.project.prefixes, vocabulary=page.graph.directory.vocabulary
        )
    except (QueryError, StoreTimeout):
        unknown = []
    notes += [_note(places[each.line, each.column], each.words) for each in unknown]
    return sorted(notes, key=lambda each: each.start)


def _note(token: Token, words: Sentence) -> EditorNote:
    return EditorNote(words, token.start, token.end)


def _prefix_notes(page: Page, found: list[Token]) -> Iterator[EditorNote]:
    """Each prefix that nobody declares, where it stands first."""
    known = set(page.project.prefixes)
    before = ""
    for token in found:
        if token.kind == "pname":
            prefix = token.text.partition(":")[0]
            if before != "PREFIX" and prefix not in known:
                words = sentence("query.prefix", line=token.line, column=token.column, name=prefix)
                yield _note(token, words)
            known.add(prefix)
        before = word_of(token)


def _limit_notes(page: Page, text: str, query: QueryText, found: list[Token]) -> Iterator[EditorNote]:
    """That an answer without a LIMIT may be cut; one row that sums up all needs none."""
    first = next((each for each in found if word_of(each) in {Form.SELECT, Form.CONSTRUCT}), None)
    if first is None or query.form not in {Form.SELECT, Form.CONSTRUCT} or without_limit(text)[2]:
        return
    head = [word_of(each) for each in found if each.start < next((t.start for t in found if t.text == "{"), 0)]
    if query.grouped is None and _AGGREGATES & set(head):
        return
    most = page.formatter.number(page.project.config.number("limits.rows"))
    yield _note(first, sentence("query.no_limit", line=first.line, most=most))


def _time_notes(page: Page, found: list[Token]) -> Iterator[EditorNote]:
    """That memberships of other times are found too, where nothing in the query looks to the time."""
    named = iris_among(found, prefixes=page.project.prefixes)
    token = next((token for iri, token in named.items() if iri in _EVER), None)
    if token is None or _DATED & named.keys():
        return
    every, now = page.memory.once("memberships", str(page.graph.snapshot.folder), lambda: _memberships(page))
    if now < every:
        prefixes, as_of = page.project.prefixes, page.graph.manifest.as_of
        day = Text(nb=date_in_words(as_of, "nb"), en=date_in_words(as_of, "en"))
        words = sentence(
            "query.other_times", line=token.line, term=token.text, away=every - now, all=every,
            day=day, current=compress(CG + "CurrentMembership", prefixes),
        )  # fmt: skip
        yield _note(token, words)


def _memberships(page: Page) -> tuple[int, int]:
    """How many memberships there are, and how many hold on the day; none when nobody can say."""
    try:
        answer = page.graph.store.query(_MEMBERSHIPS)
    except (QueryError, StoreTimeout):
        return 0, 0
    row = next(iter(answer), {}) if isinstance(answer, Solutions) else {}
    every, now = (int(each.value) if isinstance(each := row.get(name), Literal) else 0 for name in ("all", "now"))
    return every, now


# -- what can be completed -------------------------------------------------------------------------------


def editor_terms(request: Request) -> Response:
    """What the editor completes: classes, properties and things, by short name and label.

    `properties` are those that things of a class have, by class, the most frequent first, each with how often; a class says how
    many things are of it; `parameters` are those of the saved questions, with the class of what they take.
    """
    page = Page(request)
    prefixes = page.project.prefixes
    things = page.graph.directory.things(language=page.language, most=_MOST_TERMS)
    said = page.memory.once("said of classes", str(page.graph.snapshot.folder), lambda: _said_of_classes(page))
    counts = said.counts
    terms: list[dict[str, object]] = []
    for iri in [*page.graph.directory.vocabulary, *things][:_MOST_TERMS]:
        short = compress(iri, prefixes)
        if not short.startswith("<"):
            of_class = {"kind": "class", "count": counts[iri]} if iri in counts else {}
            terms.append({"term": short, "label": page.graph.label(iri, page.language), **of_class})
    properties = {
        compress(each, prefixes): [[compress(iri, prefixes), number] for iri, number in found.items()]
        for each, found in said.properties.items()
    }
    asked: dict[str, Counter[tuple[str, str]]] = {}
    for each in (each for query in saved_queries(page.project, page.memory) for each in query.parameters):
        said_of = (each.of_class or "", each.about.in_language(page.language))
        asked.setdefault(each.name, Counter())[said_of] += 1
    # What most questions say of a parameter of that name.
    most_said = {name: found.most_common(1)[0][0] for name, found in asked.items()}
    parameters = {name: {"class": of_class, "about": about} for name, (of_class, about) in most_said.items()}
    return json_response(
        request, {"prefixes": prefixes, "terms": terms, "properties": properties, "parameters": parameters}
    )


@dataclass(frozen=True, slots=True)
class _SaidOfClasses:
    """How many things are of each class, and how often each property is said of them."""

    counts: Mapping[str, int]
    properties: Mapping[str, Mapping[str, int]]


def _said_of_classes(page: Page) -> _SaidOfClasses:
    store = page.graph.store
    try:
        counts = {each.iri: each.count for each in class_options(store)}
        small = sum(page.graph.manifest.counts.values()) <= _LARGEST
        answer = store.query(_SAID) if small else None
    except (QueryError, StoreTimeout):
        return _SaidOfClasses({}, {})
    found: dict[str, dict[str, int]] = {}
    for row in answer if isinstance(answer, Solutions) else ():
        of_class, property_, number = row.get("class"), row.get("property"), row.get("number")
        if isinstance(of_class, Iri) and isinstance(property_, Iri) and isinstance(number, Literal):
            found.setdefault(of_class.value, {})[property_.value] = int(number.value)
    ordered = {each: dict(sorted(said.items(), key=lambda item: (-item[1], item[0]))) for each, said in found.items()}
    return _SaidOfClasses(counts, ordered)
