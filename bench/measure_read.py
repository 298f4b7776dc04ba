"""How many facts of a document are proposed on the right words, and how many of those that are called clear are wrong."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bench.report import Section
from citygraph.config import read_config
from citygraph.edit.kinds import Kinds, read_kinds
from citygraph.edit.state import EditedGraph
from citygraph.load import load_files
from citygraph.matching.names import plain
from citygraph.rdf import parse
from citygraph.read.mentions import KnownNames
from citygraph.read.propose import Proposal, propose

_ROOT = Path(__file__).parent.parent
_DOCUMENTS = _ROOT / "tests" / "read" / "documents"
_MEMO = _ROOT.parent / "shared" / "sources" / "eurocities-metrex-memo.txt"
_MEMO_FACTS = _ROOT.parent / "shared" / "domain" / "facts.csv"
_MEMO_SHA256 = "6edfbd3d6cb60f012ec140b96008c6a298046f3aed8819c9799e0b723a7edfd1"
_SAME = {frozenset({"membership", "joined"}), frozenset({"office", "lead"}), frozenset({"membership", "left"})}


@dataclass(frozen=True, slots=True)
class WantedFact:
    """A fact that stands in a document: its kind, its words, what is said of it, and how hard it is to see."""

    difficulty: str
    kind: str
    start: int
    end: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document of the genre with all facts that stand in it."""

    name: str
    text: str
    facts: tuple[WantedFact, ...]

    @property
    def language(self) -> str:
        """The language it is written in."""
        return self.name[:2]


def documents(folder: str) -> list[ReadDocument]:
    """The documents in one of the folders of tests/read/documents."""
    return [_document(path) for path in sorted((_DOCUMENTS / folder).glob("*.txt"))]


def _document(path: Path) -> ReadDocument:
    text, _, lines = path.read_text(encoding="utf-8").partition("\n== facts\n")
    return ReadDocument(path.stem, text, tuple(_facts(text, lines)))


def _facts(text: str, lines: str) -> Iterator[WantedFact]:
    behind = 0
    for line in lines.splitlines():
        difficulty, kind, words, *said = (each.strip() for each in line.split("|"))
        pattern = r"\s+".join(map(re.escape, words.split()))
        found = re.search(pattern, text[behind:]) or re.search(pattern, text)
        assert found, f"the words are not in the text: {words}"
        base = behind if re.search(pattern, text[behind:]) else 0
        values = dict(each.strip().split("=", 1) for each in (said[0] if said else "").split(";") if "=" in each)
        yield WantedFact(difficulty, kind, base + found.start(), base + found.end(), values)
        behind = base + found.start()


class Score(NamedTuple):
    """Which facts of a document were proposed, and which clear proposals say something that it does not."""

    found: list[WantedFact]
    missed: list[WantedFact]
    clear: list[Proposal]
    wrong: list[Proposal]


def known_and_kinds() -> tuple[KnownNames, Kinds]:
    """The names of the graph and the kinds of facts."""
    state = EditedGraph(load_files(read_config(_ROOT)).graphs)
    return KnownNames(state), read_kinds(parse((_ROOT / "ontology" / "kinds.ttl").read_bytes(), format="ttl").quads)


def score(document: ReadDocument, proposals: Sequence[Proposal], known: KnownNames) -> Score:
    """Hold proposals against the facts of a document."""
    fits = {id(p): [f for f in document.facts if is_said(f, p, known)] for p in proposals}
    seen = {id(f) for each in fits.values() for f in each}
    clear = [p for p in proposals if p.sort == "clear"]
    return Score(
        [f for f in document.facts if id(f) in seen],
        [f for f in document.facts if id(f) not in seen],
        clear,
        [p for p in clear if not fits[id(p)]],
    )


def is_said(fact: WantedFact, proposal: Proposal, known: KnownNames) -> bool:
    """Whether a proposal is this fact, on words that overlap: its kind, and every value that is given."""
    if proposal.kind != fact.kind and frozenset({proposal.kind, fact.kind}) not in _SAME:
        return False
    if proposal.end <= fact.start or fact.end <= proposal.start:
        return False
    return all(_has(proposal, option, value, known) for option, value in fact.values.items())


def _has(proposal: Proposal, option: str, value: str, known: KnownNames) -> bool:
    said = [each for each in proposal.values if each.option == option]
    if not said and option == "exactness" and value == "exact":
        return True
    if not said and option == "role" and value == "full-member":
        return True
    wanted = plain(value)
    for each in said:
        words = (each.said, each.words, known.word(each.said, "nb"), known.word(each.said, "en"))
        if any(wanted == plain(w) or wanted in plain(w).split() or f" {wanted} " in f" {plain(w)} " for w in words):
            return True
        names = known.called(wanted, ("network", "authority", "place", "organisation", "person"))
        if each.said in {known.short(one) for one in names} | {known.short(a) for one in names for a in known.authorities(one)}:  # fmt: skip
            return True
    return False


def memo_facts() -> list[tuple[str, int, int]]:
    """The facts of the memo by their number and place; none where the memo is not at hand."""
    if not _MEMO.is_file() or hashlib.sha256(_MEMO.read_bytes()).hexdigest() != _MEMO_SHA256:
        return []
    with _MEMO_FACTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [(row["id"], *map(int, row["fact_char"].removeprefix("char=").split(","))) for row in rows]  # type: ignore[misc]


def measure() -> Iterator[Section]:
    """Read all documents; the rows say which were seen while the patterns were written."""
    known, kinds = known_and_kinds()
    rows: list[Sequence[str]] = []
    for folder, title in (("written_with", "seen"), ("held_out", "held out")):
        by: dict[tuple[str, str], Counter[str]] = {}
        for document in documents(folder):
            result = score(document, propose(document.text, known, kinds), known)
            for name in (document.language, "all"):
                count = by.setdefault((title, name), Counter())
                count.update(f"found-{f.difficulty}" for f in result.found)
                count.update(f"all-{f.difficulty}" for f in (*result.found, *result.missed))
                count["clear"] += len(result.clear)
                count["wrong"] += len(result.wrong)
        rows += [(*key, *_cells(count)) for key, count in sorted(by.items())]
    if facts := memo_facts():
        proposals = propose(_MEMO.read_bytes().decode(), known, kinds)
        found = sum(any(2 * _shared(p, start, end) >= end - start for p in proposals) for _, start, end in facts)
        rows.append(
            ("memo, words only", "nb", "–", "–", "–", f"{found} of {len(facts)} ({found / len(facts):.0%})", "–")
        )
    yield Section("read-proposals", "Facts proposed from documents", _NOTE, ("documents", "language", "easy", "medium", "hard", "together", "wrong among clear"), rows)  # fmt: skip


_NOTE = "A fact counts when a proposal of its kind stands on its words and has the values that the document gives."


def _shared(proposal: Proposal, start: int, end: int) -> int:
    """How many characters a proposal and a fact have in common."""
    return min(proposal.end, end) - max(proposal.start, start)


def _cells(count: Counter[str]) -> tuple[str, ...]:
    def share(levels: str) -> str:
        found, there = (sum(count[f"{key}-{each}"] for each in levels) for key in ("found", "all"))
        return f"{found} of {there} ({found / there:.0%})" if there else "–"

    return (*(share(each) for each in "emh"), share("emh"), f"{count['wrong']} of {count['clear']}")
