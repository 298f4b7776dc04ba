"""What stands beside the sentences of a document that is read: the facts on their words, and the proposals that wait."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from citygraph.edit.facts import Fact
from citygraph.edit.state import EditedGraph
from citygraph.namespaces import expand
from citygraph.project.proposing import nothing_in
from citygraph.rdf import Iri
from citygraph.read.propose import Proposal
from citygraph.read.sentences import TextSentence
from citygraph.read.text import KeptText

STATES: Final = ("fact", "remark", "empty", "open")
"""What a sentence is: it has a fact, somebody has remarked on it or has said that it has none, or it waits."""
_HOLDING: Final = frozenset({"office", "lead"})
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ShownProposal:
    """A proposal as the page shows it: its sentence, and what a form of its kind is filled in with."""

    mark: str
    start: int
    told: str
    sort: str
    kind: str
    filled: tuple[tuple[str, str], ...]
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SentenceState:
    """One sentence with what is known of it: the facts on its words, the proposals that wait, and what was said of it."""

    sentence: TextSentence
    facts: tuple[tuple[Place, tuple[Fact, ...]], ...]
    proposals: tuple[Proposal, ...]
    said: str
    remarks: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """One of `STATES`."""
        if self.proposals:
            return "open"
        if any(facts for _, facts in self.facts):
            return "fact"
        return "remark" if self.remarks else "empty" if self.said else "open"

    @property
    def is_read(self) -> bool:
        """Whether it counts: a heading does only when something stands in it."""
        return self.sentence.kind != "heading" or bool(self.facts or self.proposals or self.remarks)


@dataclass(slots=True)
class ShownSentence:
    """One sentence: its words in pieces (what each piece carries: `fact`, `proposal` or nothing), and what stands beside it."""

    number: int
    start: int
    kind: str
    pieces: list[tuple[str, str]]
    facts: list[tuple[str, str]] = field(default_factory=list)
    proposals: list[ShownProposal] = field(default_factory=list)
    state: str = "open"
    said: str = ""
    remarks: tuple[str, ...] = ()


def read_sentences(
    sentences: Sequence[TextSentence],
    proposals: Iterable[Proposal],
    facts: Mapping[Place, Sequence[Fact]],
    said: Mapping[str, str],
    remarks: Mapping[Place, Sequence[str]],
    kept: KeptText,
    state: EditedGraph,
) -> list[SentenceState]:
    """Each sentence of a text with what is known of it; a proposal that a fact on its words says waits no longer.

    Args:
        sentences: the sentences, in order.
        proposals: what the text may say.
        facts: the facts on passages of the text, by the characters.
        said: what was said of sentences, by fingerprint.
        remarks: what was remarked on words of it, by the characters.
        kept: the text.
        state: the graph.
    """
    starts = [each.start for each in sentences]
    with_facts: dict[int, list[tuple[Place, tuple[Fact, ...]]]] = {}
    for place, found in sorted(facts.items(), key=lambda each: each[0]):
        at = max(bisect_left(starts, place[0] + 1) - 1, 0)
        while at < len(sentences) and sentences[at].start < place[1]:
            if place[0] < sentences[at].end:
                with_facts.setdefault(at, []).append((place, tuple(found)))
            at += 1
    here: dict[int, list[Proposal]] = {}
    for each in proposals:
        at = bisect_left(starts, each.start + 1) - 1
        if at >= 0 and each.start < sentences[at].end:
            here.setdefault(at, []).append(each)
    remarked: dict[int, list[str]] = {}
    for (start, _), notes in sorted(remarks.items()):
        remarked.setdefault(bisect_left(starts, start + 1) - 1, []).extend(notes)
    waiting = {at: _waiting(found, with_facts.get(at, ()), state) for at, found in here.items()}
    return [
        SentenceState(
            each, tuple(with_facts.get(at, ())), tuple(waiting.get(at, ())),
            said.get(nothing_in(each, kept).fingerprint, ""), tuple(remarked.get(at, ())),
        )
        for at, each in enumerate(sentences)
    ]  # fmt: skip


def shown_sentence(
    told: SentenceState, whole: str, proposal: Callable[[Proposal], ShownProposal], fact: Callable[[Fact], tuple[str, str]]
) -> ShownSentence:  # fmt: skip
    """One sentence as the page shows it; `fact` gives the words of a fact, and its page."""
    marks = [(*place, "fact") for place, _ in told.facts] + [(e.start, e.end, "proposal") for e in told.proposals]
    facts = {one.iri: one for _, listed in told.facts for one in listed}
    return ShownSentence(
        told.sentence.number, told.sentence.start, told.sentence.kind, _pieces(whole, told.sentence, marks),
        [fact(each) for each in facts.values()], [proposal(each) for each in told.proposals], told.state, told.said, told.remarks,
    )  # fmt: skip


def _waiting(
    proposals: Sequence[Proposal], facts: Sequence[tuple[Place, tuple[Fact, ...]]], state: EditedGraph
) -> list[Proposal]:
    """The proposals of a sentence that no fact on their words says, as it is or changed by a person."""
    waiting, used = list[Proposal](), set[str]()
    for each in proposals:
        over = [fact for (start, end), found in facts if start < each.end and each.start < end for fact in found]
        written = [fact.iri for fact in over if _is_written(each, [fact], state)]
        used.update(written)
        if not written:
            waiting.append(each)
    for each in list(waiting):
        # Somebody has changed it: a fact of its kind, and of no other proposal, stands on its words.
        inside = [fact for (start, end), found in facts if each.start <= start and end <= each.end for fact in found]
        changed = next((e.iri for e in inside if _is_of_kind(e, each) and e.iri not in used), "")
        if changed:
            used.add(changed)
            waiting.remove(each)
    return waiting


def _is_of_kind(fact: Fact, proposal: Proposal) -> bool:
    """Whether a fact is of the kind of a proposal; who leads a body is read from the graph as one who has an office in it."""
    return fact.kind.name == proposal.kind or {fact.kind.name, proposal.kind} <= _HOLDING


def _is_written(proposal: Proposal, facts: Iterable[Fact], state: EditedGraph) -> bool:
    """Whether one of the facts on the words of a proposal says it."""
    things = [
        (option, Iri(iri)) for option, value in proposal.said if (iri := expand(value, state.prefixes)) in state.said
    ]
    return any(
        _is_of_kind(fact, proposal)
        and all(
            value in fact.values.get(option, ()) or (option == "name" and value.value == fact.iri)
            for option, value in things
        )
        for fact in facts
    )


def _pieces(whole: str, sentence: TextSentence, marks: Iterable[tuple[int, int, str]]) -> list[tuple[str, str]]:
    """The words of a sentence, cut where a fact or a proposal begins or ends; a proposal is shown before a fact."""
    inside = [(max(a, sentence.start), min(b, sentence.end), sort) for a, b, sort in marks]
    cuts = sorted({sentence.start, sentence.end, *(each for a, b, _ in inside for each in (a, b))})
    pieces = []
    for start, end in pairwise(cuts):
        sorts = {sort for a, b, sort in inside if a <= start and end <= b}
        pieces.append((whole[start:end], "proposal" if "proposal" in sorts else "fact" if sorts else ""))
    return pieces
