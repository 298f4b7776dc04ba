"""Turtle files in today's words: the edits to make in each, and the proof that nothing else changes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final

from citygraph.errors import ConfigError
from citygraph.lexer import TURTLE, tokens
from citygraph.matching.names import slug
from citygraph.messages import sentence
from citygraph.migrate.words import (
    ACTIVITY,
    AIM,
    DCT_TYPE,
    KIND,
    PREDICATE,
    PURPOSE,
    RELATES,
    LeftOver,
    Replacement,
    change_of,
    expanded,
    old_word,
)
from citygraph.namespaces import CG, CONCEPT, PREFIXES, compress
from citygraph.rdf import Iri, Literal, Quad, canonical_hash, parse
from citygraph.turtle.document import Block, Pair, WrittenTerm, read_document

_RDF: Final = PREFIXES["rdf"]
_SUBJECT, _OBJECT = _RDF + "subject", _RDF + "object"
_SOURCE: Final = PREFIXES["prov"] + "wasDerivedFrom"
CODES: Final = "codes.ttl"
"""The roles and codes that every project has a copy of, and may have settings of its own in."""
_INDENT: Final = "    "
_PREFIX: Final = re.compile(r"(?im)^@?prefix[ \t]+([\w-]*):[^\n]*(?:\n|\Z)")


@dataclass(slots=True)
class TurtleFile:
    """One Turtle file: its text, what it says, and the edits to make, by the place where each begins."""

    name: str
    text: str
    prefixes: dict[str, str] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    edits: list[tuple[int, int, str]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    added: list[tuple[str, str, str]] = field(default_factory=list)
    appended: list[str] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _missing: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the blocks.

        Raises:
            TurtleError: it is no Turtle that can be edited here.
        """
        document = read_document(self.text)
        self.prefixes = {name: iri[1:-1] for name, iri in document.prefixes.items()}
        self.blocks = document.blocks
        self._starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", self.text))]

    def iri(self, term: WrittenTerm) -> str:
        """The address that a term stands for; empty for anything else."""
        return expanded(term.text, self.prefixes)

    def said(self, iri: str) -> str:
        """How an address is written in this file, which gets the prefix of ours that it lacks."""
        written = compress(iri, {**self.prefixes, **self._missing})
        if written.startswith("<"):
            written = compress(iri, {name: each for name, each in PREFIXES.items() if name not in self.prefixes})
            name = written.partition(":")[0]
            if name in PREFIXES:
                self._missing[name] = PREFIXES[name]
        return written

    def place(self, term: WrittenTerm) -> int:
        """Where a term begins."""
        return self._starts[term.line - 1] + term.column - 1

    def replace(self, term: WrittenTerm, new: str) -> None:
        """Write something else in place of a term."""
        start = self.place(term)
        self.edits.append((start, start + len(term.text), new))

    def add_behind(self, pair: Pair, predicate: str, object_: str) -> None:
        """One more statement behind another one about the same subject."""
        end = self.place(pair.object) + len(pair.object.text)
        self.edits.append((end, end, f" ;\n{_INDENT}{self.said(predicate)} {self.said(object_)}"))

    def write_between(self, before: Pair, pair: Pair, predicate: str) -> None:
        """Make a list of objects end between two of them, and go on with another predicate."""
        start, end = self.place(before.object) + len(before.object.text), self.place(pair.object)
        (comma,) = (token for token in tokens(self.text[start:end], TURTLE) if token.text == ",")
        self.edits += [(start + comma.start, start + comma.end, ";"), (end, end, f"{self.said(predicate)} ")]

    def end_of(self, block: Block) -> int:
        """The place behind the dot of a block."""
        depth = 0
        start = self.place(block.subject)
        for token in tokens(self.text[start:], TURTLE):
            depth += (token.text in {"[", "("}) - (token.text in {"]", ")"}) if token.kind == "mark" else 0
            if token.kind == "mark" and token.text == "." and not depth:
                return start + token.end
        return len(self.text)

    def edited(self) -> str:
        """The text with its edits."""
        text, newline = self.text, "\r\n" if "\r\n" in self.text else "\n"
        for start, end, new in sorted(self.edits, key=lambda each: each[:2], reverse=True):
            text = text[:start] + new.replace("\n", newline) + text[end:]
        if self.appended:
            added = "".join(f"\n{block}\n" for block in self.appended)
            text = text.rstrip() + newline + added.replace("\n", newline)
        for name, iri in sorted(self._missing.items()):
            behind = [match for match in _PREFIX.finditer(text) if match[1] > name]
            at = behind[0].start() if behind else max((match.end() for match in _PREFIX.finditer(text)), default=0)
            text = f"{text[:at]}@prefix {name}: <{iri}> .{newline}{text[at:]}"
        return text


