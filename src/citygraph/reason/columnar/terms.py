"""Terms to numbers and back: one dictionary for all terms, N-Triples and triples read into columns of numbers.

`Values` says which literals of a dictionary are equal by value, and which have a text that their datatype forbids.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import chain, count, repeat
from operator import methodcaller
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from citygraph import rdf
from citygraph.errors import ReasoningError
from citygraph.messages import sentence
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Term, Triple
from citygraph.reason.columnar.relations import Column, Columns, Ids, Pairs, high, low, pack, repeat_ranges, unique
from citygraph.reason.datatypes import ILL_TYPED, LiteralValue, is_datatype, is_inside, value_of

Flags: TypeAlias = NDArray[np.uint8]

IRI: Final = ord("<")
BLANK: Final = ord("_")
LITERAL: Final = ord('"')

_PIECE: Final = 1 << 20
"""Bytes that are cut at a time: larger pieces leave the processor's cache and are slower."""

_MANY: Final = 1 << 14
"""Terms that are checked at a time, for the same reason."""

# The part of the N-Triples grammar that needs no unescaping, over whole lists with one term a line;
# whatever else is valid takes the slow path. The quantifiers never step back, so time and stack stay small.
_PLAIN_LITERALS: Final = re.compile(rb'(?:"[^"\\\r\n]*+"(?:@[a-zA-Z]++(?:-[a-zA-Z0-9]++)*+|\^\^<[^<>\r\n]*+>)?\n)*+')
_PLAIN_LABELS: Final = re.compile(rb"(?:_:[A-Za-z0-9]+\n)*+")
_DATATYPE: Final = re.compile(rb'"\^\^<([^<>\n]*)>\n')
_XSD_STRING: Final = b"http://www.w3.org/2001/XMLSchema#string"


class Dictionary:
    """Every term once, numbered in the order of appearance.

    A term is kept as its N-Triples text in UTF-8. IRIs, blank nodes and literals share the numbers.
    """

    def __init__(self) -> None:
        self._numbers: defaultdict[bytes, int] = defaultdict(count().__next__)
        self._texts: list[bytes] = []
        self._kinds: Flags = np.empty(0, np.uint8)

    def __len__(self) -> int:
        """How many terms have a number."""
        return len(self._numbers)

    def number(self, text: str) -> int:
        """The number of a term, given as N-Triples; a new one if the term is new."""
        return self._numbers[text.encode()]

    def known(self, text: str) -> int | None:
        """The number of a term, or None when the term has none yet."""
        return self._numbers.get(text.encode())

    def texts(self) -> list[bytes]:
        """All terms, by number."""
        if len(self._texts) != len(self._numbers):
            self._texts = list(self._numbers)
        return self._texts

    def text(self, number: int) -> str:
        """The N-Triples text of one term."""
        return self.texts()[number].decode()

    def kinds(self) -> Flags:
        """IRI, BLANK or LITERAL for every term, by number."""
        done = len(self._kinds)
        if done != len(self._numbers):
            new = self.texts()[done:]
            first = np.frombuffer(b"".join(map(methodcaller("__getitem__", slice(0, 1)), new)), np.uint8)
            self._kinds = np.concatenate((self._kinds, first))
        return self._kinds

    def terms(self, numbers: Iterable[int]) -> list[Term]:
        """The terms behind these numbers."""
        texts = self.texts()
        return [_read(texts[number]) for number in numbers]

    def extend(self, texts: Iterable[bytes]) -> Ids:
        """The numbers of many terms at once."""
        return np.fromiter(map(self._numbers.__getitem__, texts), np.uint32)

    def getter(self) -> Callable[[bytes], int]:
        """A function from a term's text to its number, for long loops."""
        return self._numbers.__getitem__

    def forget_from(self, size: int) -> None:
        """Take back the terms numbered from `size` on; used when a document turns out to be no RDF."""
        for text in list(self._numbers)[size:]:
            del self._numbers[text]
        self._numbers.default_factory = count(size).__next__
        self._texts = []
        self._kinds = self._kinds[:size]


def encode_terms(triples: Iterable[Triple] | Iterable[Quad], dictionary: Dictionary) -> Columns:
    """Triples or quads of pyoxigraph as columns; blank nodes keep their names.

    Statements about a triple term (RDF 1.2) are passed over: no rule of OWL 2 RL reads or concludes them.
    """
    number = dictionary.getter()
    seen: dict[object, int] = {}

    def numbers() -> Iterator[int]:
        for triple in triples:
            if isinstance(triple.object, Triple):
                continue
            for term in (triple.subject, triple.predicate, triple.object):
                found = seen.get(term)
                if found is None:
                    found = seen[term] = number(str(term).encode())
                yield found

    return _columns(np.fromiter(numbers(), np.uint32))


