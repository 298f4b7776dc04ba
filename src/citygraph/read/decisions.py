"""Proposals as a table that a colleague decides in a spreadsheet, the decisions read back, and what was rejected.

The table says of which text it is, by the SHA-256 of that text, and the words of each row: a table of another text is
refused. What is rejected is kept by a fingerprint, without a word of the text, in a file that goes into git.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from citygraph.csv_tables import CsvLayout, Dialect, defused, write_cells
from citygraph.edit.kinds import Kinds
from citygraph.errors import EditError
from citygraph.messages import Text, sentence, text
from citygraph.read.mentions import KnownNames
from citygraph.read.propose import Proposal, told_proposal

Answer: TypeAlias = Literal["yes", "no", "later"]

COLUMNS: Final = (
    "n",
    "sentence",
    "proposal",
    "kind",
    "values",
    "sort",
    "decision",
    "words",
    "choices",
    "place",
    "text",
)
_ANSWERS: Final[Mapping[str, Answer]] = {
    "yes": "yes", "y": "yes", "ja": "yes", "j": "yes", "x": "yes",
    "no": "no", "n": "no", "nei": "no",
    "": "later", "later": "later", "senere": "later", "seinare": "later", "seinere": "later", "l": "later",
}  # fmt: skip
CONFIRM: Final = "confirm"
END: Final = "end"
"""The kinds of the rows that ask about facts of an earlier edition, in place of a kind of fact."""
ALL: Final = "all"
_AGAIN: Final = "again"
_PLACE: Final = re.compile(r"char=(\d{1,9}),(\d{1,9})\Z")
_VALUE: Final = re.compile(r"\s*([a-z][a-z-]*)=(.*?)\s*\Z", re.DOTALL)
_SEPARATOR: Final = re.compile(r";\s*(?=[a-z][a-z-]*=)")
_REJECTED: Final = ("kind", "place", "fingerprint", "decided")
_WITH_NOTES: Final = (*_REJECTED, "note")
REMARK: Final = "remark"
"""In place of a kind of fact: a person's own words about some words that are no fact of a kind that there is."""


@dataclass(frozen=True, slots=True)
class AskedFact:
    """A fact that an earlier edition of a text says: it is to be confirmed by the new one, or has it ended?

    Attributes:
        kind: `CONFIRM` or `END`.
        sort: `again` when its sentence is the same, `choose` when only the words are, `gone` when they are not there.
        said: the fact, and what an edit is told of it.
        told: the fact as a sentence.
        words: the words of the new text; those of the old one when they are gone.
        start: their first character in the new text.
        end: the character behind their last one.
        sentence: the sentence of the new text.
        before: the words of the old text.
    """

    kind: str
    sort: str
    said: tuple[tuple[str, str], ...]
    told: Text
    words: str
    start: int
    end: int
    sentence: str
    before: str

    @property
    def fingerprint(self) -> str:
        """By what it is known again when somebody has said no."""
        return fingerprint_of(self.kind, self.said, self.words)


@dataclass(frozen=True, slots=True)
class DecidedProposal:
    """A row of a table as it came back: what a person says of it, and the values as the person left them."""

    number: str
    answer: Answer
    kind: str
    said: tuple[tuple[str, str], ...]
    start: int
    end: int
    words: str
    line: int

    @property
    def fingerprint(self) -> str:
        """By what a rejected proposal is known again: its kind, its values and its words."""
        return fingerprint_of(self.kind, self.said, self.words)