class TurtleRewrite:
    """All Turtle files of a project at once: a claim in one file tells of what kind a statement in another is."""

    def __init__(self, files: Sequence[TurtleFile], table: Mapping[str, Replacement], base: str) -> None:
        self._files, self._table, self._base = files, table, base
        self.left: list[LeftOver] = []
        self._claimed: set[tuple[str, str, str]] = set()
        self._used: set[str] = set()
        self.aims: set[str] = set()
        self._kinds: dict[str, dict[str, TurtleFile]] = defaultdict(dict)
        self._blocks: dict[str, tuple[TurtleFile, Block]] = {}
        self._sources: dict[str, list[str]] = defaultdict(list)
        for file in files:
            for block in file.blocks:
                subject = file.iri(block.subject)
                self._used.add(subject)
                self._blocks.setdefault(subject, (file, block))
                said = [(file.iri(pair.predicate), file.iri(pair.object)) for pair in block.pairs]
                self._sources[subject] += [object_ for predicate, object_ in said if predicate == _SOURCE]
                self.aims |= {object_ for predicate, object_ in said if predicate == AIM}
                about = dict(said)
                if PREDICATE in about:
                    self._claimed.add((about.get(_SUBJECT, ""), about[PREDICATE], about.get(_OBJECT, "")))

    def rewrite(self) -> None:
        """Find every place, and note what is to be written there."""
        for file in self._files:
            for block in file.blocks:
                self._block(file, block)
        for concept, kinds in sorted(self._kinds.items()):
            self._say_kind(concept, kinds)

    def _block(self, file: TurtleFile, block: Block) -> None:
        about = {file.iri(pair.predicate): file.iri(pair.object) for pair in block.pairs}
        if file.iri(block.subject) in self._table:
            self._leave(file, block.subject, "migrate.as_subject")
        # The objects of one predicate, as it is written once.
        for _, group in groupby(block.pairs, key=lambda pair: id(pair.predicate)):
            pairs = list(group)
            old = file.iri(pairs[0].predicate)
            if old in self._table:
                self._statements(file, block, pairs)
            elif old == PREDICATE and len(pairs) == 1 and file.iri(pairs[0].object) in self._table:
                self._claim(file, pairs[0], about.get(_OBJECT, ""))
            else:
                for pair in pairs:
                    self._inside(file, pair.object)

    def _inside(self, file: TurtleFile, term: WrittenTerm) -> None:
        """Name the old words in brackets, in lists, and as values of other properties."""
        if file.iri(term) in self._table and file.iri(term) != PURPOSE:
            self._leave(file, term, "migrate.as_value")
        for item in term.items or ():
            self._inside(file, item)
        for pair in term.pairs or ():
            if file.iri(pair.predicate) in self._table:
                self._leave(file, pair.predicate, "migrate.in_brackets")
            self._inside(file, pair.object)

    def _leave(self, file: TurtleFile, term: WrittenTerm, why: str) -> None:
        self.left.append(LeftOver(file.name, term.line, compress(file.iri(term)), sentence(why)))

    def _new(self, old: str, object_: str) -> Replacement:
        is_aim = old == PURPOSE and object_ in self.aims
        return Replacement(AIM) if is_aim else self._table[old]

    def _statements(self, file: TurtleFile, block: Block, pairs: Sequence[Pair]) -> None:
        """Statements with an old property, which is replaced where it is written, once for all its objects.

        An aim among themes gets its own property behind the one before it.
        """
        old, subject = file.iri(pairs[0].predicate), file.iri(block.subject)
        if not subject or not all(file.iri(pair.object) for pair in pairs):
            self._leave(file, pairs[0].predicate, "migrate.no_name")
            return
        said = ""
        for number, pair in enumerate(pairs):
            object_ = file.iri(pair.object)
            new = self._new(old, object_)
            if not number:
                file.replace(pair.predicate, file.said(new.property))
            elif new.property != said:
                file.write_between(pairs[number - 1], pair, new.property)
            said = new.property
            file.done[change_of(old, new)] += 1
            if new.property == ACTIVITY:
                self._kinds[object_].setdefault(new.kind, file)
            elif new.kind and (subject, old, object_) not in self._claimed:
                self._write_claim(file, block, object_, new)

    def _claim(self, file: TurtleFile, pair: Pair, object_: str) -> None:
        old = file.iri(pair.object)
        new = self._new(old, object_)
        file.replace(pair.object, file.said(new.property))
        file.done[change_of(old, new)] += 1
        if new.property == ACTIVITY:
            self._kinds[object_].setdefault(new.kind, file)
        elif new.kind:
            start = file.place(pair.object) + len(pair.object.text)
            file.edits.append((start, start, f" ;\n{_INDENT}{file.said(KIND)} {file.said(new.kind)}"))
            file.added.append(("", KIND, new.kind))

    def _write_claim(self, file: TurtleFile, block: Block, object_: str, new: Replacement) -> None:
        """A claim that says of what kind a statement is, with the sources of what it is about."""
        subject = file.iri(block.subject)
        kind = new.kind.removeprefix(CONCEPT + "relation-")
        name = slug(f"claim {_local(subject)} {kind} {_local(object_)}")
        iri = next(each for number in range(1, 10_000)
                   if (each := f"{self._base}id/{name}{f'-{number}' if number > 1 else ''}") not in self._used)  # fmt: skip
        self._used.add(iri)
        sources = list(dict.fromkeys(filter(None, self._sources[subject])))
        if not sources:
            self.left.append(LeftOver(file.name, block.subject.line, compress(iri), sentence("migrate.no_source")))
        said = [
            (_RDF + "type", CG + "Claim"),
            (_SUBJECT, subject),
            (PREDICATE, new.property),
            (_OBJECT, object_),
            (KIND, new.kind),
            (CG + "rank", CONCEPT + "rank-preferred"),
            (CG + "modality", CONCEPT + "modality-stated"),
            *((_SOURCE, source) for source in sources),
        ]
        (_, type_), *rest = said
        lines = [f"{_INDENT}{file.said(predicate)} {file.said(value)} ;\n" for predicate, value in rest]
        end = file.end_of(block)
        file.edits.append((end, end, f"\n\n{file.said(iri)} a {file.said(type_)} ;\n{''.join(lines)}."))
        file.added += [(iri, predicate, value) for predicate, value in said]
        file.done[f"+ {compress(iri)}"] += 1

    def _say_kind(self, concept: str, kinds: Mapping[str, TurtleFile]) -> None:
        """Say of a concept that an activity is of these kinds, where the concept is described, else where it is used."""
        described, block = self._blocks.get(concept, (None, None))
        for kind, used in sorted(kinds.items(), key=lambda each: each[0]):
            file, plain = described or used, _ends_of_statements(block) if block else []
            if not plain:
                file.appended.append(f"{file.said(concept)} {file.said(DCT_TYPE)} {file.said(kind)} .")
            else:
                file.add_behind(plain[-1], DCT_TYPE, kind)
            file.added.append((concept, DCT_TYPE, kind))
            file.done[f"+ {compress(DCT_TYPE)} {compress(kind)}"] += 1