def encode_file(path: Path, dictionary: Dictionary) -> Columns:
    """`encode_ntriples` for a file that need not fit into memory."""
    with path.open("rb") as file:
        columns = _encode_plain(iter(lambda: _whole_lines(file), b""), dictionary, lambda: _hash_of(path))
    return encode_ntriples(path.read_bytes(), dictionary) if columns is None else columns


def encode_ntriples(data: bytes, dictionary: Dictionary) -> Columns:
    """A document in N-Triples as columns; what is no N-Triples is refused.

    Each line is cut at its first two spaces and each distinct term is checked once: IRIs by oxigraph's own
    reader, literals and labels against the grammar. A document that is laid out differently, has comments
    or escapes, or is wrong, goes through the parser instead, which is three times slower and says where.
    Blank nodes are named as `rdf.parse` names them.

    Raises:
        ReasoningError: the document is not N-Triples; the message has line and column.
    """
    stream = BytesIO(data)
    columns = _encode_plain(
        iter(lambda: _whole_lines(stream), b""), dictionary, lambda: hashlib.sha256(data).hexdigest()
    )
    if columns is not None:
        return columns
    parsed = rdf.parse(data, format="nt")
    if parsed.problems:
        problem = parsed.problems[0]
        where = {"line": problem.line, "column": problem.column, "why": problem.message}
        raise ReasoningError(sentence("reasoner.not_ntriples", **where), fix=sentence("reasoner.write_ntriples"))
    return encode_terms(parsed.quads, dictionary)


def _columns(numbers: Ids) -> Columns:
    return Columns(*(np.ascontiguousarray(numbers[i::3]) for i in range(3)))


def _whole_lines(stream: BinaryIO) -> bytes:
    """The next piece of a document, up to the end of a line."""
    piece = stream.read(_PIECE)
    return piece + stream.readline() if piece else piece


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _encode_plain(pieces: Iterable[bytes], dictionary: Dictionary, name: Callable[[], str]) -> Columns | None:
    """The columns of a document; None, and no trace in the dictionary, when a line or a term is not plain."""
    size = len(dictionary)
    numbers = _cut(pieces, dictionary)
    texts = dictionary.texts()
    if numbers is not None and all(_all_plain(texts[i : i + _MANY]) for i in range(size, len(texts), _MANY)):
        kinds = dictionary.kinds()
        if len(numbers) and (kinds[numbers] == BLANK).any():
            numbers = _rename_labels(numbers, name(), dictionary)
            kinds = dictionary.kinds()
        columns = _columns(numbers)
        if not (kinds[columns.predicates] != IRI).any() and not (kinds[columns.subjects] == LITERAL).any():
            return columns
    dictionary.forget_from(size)
    return None


def _cut(pieces: Iterable[bytes], dictionary: Dictionary) -> Ids | None:
    """The numbers of all terms in their order; None when some line has another layout."""
    number = dictionary.getter()
    found: list[Ids] = []
    for piece in pieces:
        lines = piece.split(b" .\n")
        if lines.pop():
            return None
        words = chain.from_iterable(map(bytes.split, lines, repeat(b" "), repeat(2)))
        numbers = np.fromiter(map(number, words), np.uint32)
        if len(numbers) != 3 * len(lines):
            return None
        found.append(numbers)
    return np.concatenate(found) if found else np.empty(0, np.uint32)


def _all_plain(texts: list[bytes]) -> bool:
    """Whether every new term is valid and written without escapes; whole lists at a time, for speed."""
    if b"" in texts:
        return False
    iris = [text for text in texts if text[0] == IRI]
    literals = [text for text in texts if text[0] == LITERAL]
    labels = [text for text in texts if text[0] not in b'<"'] if len(iris) + len(literals) < len(texts) else []
    try:
        datatypes = _datatypes(literals)
        names = _names(iris)
        # oxigraph's own reader judges IRIs; the object itself is not kept.
        for checked in map(Iri, chain(names, (datatype.decode() for datatype in datatypes))):
            del checked
        return _XSD_STRING not in datatypes and _PLAIN_LABELS.fullmatch(_lines(labels)) is not None
    except ValueError:
        return False