def fingerprint_of(kind: str, said: Iterable[tuple[str, str]], words: str) -> str:
    """By what a proposal is known again, wherever in a text it stands; nothing of the text can be read from it."""
    parts = [kind, " ".join(words.split()), *sorted(f"{option}={value}" for option, value in said)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def sha256_of(text_: str) -> str:
    """The SHA-256 of a kept text."""
    return hashlib.sha256(text_.encode()).hexdigest()


def write_proposals(
    proposals: Sequence[Proposal],
    kinds: Kinds,
    known: KnownNames,
    *,
    of_text: str,
    language: str,
    asked: Sequence[AskedFact] = (),
) -> bytes:
    """The table that a colleague decides, as CSV for a spreadsheet; what is asked about stands first.

    Args:
        proposals: the rows, in order.
        kinds: the kinds of facts.
        known: the names of the graph.
        of_text: the kept text that they are of.
        language: in which proposals are told.
        asked: facts of an earlier edition.
    """
    mark = sha256_of(of_text)
    first = [(*each, mark) for each in _asked_rows(asked, language)]
    rows = [
        (
            str(each.number), each.sentence.text, told_proposal(each, kinds, known).in_language(language), each.kind,
            "; ".join(f"{option}={value}" for option, value in each.said), each.sort, "", " ".join(each.words.split()),
            _choices(each, known, language), f"char={each.start},{each.end}", mark,
        )
        for each in proposals
    ]  # fmt: skip
    return write_cells([COLUMNS, *first, *rows], CsvLayout(Dialect.EXCEL, language))


def _asked_rows(asked: Sequence[AskedFact], language: str) -> Iterator[tuple[str, ...]]:
    """The rows about facts of an earlier edition; the first decides for all whose sentence is the same."""
    again = sum(each.sort == _AGAIN for each in asked)
    if again > 1:
        said = text("proposals.asked.all").filled(count=again).in_language(language)
        yield ALL, "", said, CONFIRM, "", _AGAIN, "", "", "", ""
    for number, each in enumerate(asked, start=1):
        question = text(f"proposals.asked.{each.sort}").filled(fact=each.told).in_language(language)
        before = (
            "" if each.sort == _AGAIN else text("proposals.asked.before").filled(words=" ".join(each.before.split()))
        )
        place = f"char={each.start},{each.end}" if each.kind == CONFIRM else ""
        values = "; ".join(f"{option}={value}" for option, value in each.said)
        yield (
            f"a{number}", each.sentence, question, each.kind, values, each.sort, "", " ".join(each.words.split()),
            before.in_language(language) if isinstance(before, Text) else before, place,
        )  # fmt: skip


def _choices(proposal: Proposal, known: KnownNames, language: str) -> str:
    """What a value may be instead, and which things are new, so that a person can write another one."""
    several = (
        f"{each.option}: {', '.join(f'{one} ({known.word(one, language)})' for one in each.choices)}"
        for each in proposal.values
        if each.choices
    )
    new = (text("proposals.new").filled(option=each.option, name=each.said).in_language(language) for each in proposal.values if each.sort == "new")  # fmt: skip
    return "; ".join((*several, *new))


def read_decisions(data: bytes, *, of_text: str) -> list[DecidedProposal]:
    """The rows of a table that came back.

    Args:
        data: the table, with commas, semicolons or tabs between its cells.
        of_text: the kept text as it is now.

    Raises:
        EditError: it is no such table, it is of another text, a decision is none of yes, no and later, or the words of a
            row are not those of its place.
    """
    try:
        said = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EditError(sentence("proposals.not_utf8"), fix=sentence("proposals.next.table")) from error
    first = said.split("\n", 1)[0]
    between = max(",;\t", key=first.count)
    rows = csv.DictReader(io.StringIO(said, newline=""), delimiter=between)
    missing = [each for each in COLUMNS if each not in (rows.fieldnames or ())]
    if missing:
        raise EditError(sentence("proposals.no_column", name=missing[0]), fix=sentence("proposals.next.table"))
    mark = sha256_of(of_text)
    numbered = [({name: _undefused(row.get(name) or "") for name in COLUMNS}, rows.line_num) for row in rows]
    for_all = next((cells["decision"] for cells, _ in numbered if cells["n"].strip() == ALL), "")
    for cells, _ in numbered:
        if cells["kind"].strip() == CONFIRM and cells["sort"].strip() == _AGAIN and not cells["decision"].strip():
            cells["decision"] = for_all
    return [_decided(cells, line, of_text, mark) for cells, line in numbered if cells["n"].strip() != ALL]


def _decided(cells: Mapping[str, str], line: int, of_text: str, mark: str) -> DecidedProposal:
    place, answer = _PLACE.match(cells["place"].strip()), _ANSWERS.get(cells["decision"].strip().casefold())
    if cells["text"].strip() != mark:
        raise EditError(sentence("proposals.other_text", line=line), fix=sentence("proposals.next.again"))
    if answer is None:
        message = sentence("proposals.no_decision", line=line, said=cells["decision"])
        raise EditError(message, fix=sentence("proposals.next.decision"))
    start, end = (int(place[1]), int(place[2])) if place else (0, 0)
    words = of_text[start:end] if cells["kind"].strip() != END else cells["words"]
    if not words or " ".join(words.split()) != " ".join(cells["words"].split()):
        raise EditError(sentence("proposals.other_words", line=line), fix=sentence("proposals.next.again"))
    parts = [_VALUE.match(each) for each in _SEPARATOR.split(cells["values"]) if each.strip()]
    if not all(parts):
        message = sentence("proposals.no_value", line=line, said=cells["values"])
        raise EditError(message, fix=sentence("proposals.next.values"))
    said = tuple((each[1], each[2]) for each in parts if each)
    return DecidedProposal(cells["n"], answer, cells["kind"].strip(), said, start, end, words, line)


def _undefused(cell: str) -> str:
    """A cell without the apostrophe of `defused`; one that a text has itself, such as that of "'t Hart", stays."""
    return cell[1:] if cell[:1] == "'" and defused(cell[1:]) == cell else cell


def edit_of(decided: DecidedProposal, *, document: str, of_text: str) -> list[tuple[str, str]]:
    """What is said to an edit: the values, and the words that the fact stands on with their place among such words.

    Raises:
        EditError: the words overlap with themselves there, so that no number says which are meant.
    """
    places = [match.start() for match in re.finditer(re.escape(decided.words), of_text)]
    if decided.start not in places:
        raise EditError(sentence("proposals.other_words", line=decided.line), fix=sentence("proposals.next.again"))
    at = places.index(decided.start) + 1
    quote = [("quote", decided.words), *([("occurrence", str(at))] if len(places) > 1 else [])]
    values = [(option, value) for option, value in decided.said if value]
    return [*values, ("source", document), *quote]


def without_rejected(proposals: Iterable[Proposal], rejected: Iterable[str]) -> list[Proposal]:
    """The proposals that nobody has rejected."""
    known = frozenset(rejected)
    return [each for each in proposals if fingerprint_of(each.kind, each.said, each.words) not in known]


def read_rejected(data: bytes) -> dict[str, tuple[str, ...]]:
    """What was rejected, by fingerprint: its row, the last cell of which is what a person remarks, for most nothing.

    Raises:
        EditError: the file is not one that was written here.
    """
    rows = list(csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline="")))
    if not rows or tuple(rows[0]) not in {_REJECTED, _WITH_NOTES} or any(len(row) != len(rows[0]) for row in rows):
        raise EditError(sentence("proposals.rejected_unread"), fix=sentence("proposals.next.rejected"))
    return {row[2]: (*row, "")[: len(_WITH_NOTES)] for row in rows[1:]}