def _ends_of_statements(block: Block) -> list[Pair]:
    """The statements behind which another can be written: of their own line, with a plain object."""
    followed = [*(id(pair.predicate) for pair in block.pairs[1:]), 0]
    return [
        pair
        for pair, after in zip(block.pairs, followed, strict=True)
        if pair.object.text and not pair.object.text.startswith(('"', "'")) and id(pair.predicate) != after
    ]


def _local(iri: str) -> str:
    return re.split(r"[/#]", iri)[-1]


def refuse_if_changed(file: TurtleFile, table: Mapping[str, Replacement], aims: set[str]) -> None:
    """Compare what a file says before and after, but for the words.

    Raises:
        ConfigError: something else would change.
    """
    before, after = (parse(each.encode(), format="ttl").quads for each in (file.text, file.edited()))
    wanted = [each for quad in before for each in _reworded(quad, table, aims)]
    wanted += [Quad(Iri(s), Iri(p), Iri(o)) for s, p, o in file.added if s]
    if canonical_hash(dict.fromkeys(wanted)) != canonical_hash(after):
        raise ConfigError(sentence("files.migrate_changes", file=file.name), fix=sentence("files.rebase_by_hand"))


def _reworded(quad: Quad, table: Mapping[str, Replacement], aims: set[str]) -> Iterator[Quad]:
    old = old_word(quad, table)
    if not old or isinstance(quad.object, Literal) or not isinstance(quad.subject, Iri):
        yield quad
    elif quad.predicate.value == old:
        named = AIM if old == PURPOSE and str(quad.object)[1:-1] in aims else table[old].property
        yield Quad(quad.subject, Iri(named), quad.object)
    else:
        yield Quad(quad.subject, quad.predicate, Iri(table[old].property))
        if table[old].kind and table[old].property == RELATES:
            yield Quad(quad.subject, Iri(KIND), Iri(table[old].kind))


