"""What a statement rests on: a document with its passages marked, and the proof of what was derived."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from citygraph.errors import QueryError
from citygraph.graphs import is_internal
from citygraph.namespaces import PREFIXES, compress
from citygraph.query.entity import SourcePassage, facts_from_whole, passages_of
from citygraph.rdf import Iri, Literal, Term, Triple, parse
from citygraph.sources import Anchor, hash_of_text, read_source
from citygraph.web.background import read_explainer
from citygraph.web.pages.files import json_response
from citygraph.web.pages.page import JSON, Page, wanted_format
from citygraph.web.pages.terms import ShownTerm, best_language
from citygraph.web.requests import client_of, is_loopback

if TYPE_CHECKING:
    # The process that looks for proofs needs it, and the one that shows them does not.
    from citygraph.reason.proof.words import Explanation

_SENTENCE: Final = re.compile(r"[^\n.!?]+(?:[.!?]+(?=\s|\Z)|[.!?](?=\S)[^\n.!?]*)*[.!?]*")
_PUBLIC: Final = "http://publications.europa.eu/resource/authority/access-right/PUBLIC"
_OF_TIME: Final = frozenset(
    PREFIXES[prefix] + name
    for prefix, name in (
        ("time", "hasBeginning"),
        ("time", "hasEnd"),
        ("time", "hasTime"),
        ("org", "memberDuring"),
        ("dct", "temporal"),
    )
)
_STEPS_UP: Final = 3
_LONGEST_TEXT: Final = 400_000
_LONGEST: Final = 4000


# -- a document ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShownPassage:
    """One passage or row: what it says in our words or is called, and the facts that rest on it.

    `start` and `end` are characters of the text where it is a passage, else -1.
    """

    place: Anchor
    words: str
    facts: tuple[ShownTerm, ...]

    @property
    def anchor(self) -> str:
        """The fragment that names it."""
        return self.place.fragment

    @property
    def start(self) -> int:
        """Where a passage begins in the text; -1 for other places."""
        return self.place.numbers[0] if self.place.sort == "passage" else -1

    @property
    def end(self) -> int:
        """Where a passage ends in the text, exclusive; -1 for other places."""
        return self.place.numbers[-1] if self.place.sort == "passage" else -1


@dataclass(frozen=True, slots=True)
class TextSegment:
    """A piece of the text between two borders: the passages it belongs to, and whether its sentence has none."""

    text: str
    passages: tuple[ShownPassage, ...] = ()
    bare: bool = False
    first_of: tuple[ShownPassage, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentView:
    """Everything a source page shows besides the plain facts about the document."""

    passages: tuple[ShownPassage, ...]
    whole: tuple[ShownTerm, ...]
    page: str
    state: str
    segments: tuple[TextSegment, ...] = ()
    sentences: int = 0
    bare_sentences: int = 0
    restricted: bool = False


def document_view(page: Page, iri: str) -> DocumentView:
    """The passages of a document, and its text when the very file is at hand."""
    store = page.graph.store
    passages = tuple(
        ShownPassage(each.anchor, _words(page, each.words), _facts(page, each.facts))
        for each in sorted(passages_of(iri, store), key=_reading_order)
    )
    facts = _facts(page, facts_from_whole(iri, store))
    values: dict[str, list[Term]] = defaultdict(list)
    for property_, term in page.graph.statements(iri):
        values[property_].append(term)
    address = next((term.value for term in values[PREFIXES["foaf"] + "page"] if isinstance(term, Iri)), "")
    restricted = any(term != Iri(_PUBLIC) for term in values[PREFIXES["dct"] + "accessRights"])
    address = address if address.startswith(("https://", "http://")) else ""
    text, state = ("", "restricted") if restricted and not _may_show(page) else _text(page, iri, values)
    if not text:
        return DocumentView(passages, facts, address, state, restricted=restricted)
    sentences = sentences_of(text)
    bare = [span for span in sentences if not any(p.start < span[1] and span[0] < p.end for p in passages)]
    segments = tuple(segments_of(text, passages, bare))
    return DocumentView(
        passages, facts, address, "text", segments, len(sentences), len(bare), restricted=restricted
    )  # fmt: skip


def _reading_order(passage: SourcePassage) -> tuple[str, int, int]:
    """By sheet, then from the top; of passages that begin together the longest first."""
    place = passage.anchor
    return place.sheet, place.numbers[0], -place.numbers[-1]


def _words(page: Page, texts: Sequence[Term]) -> str:
    said = [term for term in best_language(texts, page.language) if isinstance(term, Literal)]
    return said[0].value if said else ""


def _facts(page: Page, facts: Sequence[Term]) -> tuple[ShownTerm, ...]:
    shown = [_named(page, fact.value) for fact in dict.fromkeys(facts) if isinstance(fact, Iri)]
    return tuple(sorted(shown, key=lambda each: each.text.casefold()))


def _named(page: Page, iri: str) -> ShownTerm:
    """A fact by its name; a day or an interval, which has none, by the fact that it belongs to: "Oslo – C40 – member (ends)"."""
    shown = page.formatter.iri(iri)
    owner, said = iri, ""
    for _ in range(_STEPS_UP):
        if _has_name(page, owner):
            break
        above = sorted(page.graph.statements(owner, incoming=True), key=str)
        found = [(each, term) for each, term in above if each in _OF_TIME and isinstance(term, Iri)]
        if not found:
            return shown
        property_, owner = found[0][0], found[0][1].value
        said = said or page.graph.label(property_, page.language)
    if owner == iri or not _has_name(page, owner):
        return shown
    named = page.formatter.iri(owner)
    return replace(named, text=f"{named.text} ({said})")


def _has_name(page: Page, iri: str) -> bool:
    return page.graph.label(iri, page.language) != compress(iri, page.project.prefixes)


def _may_show(page: Page) -> bool:
    """Whether the text of a document that is not for everybody may be shown: its owner said so, to this machine alone.

    A proxy on this machine asks for strangers, and says so in its headers.
    """
    request = page.request
    is_here = request.client is not None and is_loopback(request.client.host)
    is_passed_on = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via"))
    return bool(getattr(request.app.state, "show_restricted", False)) and is_here and not is_passed_on


def _text(page: Page, iri: str, values: Mapping[str, Sequence[Term]]) -> tuple[str, str]:
    """The text of the file, or why it is not shown: `absent` or `changed`."""
    config = page.project.config
    path = f"{config.values['sources.folder']}/{PurePosixPath(iri).name}"
    if is_internal(path, config.hidden, base=config.base):
        return "", "absent"
    try:
        source = read_source(config.sources_folder, iri)
    except (UnicodeDecodeError, OSError):
        return "", "absent"
    if source is None:
        return "", "absent"
    recorded = hash_of_text(
        {each: [term.value for term in terms if isinstance(term, Literal)] for each, terms in values.items()}
    )
    if source.sha256 not in recorded:
        return "", "changed"
    return source.text[:_LONGEST_TEXT], "text"


def sentences_of(text: str) -> list[tuple[int, int]]:
    """Where the sentences and headings of a text are; a line of its own counts as one.

    >>> [("En by. To byer!")[a:b] for a, b in sentences_of("En by. To byer!")]
    ['En by.', 'To byer!']
    """
    spans = []
    for match in _SENTENCE.finditer(text):
        piece = match.group()
        start = match.start() + len(piece) - len(piece.lstrip())
        end = match.end() - (len(piece) - len(piece.rstrip()))
        for first, last in _split(text, start, end):
            if any(letter.isalnum() for letter in text[first:last]):
                spans.append((first, last))
    return spans


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """At a full stop before white space and a capital letter."""
    last = start
    for match in re.finditer(r"[.!?]+\s+(?=[A-ZÆØÅÄÖ«\"“])", text[start:end]):
        stop = start + match.start() + len(match.group().rstrip())
        yield (last, stop)
        last = start + match.end()
    if last < end:
        yield (last, end)


def segments_of(text: str, passages: Sequence[ShownPassage], bare: Sequence[tuple[int, int]]) -> Iterator[TextSegment]:
    """The text cut at every border of a passage and of a sentence without one."""
    inside = [each for each in passages if 0 <= each.start < each.end <= len(text)]
    borders = sorted(
        {0, len(text), *(each.start for each in inside), *(each.end for each in inside), *(b for s in bare for b in s)}
    )
    for start, end in pairwise(borders):
        here = tuple(each for each in inside if each.start <= start and end <= each.end)
        without = any(first <= start and end <= last for first, last in bare)
        # The file may begin with empty lines and have many between its parts; the page shows at most one.
        piece = re.sub(r"\s*\n\s*\n\s*", "\n\n", text[start:end]) if start else text[start:end].lstrip()
        yield TextSegment(piece, here, without, tuple(each for each in inside if each.start == start))


# -- a proof ---------------------------------------------------------------------------------------------


def why_page(request: Request) -> Response:
    """`/why?s=…&p=…&o=…`: why a statement holds, or why it does not; terms in N-Triples syntax."""
    if wanted_format(request, JSON):
        return why_json(request)
    page = Page(request)
    triple = _triple(page)
    explanation = _explained(page, triple)
    return page.render(
        "why.html",
        explanation=explanation,
        triple=triple,
        subject=page.formatter.term(triple.subject),
        json_address=page.urls.why(str(triple.subject), str(triple.predicate), str(triple.object), format="json"),
    )


def why_json(request: Request) -> Response:
    """The same for programs."""
    page = Page(request)
    return json_response(request, _explained(page, _triple(page)).to_json())


def _triple(page: Page) -> Triple:
    given = [page.request.query_params.get(name, "") for name in ("s", "p", "o")]
    text = f"{' '.join(given)} ."
    quads = parse(text.encode(), format="nt", most_problems=1).quads if len(text) < _LONGEST else ()
    if len(quads) != 1 or not isinstance(quads[0].subject, Iri):
        raise QueryError(page.words("why.not_understood"), fix=page.words("why.try"))
    return quads[0].triple


def _explained(page: Page, triple: Triple) -> Explanation:
    """From a process of its own when the site has one: proofs need the whole graph, and time."""
    terms = (str(triple.subject), str(triple.predicate), str(triple.object))
    service = getattr(page.request.app.state, "service", None)
    if service is not None:
        explained: Explanation = service.explain(terms, client_of(page.request.scope))
        return explained
    folder = str(page.project.snapshot().folder)
    explain = page.memory.once("explainer", folder, lambda: _explainer(page, folder))
    answer: Explanation = explain(terms)
    return answer


def _explainer(page: Page, folder: str) -> Callable[[tuple[str, str, str]], Any]:
    """What explains statements in this process, one at a time."""
    project = page.project
    explain = read_explainer(str(project.folder), project.config.edition, folder, page.graph.manifest.as_of)
    lock = threading.Lock()

    def one_at_a_time(terms: tuple[str, str, str]) -> Any:  # noqa: ANN401  # an `Explanation`
        with lock:
            return explain(terms)

    return one_at_a_time