def _lines(texts: list[bytes]) -> bytes:
    """The terms with one on each line."""
    lines = b"\n".join([*texts, b""])
    if lines.count(b"\n") != len(texts):
        message = "a term with a line break in it"
        raise ValueError(message)
    return lines


def _datatypes(literals: list[bytes]) -> set[bytes]:
    """The datatypes of literals, all of which must be plain."""
    lines = _lines(literals)
    lines.decode()
    if _PLAIN_LITERALS.fullmatch(lines) is None:
        message = "a literal that is wrong, or written with escapes"
        raise ValueError(message)
    return set(_DATATYPE.findall(lines))


def _names(iris: list[bytes]) -> list[str]:
    """IRIs without their brackets."""
    if not iris:
        return []
    # No IRI has a bracket in it, so the cuts are right whenever their number is.
    names = _lines(iris)[1:-2].decode().split(">\n<")
    if len(names) != len(iris) or iris[-1][-1] != ord(">"):
        message = "an IRI without its bracket"
        raise ValueError(message)
    return names


def _rename_labels(numbers: Ids, name: str, dictionary: Dictionary) -> Ids:
    """Give the blank nodes of one document names that no other document uses, as `rdf.parse` does."""
    blank = dictionary.kinds() == BLANK
    used, first = np.unique(numbers[blank[numbers]], return_index=True)
    stem = f"_:b{name[:12]}"
    final = np.arange(len(blank), dtype=np.uint32)
    final[used[np.argsort(first)]] = dictionary.extend(f"{stem}n{i}".encode() for i in range(len(used)))
    return final[numbers]


def _read(text: bytes) -> Term:
    """One term from its N-Triples text."""
    if text[0] == IRI:
        return Iri(text[1:-1].decode())
    if text[0] == BLANK:
        return BlankNode(text[2:].decode())
    if text[-1] == LITERAL and b"\\" not in text:
        return Literal(text[1:-1].decode())
    # Only the parser knows every escape, and it keeps the case of a language tag.
    term: Term = rdf.parse(b"<x:s> <x:p> " + text + b" .\n", format="nt").quads[0].object
    return term


_XSD: Final = b"^^<http://www.w3.org/2001/XMLSchema#"
_CAPITAL_TAG: Final = re.compile(rb'.*"@[a-zA-Z0-9-]*[A-Z][a-zA-Z0-9-]*', re.DOTALL)
_CANONICAL_INTEGERS: Final = re.compile(rb'(?:"(?:0|-?[1-9][0-9]*)")*')
_UNBOUNDED: Final = b"integer>"
_STRING_TYPES: Final = frozenset({b"normalizedString>", b"token>", b"language>", b"Name>", b"NCName>", b"NMTOKEN>"})