# -- the copy of the vocabulary --------------------------------------------------------------------------


def take_over(file: TurtleFile, today: TurtleFile) -> None:
    """Bring a copy of one of our files up to date, block by block; what it has of its own stays as it is."""
    own = {file.iri(block.subject): block for block in file.blocks}
    is_codes = Path(file.name).name == CODES
    for block in today.blocks:
        subject = today.iri(block.subject)
        start, end = today.place(block.subject), today.end_of(block)
        text = _in_prefixes(today.text[start:end], today.prefixes, file.prefixes)
        if subject not in own:
            file.appended.append(text)
            file.done["+ new"] += 1
        elif is_codes:
            _fill_in(file, own[subject], today, block)
        elif (old := file.text[file.place(own[subject].subject) : file.end_of(own[subject])]) != text:
            start = file.place(own[subject].subject)
            file.edits.append((start, start + len(old), text))
            file.done[compress(subject)] += 1


def _fill_in(file: TurtleFile, own: Block, today: TurtleFile, block: Block) -> None:
    """Add what a role or code has not yet; what somebody has set otherwise in a copy stays."""
    broader = PREFIXES["skos"] + "broader"
    has = {(file.iri(pair.predicate), file.iri(pair.object) or pair.object.text) for pair in own.pairs}
    ends = _ends_of_statements(own)
    for pair in block.pairs:
        predicate, object_ = today.iri(pair.predicate), today.iri(pair.object)
        if predicate == broader and (predicate, object_) not in has and ends:
            file.add_behind(ends[-1], predicate, object_)
            file.done[f"+ {compress(predicate)} {compress(object_)}"] += 1


def _in_prefixes(text: str, today: Mapping[str, str], own: Mapping[str, str]) -> str:
    """The block with every name as the file writes it."""
    changed = [
        (token.start, token.end, compress(expanded(token.text, today), own))
        for token in tokens(text, TURTLE)
        if token.kind == "pname" and own.get(token.text.partition(":")[0]) != today.get(token.text.partition(":")[0])
    ]
    for start, end, new in reversed(changed):
        text = text[:start] + new + text[end:]
    return text
