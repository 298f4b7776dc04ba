"""A new edition of a document: which facts of the old one it says again, says otherwise, or says no more."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from citygraph.config import Config
from citygraph.edit.answers import SOURCE
from citygraph.edit.facts import Fact, kind_of_fact, told
from citygraph.edit.state import EditedGraph
from citygraph.messages import Text
from citygraph.namespaces import CONCEPT, PREFIXES, compress, expand
from citygraph.rdf import Iri, Literal, Term
from citygraph.read.decisions import CONFIRM, END, AskedFact
from citygraph.read.patterns import pattern_book
from citygraph.read.propose import Proposal
from citygraph.read.revision import FoundAgain, TextRevision
from citygraph.read.run import kept_document
from citygraph.read.text import KeptText
from citygraph.sources import Excerpt, excerpt_range

if TYPE_CHECKING:
    from citygraph.edit.kinds import Kinds

REPLACES: Final = PREFIXES["dct"] + "replaces"
_DATE: Final = PREFIXES["dct"] + "date"
_REJECTED: Final = Iri(CONCEPT + "rank-deprecated")
_ENDS: Final = ("until", "ended-by")
_ORDER: Final = {"again": 0, "changed": 1, "gone": 2}
_SORTS: Final = {"again": "again", "changed": "choose", "gone": "gone"}


@dataclass(frozen=True, slots=True)
class DocumentRevision:
    """A document that is a new edition, and the one that it replaces, with both texts held against each other."""

    document: str
    old: str
    old_text: str
    texts: TextRevision


def revision_of(kept: KeptText, document: str, state: EditedGraph, config: Config) -> DocumentRevision | None:
    """The edition that a document replaces, if the graph says so and its text is at hand.

    Args:
        kept: the text of the document.
        document: its short name.
        state: the graph.
        config: the settings, which say where texts are.

    Raises:
        ReadError: the text of the old edition cannot be read.
    """
    iri = expand(document, state.prefixes) or document
    for old in state.objects(iri, REPLACES):
        before = kept_document(config.sources_folder, old.value) if isinstance(old, Iri) else None
        if before is not None and isinstance(old, Iri):
            return DocumentRevision(iri, old.value, before[0].text, TextRevision(before[0], kept, pattern_book()))
    return None


def asked_of(revision: DocumentRevision, kept: KeptText, state: EditedGraph, kinds: Kinds) -> list[AskedFact]:
    """The facts that stand on words of the old edition and not on the new one, in the order of what became of them.

    A fact that has ended or is rejected is not asked about; of those that are not said any more only what can end is.
    """
    labels = state.labels_with()
    found: list[AskedFact] = []
    for fact, passages in _facts(revision, state, kinds):
        best = min(
            ((revision.texts.found(each.start, each.end), each) for each in passages),
            key=lambda pair: _ORDER[pair[0].how],
        )
        if best[0].how == "gone" and not fact.kind.has("ended-by"):
            continue
        found.append(_asked(fact, *best, revision, kept, state, told(fact, labels)))
    found.sort(key=lambda each: (list(_SORTS.values()).index(each.sort), each.start))
    return found


def _facts(revision: DocumentRevision, state: EditedGraph, kinds: Kinds) -> Iterator[tuple[Fact, list[Excerpt]]]:
    """The facts that hold by the old edition, each with its passages there."""
    passages: dict[str, list[Excerpt]] = {}
    known: set[str] = set()
    for iri, users in state.said_of.items():
        excerpt = excerpt_range(iri)
        if excerpt is None or excerpt.source not in {revision.old, revision.document}:
            continue
        for subject in (each for subjects in users.values() for each in subjects):
            if excerpt.source == revision.document:
                known.add(subject)
            else:
                passages.setdefault(subject, []).append(excerpt)
    told_now = {_without_day(fact) for each in known if (fact := kind_of_fact(each, kinds, state)) is not None}
    for subject, excerpts in passages.items():
        fact = kind_of_fact(subject, kinds, state) if subject not in known else None
        if fact is None or not _holds(fact):
            continue
        if is_of_document_day(fact, revision.old, state) and _without_day(fact) in told_now:
            continue  # the new edition has one of its own day
        named = {each.value for each in fact.values.get(SOURCE, ()) if isinstance(each, Iri)}
        own = [each for each in dict.fromkeys(excerpts) if each.iri in named]
        if own:
            yield fact, own


def _without_day(fact: Fact) -> tuple[object, ...]:
    """What a fact is known by beside the day of its document."""
    options = [
        each.option for each in fact.kind.fields if each.option in fact.kind.known_by and not each.is_document_day
    ]
    return fact.kind.name, *(fact.values.get(each, ()) for each in options)


def _holds(fact: Fact) -> bool:
    return not any(fact.values.get(each) for each in _ENDS) and _REJECTED not in fact.values.get("rank", ())


def _asked(
    fact: Fact,
    found: FoundAgain,
    passage: Excerpt,
    revision: DocumentRevision,
    kept: KeptText,
    state: EditedGraph,
    words: Text,
) -> AskedFact:
    name = compress(fact.iri, state.prefixes)
    before = revision.old_text[passage.start : passage.end]
    if found.how == "gone":
        day = next((each.value for each in state.objects(revision.document, _DATE) if isinstance(each, Literal)), "")
        said = (("fact", name), *([("ended-by", _last_day(day))] if day else []))
        return AskedFact(END, "gone", said, words, before, 0, 0, "", before)
    again = kept.text[found.start : found.end]
    return AskedFact(
        CONFIRM, _SORTS[found.how], (("fact", name),), words, again, found.start, found.end, found.sentence, before
    )


def _last_day(day: str) -> str:
    """The last day of a day, a month or a year."""
    year, *rest = day.split("-")
    month = int(rest[0]) if rest else 12
    return day if len(rest) > 1 else f"{year}-{month:02}-{monthrange(int(year), month)[1]}"


def is_said(asked: AskedFact, proposals: Iterable[Proposal], state: EditedGraph, kinds: Kinds) -> bool:
    """Whether a proposal says a fact whose words are gone: in another sentence, with other words."""
    name = next(value for option, value in asked.said if option == "fact")
    fact = kind_of_fact(expand(name, state.prefixes) or name, kinds, state)
    if fact is None:
        return False
    known = [
        (each, compress(value.value, state.prefixes))
        for each in fact.kind.known_by
        if isinstance(value := fact.one(each), Iri)
    ]
    return any(
        each.kind == fact.kind.name
        and bool(known)
        and set(known) <= {*each.said, *(k for k in known if each.value(k[0]) is None)}
        for each in proposals
    )


def is_of_document_day(fact: Fact, old: str, state: EditedGraph) -> bool:
    """Whether a fact is of the day of the document that says it, and of no day that its words name."""
    days = [each.option for each in fact.kind.fields if each.is_document_day and each.option in fact.kind.known_by]
    day: list[Term] = state.objects(old, _DATE)
    return any(fact.values.get(each) == tuple(day) for each in days)


def said_again(fact: Fact, state: EditedGraph) -> list[tuple[str, str]]:
    """What is said of a fact as a person types it, without its day, its sources and how sure it is."""
    left = {SOURCE, "rank", "modality", *(each.option for each in fact.kind.fields if each.is_document_day)}
    return [
        (each.option, compress(value.value, state.prefixes) if isinstance(value, Iri) else value.value)
        for each in fact.kind.fields
        if each.option not in left and not each.is_text
        for value in fact.values.get(each.option, ())
        if isinstance(value, Iri | Literal)
    ]
