"""One box: what a text asks and what is called so, every name from A to Z, and the names of one kind for a search elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from citygraph.ask import AskedText, Phrasings, Reading, read_question
from citygraph.dates import date_in_words
from citygraph.errors import QueryError, StoreTimeout
from citygraph.labels import FALLBACK, Kind, kind_named
from citygraph.matching.names import plain
from citygraph.namespaces import compress, expand
from citygraph.rdf import Iri, Literal
from citygraph.results import Solutions
from citygraph.sparql.text import values_block
from citygraph.store.directory import sort_key
from citygraph.store.names import Hit
from citygraph.web.pages.files import json_response
from citygraph.web.pages.graph import GraphView, saved_queries
from citygraph.web.pages.page import JSON, NotFound, Page, kindly, wanted_format
from citygraph.web.pages.terms import ShownTerm

_TO_THE_LETTER: Final = 0.79
_MOST: Final = 50
# What people look for most often; a concept of the same name comes after the city.
KIND_ORDER: Final = ("network", "city", "authority", "country", "place", "person", "working-group", "body")
"""The kinds in the order in which equally good hits come."""
_AT_ONCE: Final = 1000
_LONGEST, _LONGEST_QUERY = 200, 4000
_SPARQL: Final = re.compile(
    r"(?:prefix\s+\S*:\s*<|base\s+<|(?:select|ask|construct|describe|insert|delete)\b.*[{<])", re.IGNORECASE | re.DOTALL
)
_ELEMENT: Final = re.compile(
    r"<(script|style)\b.*?</\1\s*>|</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|<!--.*?-->", re.IGNORECASE | re.DOTALL
)
_SHORTEST_WORD, _MOST_WORDS, _MOST_TEXTS = 3, 6, 20
_TEXTS: Final = """
PREFIX dct:  <http://purl.org/dc/terms/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT DISTINCT ?thing ?text WHERE {{
  {values}
  ?thing dct:description|rdfs:comment|skos:note|skos:scopeNote ?text .
  FILTER ({filters})
}}
ORDER BY ?thing ?text LIMIT 200
"""
"""What is told in words: our paraphrases of passages, and remarks about facts and things."""
_NORDIC: Final = {"æ": "ae", "ø": "oe", "å": "aa"}
_OTHER, _DIGITS = "other", "0-9"
_ORDER: Final = (_DIGITS, *"abcdefghijklmnopqrstuvwxyz", *_NORDIC.values(), _OTHER)
_SHOWN: Final = {**{word: letter.upper() for letter, word in _NORDIC.items()}, _OTHER: "…", _DIGITS: "0–9"}
Letters = Mapping[str, Sequence[str]]


# -- search ----------------------------------------------------------------------------------------------


def find_things(graph: GraphView, text: str, *, kind: str = "", most: int = _MOST) -> list[tuple[Hit, Kind]]:
    """What a text may mean, the best first; mere records have no names of their own and are left out."""
    found = [(hit, graph.kind_of(hit.iri) or FALLBACK) for hit in graph.directory.search(text, most=200)]
    wanted = [(hit, each) for hit, each in found if each != FALLBACK and kind in {"", each.name}]
    order = {name: position for position, name in enumerate(KIND_ORDER)}
    wanted.sort(key=lambda pair: (-round(pair[0].score, 2), order.get(pair[1].name, len(order)), -pair[0].score))
    return wanted[:most]


def nearest_things(graph: GraphView, text: str, *, most: int = 5) -> list[Hit]:
    """The names that come nearest to the last part of an address that leads nowhere."""
    return [hit for hit, _ in find_things(graph, text.replace("-", " "), most=most)]


class _SearchRequest:
    def __init__(self, page: Page) -> None:
        self._page, parameters = page, page.request.query_params
        typed = _readable(parameters.get("q", ""))
        self.text, self.cut = typed[:_LONGEST].strip(), len(typed) > _LONGEST
        self.sparql = typed[:_LONGEST_QUERY] if _SPARQL.match(typed) else ""
        self.kind = parameters.get("kind", "")[:40]

    @cached_property
    def asked(self) -> AskedText:
        """The questions that the text may mean; none in a search for one kind of things."""
        page = self._page
        if not self.text or self.kind:
            return AskedText()
        questions = saved_queries(page.project, page.memory)
        phrasings = page.memory.once("phrasings", questions, lambda: Phrasings(questions))
        project = page.project
        return read_question(self.text, phrasings, page.graph.directory, prefixes=project.prefixes, today=project.today)

    @cached_property
    def hits(self) -> list[tuple[Hit, Kind]]:
        """What is called so, or has that address; of a text that is a question, or no name, the things that it names."""
        graph = self._page.graph
        addressed = expand(self.text, self._page.project.prefixes) or self.text
        if (kind := graph.kind_of(addressed)) is not None:
            return [(Hit(addressed, self.text, 1.0), kind)]
        found = find_things(graph, self.text, kind=self.kind) if self.text else []
        if (found and not self.asked.readings) or (found and found[0][0].score > _TO_THE_LETTER):
            return found
        return [
            (Hit(iri, graph.label(iri, self._page.language), 1.0), graph.kind_of(iri) or FALLBACK)
            for iri in self.asked.things
        ]

    def texts(self) -> list[tuple[ShownTerm, str]]:
        """Where all the words stand in what is told of passages, facts and things; each thing once."""
        words = [each.lower() for each in self.text.split() if len(each) >= _SHORTEST_WORD][:_MOST_WORDS]
        if not words or self.kind:
            return []
        names = [f"word{number}" for number in range(len(words))]
        filters = " && ".join(f"CONTAINS(LCASE(STR(?text)), ?{name})" for name in names)
        given = values_block(names, [[Literal(each) for each in words]])
        try:
            answer = self._page.graph.store.query(_TEXTS.format(values=given, filters=filters))
        except (QueryError, StoreTimeout):
            return []
        found: dict[str, tuple[ShownTerm, str]] = {}
        for row in answer if isinstance(answer, Solutions) else ():
            thing, text = row["thing"], row["text"]
            if isinstance(thing, Iri) and isinstance(text, Literal):
                mine = text.language in {self._page.language, None}
                if (mine or thing.value not in found) and (shown := self._page.formatter.iri(thing.value)).href:
                    found[thing.value] = (shown, text.value)
        return list(found.values())[:_MOST_TEXTS]

    def readings(self) -> list[_ShownReading]:
        """The questions as the page tells them."""
        return [_shown(each, self._page) for each in self.asked.readings]


@dataclass(frozen=True, slots=True)
class _ShownReading:
    """A question that a text may mean: its title, what it is filled with, its answer, and the form to change it in."""

    title: str
    values: tuple[str, ...]
    href: str
    change: str


def _shown(reading: Reading, page: Page) -> _ShownReading:
    values = {**reading.values, "as_of": reading.as_of.isoformat() if reading.as_of else ""}
    href = page.urls.query(reading.query.name, values)
    first = next((each.name for each in reading.query.parameters), "as_of")
    return _ShownReading(
        title=reading.query.title.in_language(page.language),
        values=tuple(_value(each, page) for each in reading.said),
        href=href,
        change=f"{href}#p-{first}",
    )


def _value(value: str, page: Page) -> str:
    iri = expand(value, page.project.prefixes)
    return page.graph.label(iri, page.language) if iri else date_in_words(value, page.language)


def _readable(text: str) -> str:
    """What was typed without marks: no elements of HTML, no control characters, and none that turns the page around."""
    text = _ELEMENT.sub(" ", text)
    kept = (
        "" if unicodedata.category(each) == "Cf" else " " if unicodedata.category(each) == "Cc" else each
        for each in text
    )
    return " ".join("".join(kept).split(" ")).strip()


def search_page(request: Request) -> Response:
    """`/search?q=`: what is called that, or nearly that."""
    if wanted_format(request, JSON):
        return search_json(request)
    page = Page(request)
    asked = _SearchRequest(page)
    rows = [
        {
            "href": page.urls.entity(hit.iri),
            "name": page.graph.label(hit.iri, page.language),
            "matched": hit.name,
            "kind": kind.one.in_language(page.language),
        }
        for hit, kind in asked.hits
    ]
    kinds = [(kind.name, kind.many.in_language(page.language), count) for kind, count in page.graph.counts()]
    near = bool(rows) and asked.hits[0][0].score <= _TO_THE_LETTER
    return page.render(
        "search.html",
        text=asked.text,
        cut=asked.cut,
        sparql=page.urls.editor(query=asked.sparql) if asked.sparql else "",
        chosen=asked.kind,
        rows=rows,
        kinds=kinds,
        near=near,
        readings=asked.readings(),
        texts=asked.texts(),
    )


def search_json(request: Request) -> Response:
    """The same for programs."""
    page = Page(request)
    asked = _SearchRequest(page)
    results = [
        {
            "iri": hit.iri,
            "name": {language: page.graph.label(hit.iri, language) for language in ("nb", "en")},
            "matched": hit.name,
            "kind": kind.name,
            "kind_name": kind.one.to_json(),
            "score": round(hit.score, 3),
            "page": page.urls.entity(hit.iri),
        }
        for hit, kind in asked.hits
    ]
    readings = [
        {
            "question": reading.query.name,
            "title": reading.query.title.to_json(),
            "values": dict(reading.values),
            "as_of": reading.as_of.isoformat() if reading.as_of else None,
            "page": shown.href,
        }
        for reading, shown in zip(asked.asked.readings, asked.readings(), strict=True)
    ]
    return json_response(request, {"query": asked.text, "readings": readings, "results": results})


# -- every name ------------------------------------------------------------------------------------------


@kindly
def letters_page(request: Request) -> Response:
    """`/a-z` and `/a-z/{letter}`: every name; a long letter has further pages, `/a-z/{letter}-2`."""
    page = Page(request)
    stamp = str(page.graph.snapshot.folder)
    letters = page.memory.once(("letters", page.language), stamp, lambda: _sort(page.graph, page.language))
    first = next(iter(letters), _OTHER)
    letter, number = _asked(str(request.path_params.get("letter", first)))
    iris = letters.get(letter, ())
    parts = max(-(-len(iris) // _AT_ONCE), 1)
    if (not iris and "letter" in request.path_params) or not 1 <= number <= parts:
        raise NotFound(request.url.path, [(page.words("letters.title"), page.urls.letters())])
    shown = iris[(number - 1) * _AT_ONCE : number * _AT_ONCE]
    return page.render(
        "letters.html",
        letters=[(_SHOWN.get(each, each.upper()), page.urls.letters(each), each == letter) for each in letters],
        parts=[(str(part), page.urls.letters(letter, part), part == number) for part in range(1, parts + 1)],
        letter=_SHOWN.get(letter, letter.upper()),
        rows=[
            (page.formatter.iri(iri), (page.graph.kind_of(iri) or FALLBACK).one.in_language(page.language))
            for iri in shown
        ],
        count=len(iris),
    )


def _asked(text: str) -> tuple[str, int]:
    """The letter and the number of the page in `o-2`."""
    if text in _ORDER:
        return text, 1
    letter, _, number = text.rpartition("-")
    return letter, int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0  # noqa: PLR2004


def _sort(graph: GraphView, language: str) -> Letters:
    found: dict[str, list[tuple[tuple[str, str], str]]] = defaultdict(list)
    for iri in graph.directory.things():
        # Mere records have no names of their own.
        if graph.kind_of(iri) != FALLBACK:
            name = graph.label(iri, language)
            found[_letter(name)].append((sort_key(name), iri))
    return {each: [iri for _, iri in sorted(found[each])] for each in _ORDER if each in found}


def _letter(name: str) -> str:
    first = name.strip().casefold()[:1]
    if first in _NORDIC:
        return _NORDIC[first]
    letter = plain(name)[:1]
    if letter.isascii() and letter.isalpha():
        return letter
    return _DIGITS if letter.isascii() and letter.isdigit() else _OTHER


@kindly
def names_json(request: Request) -> Response:
    """`/search/names.json?kind=…`: the page, the short IRI and the names of each thing of a kind.

    `spellings` are what it is found under besides: each as names are compared, with the place of its name in `names`.
    """
    page = Page(request)
    graph = page.graph
    kind = kind_named(request.query_params.get("kind", ""))
    if kind is None or kind == FALLBACK:
        raise NotFound(request.url.path, [(page.words("search.title"), page.urls.search())])
    things = []
    for iri in sorted(graph.directory.things(kind.name)):
        labels = [graph.label(iri, language) for language in ("nb", "en")]
        names = list(dict.fromkeys([*labels, *(text for text, *_ in graph.directory.names(iri))]))
        short = compress(iri, page.project.prefixes)
        spellings = [[folded, names.index(text)] for folded, text in graph.directory.spellings(iri)]
        things.append({
            "page": page.urls.entity(iri), "term": short, "nb": labels[0], "en": labels[1], "names": names,
            "spellings": spellings,
        })  # fmt: skip
    titles = {"one": kind.one.to_json(), "many": kind.many.to_json()}
    return json_response(request, {"kind": kind.name, **titles, "things": things})
