"""An index of names that forgives: case, accents, ø/æ/å, missing parts and slips of the pen; bounded in time.

A place is found under what it is called elsewhere too, a saint however it is written.
"""

from __future__ import annotations

import difflib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from citygraph.matching.cities import other_spellings
from citygraph.matching.names import name_parts, plain

NAMES_VERSION: Final = 3
"""Raised when names are folded in another way, so that an index of the old way is built again."""
_LONGEST: Final = 100
_MOST_CANDIDATES: Final = 400
_MOST_WORDS: Final = 6
_SHORTEST_TYPO: Final = 3
_NEAR: Final = 0.62
_TO_THE_LETTER: Final = 0.79
# What is called so comes before what is called so elsewhere.
_ELSEWHERE: Final = 0.99
_TABLES: Final = """
CREATE TABLE name (
  id INTEGER PRIMARY KEY, iri TEXT NOT NULL, text TEXT NOT NULL, language TEXT NOT NULL, main INTEGER NOT NULL,
  folded TEXT NOT NULL, spelled INTEGER NOT NULL
);
CREATE TABLE word (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE TABLE holds (word INTEGER NOT NULL, name INTEGER NOT NULL, PRIMARY KEY (word, name)) WITHOUT ROWID;
CREATE TABLE variant (variant TEXT NOT NULL, word INTEGER NOT NULL, PRIMARY KEY (variant, word)) WITHOUT ROWID;
CREATE VIRTUAL TABLE part USING fts5 (folded, content='', tokenize='trigram');
"""
_INDEXES: Final = "CREATE INDEX name_of ON name (iri); CREATE INDEX by_folded ON name (folded);"


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found: the name that matched, and how well; 1 is to the letter."""

    iri: str
    name: str
    score: float


def write_names(
    database: sqlite3.Connection,
    names: Iterable[tuple[str, str, str, bool]],
    places: Mapping[str, frozenset[str]] | None = None,
) -> None:
    """Put names into a new database: the IRI, the text, its language, and whether it is the main name.

    Args:
        database: a new one.
        names: the names.
        places: the countries of cities, regions and their authorities by IRI, which have names elsewhere.

    Trigrams find parts of words; words with one letter left out find slips of the pen, each word once.
    """
    database.executescript(_TABLES)
    database.executemany(
        "INSERT INTO name (iri, text, language, main, folded, spelled) VALUES (?, ?, ?, ?, ?, ?)",
        (row for name in names for row in _rows_of(name, (places or {}).get(name[0]))),
    )
    words: dict[str, int] = {}
    held = [
        (words.setdefault(word, len(words) + 1), number)
        for number, folded in database.execute("SELECT id, folded FROM name")
        for word in dict.fromkeys(folded.split())
    ]
    database.executemany("INSERT INTO word (word, id) VALUES (?, ?)", words.items())
    database.executemany("INSERT INTO holds VALUES (?, ?)", sorted(held))
    pairs = sorted((variant, number) for word, number in words.items() for variant in _variants(word))
    database.executemany("INSERT INTO variant VALUES (?, ?)", pairs)
    database.execute("INSERT INTO part (rowid, folded) SELECT id, folded FROM name")
    database.executescript(_INDEXES)


def _rows_of(
    name: tuple[str, str, str, bool], countries: frozenset[str] | None
) -> Iterator[tuple[str, str, str, bool, str, bool]]:
    """The name as it is written, and once for each other spelling that it is looked for under."""
    yield (*name, plain(name[1]), False)
    if countries is not None:
        yield from ((*name, other, True) for other in other_spellings(name[1], countries))


def search_names(database: sqlite3.Connection, text: str, *, most: int = 50) -> list[Hit]:
    """The things whose names come nearest, the best first; each thing once.

    Of a name in two parts that nothing bears, what bears a part of it comes near.
    """
    best = _best(database, plain(text[:_LONGEST]))
    if all(hit.score <= _TO_THE_LETTER for hit in best.values()):
        for part in name_parts(text[:_LONGEST]):
            for iri, hit in _best(database, plain(part)).items():
                near = Hit(iri, hit.name, hit.score * _TO_THE_LETTER)
                if iri not in best or near.score > best[iri].score:
                    best[iri] = near
    return sorted(best.values(), key=lambda hit: (-hit.score, len(hit.name), hit.name, hit.iri))[:most]


def _best(database: sqlite3.Connection, wanted: str) -> dict[str, Hit]:
    """The best hit of each thing for a text as names are compared."""
    best: dict[str, Hit] = {}
    for iri, name, folded, spelled in _candidates(database, wanted) if wanted else ():
        score = _score(wanted, folded) * (_ELSEWHERE if spelled else 1.0)
        if score > 0 and (iri not in best or score > best[iri].score):
            best[iri] = Hit(iri, name, score)
    return best


def _candidates(database: sqlite3.Connection, wanted: str) -> list[tuple[str, str, str, bool]]:
    found: dict[int, None] = {}
    for number in _numbers(database, wanted):
        found.setdefault(number)
        if len(found) >= _MOST_CANDIDATES:
            break
    marks = ",".join("?" * len(found))
    # Only question marks are put into the text.
    query = f"SELECT iri, text, folded, spelled FROM name WHERE id IN ({marks})"  # noqa: S608
    return database.execute(query, list(found)).fetchall()


def _numbers(database: sqlite3.Connection, wanted: str) -> Iterator[int]:
    execute = database.execute
    limit = _MOST_CANDIDATES
    yield from _first(execute("SELECT id FROM name WHERE folded = ? LIMIT ?", (wanted, limit)))
    end = wanted + "\U0010ffff"
    in_range = "SELECT id FROM name WHERE folded >= ? AND folded < ? ORDER BY length(folded) LIMIT ?"
    yield from _first(execute(in_range, (wanted, end, limit)))
    words = wanted.split()[:_MOST_WORDS]
    of_variant = "SELECT name FROM variant CROSS JOIN holds USING (word) WHERE variant = ? LIMIT ?"
    by_word = [
        [number for variant in _variants(word) for number in _first(execute(of_variant, (variant, limit)))]
        for word in words
    ]
    # The rarest word says most: what half of all names hold would leave no room for it.
    for numbers in sorted(by_word, key=len):
        yield from numbers
    pieces = {word[i : i + 3] for word in words for i in range(len(word) - 2)}
    if pieces:
        match = " OR ".join('"' + piece.replace('"', '""') + '"' for piece in sorted(pieces))
        yield from _first(execute("SELECT rowid FROM part WHERE part MATCH ? ORDER BY rank LIMIT ?", (match, limit)))


def _first(rows: Iterable[tuple[int]]) -> Iterator[int]:
    return (number for (number,) in rows)


def _variants(word: str) -> list[str]:
    """A word and what is left of it when one letter is missing: two words with a slip between them share one."""
    short = word[:30]
    if len(short) < _SHORTEST_TYPO:
        return [short]
    return list(dict.fromkeys([short, *(short[:i] + short[i + 1 :] for i in range(len(short)))]))


def _score(wanted: str, folded: str) -> float:
    """How near a name comes: equal, begins so, has such a word, holds it somewhere, or looks like it."""
    if folded == wanted:
        return 1.0
    if folded.startswith(wanted):
        return 0.95 - min(len(folded) - len(wanted), 40) / 1000
    if f" {wanted}" in f" {folded}":
        return 0.9 - min(len(folded) - len(wanted), 40) / 1000
    words = folded.split()
    asked = wanted.split()
    if all(any(word.startswith(each) for word in words) for each in asked):
        return 0.85
    if wanted in folded:
        return 0.8
    matcher = difflib.SequenceMatcher(autojunk=False)
    nearest = []
    for each in asked:
        matcher.set_seq2(each)
        ratios = [0.0]
        for word in words:
            matcher.set_seq1(word)
            ratios.append(matcher.ratio() if matcher.real_quick_ratio() >= _NEAR else 0.0)
        nearest.append(max(ratios))
    if min(nearest) < _NEAR:
        return 0.0
    whole = difflib.SequenceMatcher(None, wanted, folded, autojunk=False).ratio()
    # A slip is never as good as the letters themselves, and of two names the one of that length is meant.
    return _TO_THE_LETTER * (0.9 * sum(nearest) / len(nearest) + 0.1 * whole)