def write_rejected(rejected: Mapping[str, tuple[str, ...]], more: Iterable[DecidedProposal], *, today: str) -> bytes:
    """The file of what was rejected, with more: one row each in the order of the text, so that git shows what came.

    It has a column for remarks when there are any.
    """
    rows = dict(rejected)
    for each in more:
        note = next((value for option, value in each.said if option == "note"), "") if each.kind == REMARK else ""
        row = (each.kind, f"char={each.start},{each.end}", each.fingerprint, today, note)
        rows.setdefault(each.fingerprint, row)
    ordered = sorted(rows.values(), key=lambda row: (_first(row[1]), row[0], row[2]))
    head = _WITH_NOTES if any(row[-1] for row in ordered) else _REJECTED
    return write_cells([head, *(row[: len(head)] for row in ordered)]).replace(b"\r\n", b"\n")


def remarks_in(rejected: Mapping[str, tuple[str, ...]]) -> dict[tuple[int, int], list[str]]:
    """What persons remark, by the characters of the words that it is about."""
    found: dict[tuple[int, int], list[str]] = {}
    for kind, place, _, _, note in rejected.values():
        if kind == REMARK and (match := _PLACE.match(place)):
            found.setdefault((int(match[1]), int(match[2])), []).append(note)
    return found


def _first(place: str) -> int:
    match = _PLACE.match(place)
    return int(match[1]) if match else 0