class Values:
    """A second key for literals: the number of the first literal with the same value."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._done = 0
        self._seen: dict[LiteralValue, int] = {}
        self._integers_seen = False
        self._pending: list[int] = []
        self._awaited: dict[bytes, int] = {}
        self.ill_typed: list[int] = []
        self.twins: Pairs = np.empty(0, np.uint64)
        """(key, literal) of every group of two or more literals with one value; sorted."""
        self._key_of: dict[int, int] = {}

    def update(self) -> bool:
        """Take in the literals that are new in the dictionary. Whether a new group of twins came of it."""
        texts = self._dictionary.texts()
        if self._done == len(texts):
            return False
        kinds = self._dictionary.kinds()[self._done :]
        literals = (np.flatnonzero(kinds == LITERAL) + self._done).tolist()
        self._done = len(texts)
        by_type: dict[bytes, list[int]] = defaultdict(list)
        for number in literals:
            text = texts[number]
            # A plain literal ends with its quote and is its own value.
            if self._awaited and text in self._awaited:
                by_type[b"awaited"].append(number)
            elif text[-1] == LITERAL:
                continue
            elif text[-1] == ord(">"):
                by_type[text[text.rindex(b'"') + 1 :]].append(number)
            elif _CAPITAL_TAG.fullmatch(text):
                by_type[b"@"].append(number)
        before = len(self.twins)
        self._sort_out(by_type, texts)
        return len(self.twins) != before

    def _sort_out(self, by_type: dict[bytes, list[int]], texts: list[bytes]) -> None:
        groups: list[tuple[int, int]] = []
        groups += ((self._awaited[texts[number]], number) for number in by_type.pop(b"awaited", ()))
        for suffix, numbers in by_type.items():
            name = suffix.removeprefix(_XSD)
            if name == _UNBOUNDED and self._only_integers(numbers, texts):
                self._pending += numbers
                continue
            if suffix != b"@" and not is_datatype(suffix[2:].decode()):
                continue
            if name != suffix and (name.endswith(b"nteger>") or name in _NUMBERS):
                self._compare_pending(texts, groups)
            for number in numbers:
                self._place(number, texts, groups, plain=suffix == b"@" or name in _STRING_TYPES)
        if groups:
            rows = np.array(groups, np.uint32)
            keys = unique(np.concatenate((self.twins, pack(rows[:, 0], rows[:, 1]), pack(rows[:, 0], rows[:, 0]))))
            self.twins = keys
            self._key_of = dict(zip(low(keys).tolist(), high(keys).tolist(), strict=True))

    def _only_integers(self, numbers: list[int], texts: list[bytes]) -> bool:
        """Whether these xsd:integer literals are all written in the one canonical way, so that none are equal."""
        if self._integers_seen:
            return False
        cut = len(_XSD) + len(_UNBOUNDED)
        return _CANONICAL_INTEGERS.fullmatch(b"".join([texts[n][:-cut] for n in numbers])) is not None

    def _compare_pending(self, texts: list[bytes], groups: list[tuple[int, int]]) -> None:
        """Read the canonical integers after all: another numeric datatype has come up."""
        self._integers_seen = True
        pending, self._pending = self._pending, []
        for number in pending:
            self._place(number, texts, groups, plain=False)

    def _place(self, number: int, texts: list[bytes], groups: list[tuple[int, int]], *, plain: bool) -> None:
        text = texts[number].decode()
        value = value_of(text)
        if value is None:
            return
        if value is ILL_TYPED:
            self.ill_typed.append(number)
            return
        if plain:
            # Literals of this value space are mostly plain ones, which are not read one by one.
            start, _, end = text.rpartition('"')
            usual = f'{start}"' + (end.lower() if end.startswith("@") else "")
            twin = self._dictionary.known(usual)
            if twin is not None and twin != number:
                first = self._seen.setdefault(value, min(twin, number))
                groups += ((first, twin), (first, number))
                return
            self._awaited.setdefault(usual.encode(), number)
        first = self._seen.setdefault(value, number)
        if first != number:
            groups.append((first, number))

    def key_of(self, number: int) -> int:
        """The number that stands for all literals with the value of this one."""
        return self._key_of.get(number, number)

    def keys_of(self, numbers: Ids) -> Ids:
        """`key_of` for a whole column."""
        if len(self.twins) == 0:
            return numbers
        literals = low(self.twins)
        order = np.argsort(literals)
        places = np.searchsorted(literals[order], numbers)
        places[places == len(order)] = 0
        hits = literals[order][places] == numbers
        return np.where(hits, high(self.twins)[order][places], numbers).astype(np.uint32)

    def spellings(self, number: int) -> list[int]:
        """Every literal with the value of this one, itself included."""
        key = self._key_of.get(number)
        if key is None:
            return [number]
        heads = high(self.twins)
        start, end = np.searchsorted(heads, key), np.searchsorted(heads, key, side="right")
        found: list[int] = low(self.twins)[start:end].tolist()
        return found

    def with_spellings(self, numbers: Ids) -> tuple[Column, Ids]:
        """Each literal replaced by all its spellings: the row each came from, and the column."""
        keys = self.keys_of(numbers)
        heads = high(self.twins)
        starts = np.searchsorted(heads, keys)
        counts = np.searchsorted(heads, keys, side="right") - starts
        alone = counts == 0
        counts[alone] = 1
        origin = np.repeat(np.arange(len(numbers)), counts)
        places = repeat_ranges(starts, counts, int(counts.sum()))
        answer = numbers[origin]
        hit = ~alone[origin]
        answer[hit] = low(self.twins)[places[hit]]
        return origin, answer

    def differ(self, one: int, other: int) -> bool:
        """Whether two literals surely denote different values."""
        if one == other or self.key_of(one) == self.key_of(other):
            return False
        values = [value_of(self._dictionary.text(n)) for n in (one, other)]
        return None not in values and ILL_TYPED not in values and values[0] != values[1]

    def outside(self, number: int, datatype: str) -> bool:
        """Whether a literal is surely no value of the datatype."""
        return not is_inside(self._dictionary.text(number), datatype)


_NUMBERS: Final = frozenset(
    {b"decimal>", b"long>", b"int>", b"short>", b"byte>", b"unsignedLong>"}
    | {b"unsignedInt>", b"unsignedShort>", b"unsignedByte>"}
)
