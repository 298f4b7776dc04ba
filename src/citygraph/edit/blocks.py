"""The smallest change of a Turtle file: only the blocks that say something else are written anew, and no comment is lost.

A block is everything that a file says of one subject in one place. The text outside of the blocks that change stays as it
is, byte for byte, but for `@prefix` lines that a new name needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from citygraph.edit.facts import StatementChange
from citygraph.errors import EditError
from citygraph.graphs import TermResolver
from citygraph.lexer import TURTLE, Token, tokens
from citygraph.messages import sentence
from citygraph.namespaces import PREFIXES, RDF_TYPE, Curies
from citygraph.rdf import Iri, Literal, Quad, Term, Triple, canonical_hash, parse
from citygraph.turtle.document import Block, Pair, TurtleError, WrittenTerm, read_document
from citygraph.turtle.layout import write_block

_XSD: Final = PREFIXES["xsd"]
_INTEGER: Final = re.compile(r"(?:0|-?[1-9][0-9]*)\Z")
_LAST: Final = (PREFIXES["rdfs"] + "comment", PREFIXES["prov"] + "wasDerivedFrom")
"""What stands at the end of a block; new lines go before it."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a block stands in the text, from its subject to its dot, and what it is about."""

    start: int
    end: int
    subject: str


class EditableTurtle:
    """The text of a Turtle file, and where its blocks are."""

    def __init__(self, name: str, text: str) -> None:
        """Find the blocks of a file.

        Args:
            name: its path from the project folder, for messages.
            text: what it holds, with its own line ends; empty for a new file.

        Raises:
            EditError: it uses something that cannot be changed by program.
        """
        self.name = name
        self._mark = "\ufeff" if text.startswith("\ufeff") else ""
        self.text = text.removeprefix(self._mark)
        text = self.text
        self.newline = "\r\n" if text.count("\r\n") > text.count("\n") / 2 else "\n"
        try:
            self._header = read_document(text)
        except TurtleError as error:
            message = sentence("edit.file_syntax", file=name, line=error.line, why=error.message)
            raise EditError(message, fix=sentence("edit.next.check"), line=error.line) from error
        self._resolver = TermResolver(self._header.prefixes, self._header.base)
        self._spans, self._header_end = self._scan()

    def _scan(self) -> tuple[list[_Span], int]:
        spans: list[_Span] = []
        header_end, depth, directive = 0, 0, False
        first: Token | None = None
        for token in tokens(self.text, TURTLE):
            if token.kind == "comment":
                continue
            if first is None:
                first, depth = token, 0
                word = token.text.lower().lstrip("@")
                directive = token.kind in {"directive", "word"} and word in {"prefix", "base"}
            if token.kind == "mark":
                depth += (token.text in "[(") - (token.text in "])")
            is_sparql = directive and first.kind == "word" and token.kind == "iri"
            if (token.kind == "mark" and token.text == "." and depth == 0) or is_sparql:
                if directive:
                    # A prefix that comes later holds for what comes later.
                    header_end = header_end if spans else token.end
                else:
                    spans.append(_Span(first.start, token.end, self._subject(first)))
                first = None
        return spans, header_end

    def _subject(self, token: Token) -> str:
        return self._resolver.term(WrittenTerm(token.text)) if token.kind in {"iri", "pname"} else ""

    def changed(self, difference: StatementChange, *, prefixes: Mapping[str, str], after: str = "") -> str:
        """The text with some statements less and some more.

        Args:
            difference: what goes and what comes; what goes and does not stand here is left alone.
            prefixes: how names are shortened that the file has no prefix for.
            after: the thing behind whose block new blocks go; at the end of the file without it.

        Raises:
            EditError: the file cannot be changed in that way; it stays as it is.
        """
        own = {name: iri[1:-1] for name, iri in self._header.prefixes.items()}
        curies = Curies({**prefixes, **own})
        goes: dict[str, list[Triple]] = {}
        comes: dict[str, list[Triple]] = {}
        for said, groups in ((difference.removed, goes), (difference.added, comes)):
            for each in said:
                groups.setdefault(str(each.subject), []).append(each)
        changed: list[tuple[int, int, str]] = []
        for span in self._spans:
            here = [each for each in goes.get(span.subject, ()) if self._states(span, each)]
            more = comes.pop(span.subject, [])
            if here or more:
                new = self._rewritten(span, here, more, curies)
                changed.append((span.start, span.end, new) if new else self._without(span))
        blocks = [_new_block(triples, curies) for triples in comes.values()]
        if blocks:
            changed.append(self._inserted(blocks, after))
        text = self._spliced([*self._prefixes(curies, own, prefixes), *changed])
        self._verify(text, difference)
        return self._mark + text

    def _spliced(self, pieces: list[tuple[int, int, str]]) -> str:
        """The text with each piece in place of what stands from one character to another, those of one place in order."""
        parts: list[str] = []
        at = 0
        for start, end, new in sorted(pieces, key=lambda piece: piece[0]):
            parts += [self.text[at:start], _with_line_ends(new, self.newline)]
            at = end
        return "".join([*parts, self.text[at:]])

    def _states(self, span: _Span, triple: Triple) -> bool:
        block = self._block(span)
        return any(self._is(pair, triple) for pair in block.pairs)

    def _block(self, span: _Span) -> Block:
        return read_document(self.text[span.start : span.end]).blocks[0]

    def _is(self, pair: Pair, triple: Triple) -> bool:
        if pair.object.items is not None or pair.object.pairs is not None:
            return False
        return self._resolver.term(pair.predicate) == str(triple.predicate) and self._resolver.term(pair.object) == str(
            triple.object
        )

    def _rewritten(self, span: _Span, goes: Sequence[Triple], comes: Sequence[Triple], curies: Curies) -> str:
        """A block with some statements less and some more; a new value stands where the old one of its property stood."""
        block = self._block(span)
        waiting = list(comes)
        left: list[str] = []
        pairs: list[Pair] = []
        for pair in block.pairs:
            if any(self._is(pair, each) for each in goes):
                predicate = self._resolver.term(pair.predicate)
                new = next((each for each in waiting if str(each.predicate) == predicate), None)
                if new is None:
                    left += [*pair.comments, *([pair.trailing] if pair.trailing else [])]
                    continue
                waiting.remove(new)
                pair.object = _pair(new, curies).object
            pair.comments = [*left, *pair.comments]
            left = []
            pairs.append(pair)
        for triple in waiting:
            self._place(pairs, triple, curies)
        if left and pairs:
            pairs[-1].comments += left
        if not pairs:
            # A remark ends with its line: what stood behind the dot begins another.
            behind = self.text[span.end :].partition("\n")[0].strip()
            return "\n".join([*block.comments, *left, *([""] if behind and (block.comments or left) else [])])
        return write_block(Block(block.subject, pairs, [*block.comments]))

    def _without(self, span: _Span) -> tuple[int, int, str]:
        """The piece that takes a whole block out, with the empty line that kept it apart."""
        behind = re.compile(r"[^\S\n]*\n\s*").match(self.text, span.end)
        end = behind.end() if behind else span.end
        if end < len(self.text) or not self.text[: span.start].strip():
            return span.start, end, ""
        return len(self.text[: span.start].rstrip()), end, "\n"

    def _place(self, pairs: list[Pair], triple: Triple, curies: Curies) -> None:
        """Put a statement behind those of the same property, else before what ends a block, else last."""
        new = _pair(triple, curies)
        predicate = str(triple.predicate)
        same = [at for at, pair in enumerate(pairs) if self._resolver.term(pair.predicate) == predicate]
        if same:
            pairs.insert(same[-1] + 1, new)
            return
        closing = _LAST[_LAST.index(triple.predicate.value) + 1 :] if triple.predicate.value in _LAST else _LAST
        ends = {f"<{each}>" for each in closing}
        at = next((at for at, pair in enumerate(pairs) if self._resolver.term(pair.predicate) in ends), len(pairs))
        pairs.insert(at, new)

    def _inserted(self, blocks: Sequence[str], after: str) -> tuple[int, int, str]:
        """New blocks, one empty line around each, behind the last block about `after`, else at the end."""
        ends = [span.end for span in self._spans if span.subject == f"<{after}>"] if after else []
        text = "\n\n".join(blocks)
        if ends:
            # A remark behind the dot stays with its block.
            at = re.compile(r"[^\n]*").match(self.text, ends[-1])
            place = at.end() if at else ends[-1]
            place -= self.text[:place].endswith("\r")
            if any(span.start < place < span.end for span in self._spans):
                # Of two blocks in one line the second begins behind the first.
                return ends[-1], ends[-1], f"\n\n{text}\n\n"
            rest = re.compile(r"\s*").match(self.text, place)
            is_last = rest is not None and rest.end() == len(self.text)
            return (place, len(self.text), f"\n\n{text}\n") if is_last else (place, place, f"\n\n{text}")
        body = self.text.rstrip()
        # A remark at the end stands with what comes, as the project's style has it.
        apart = "" if not body else "\n" if body.rpartition("\n")[2].startswith("#") else "\n\n"
        return len(body), len(self.text), f"{apart}{text}\n"

    def _prefixes(
        self, curies: Curies, own: Mapping[str, str], prefixes: Mapping[str, str]
    ) -> list[tuple[int, int, str]]:
        """The `@prefix` lines that new names need, in the order of the alphabet where the others are."""
        new = sorted(name for name in curies.used if name not in own)
        lines = [(name, f"@prefix {name}: <{prefixes[name]}> .") for name in new]
        if not lines:
            return []
        if not own or not self._header_end:
            place = self._header_end
            together = "\n".join(line for _, line in lines)
            return [(place, place, f"\n{together}" if place else f"{together}\n\n")]
        starts = {
            match[1]: match.start()
            for match in re.finditer(r"(?im)^[ \t]*@?prefix[ \t]+([\w.\-]*):", self.text[: self._header_end])
        }
        pieces = []
        for name, line in lines:
            later = [start for other, start in starts.items() if other > name]
            if later:
                pieces.append((min(later), min(later), f"{line}\n"))
            else:
                pieces.append((self._header_end, self._header_end, f"\n{line}"))
        return pieces

    def _verify(self, text: str, difference: StatementChange) -> None:
        """Refuse a text that says anything but what is wanted, or that lost a comment.

        Raises:
            EditError: it does, so that the file cannot be changed by program.
        """
        before, after = (parse(each.encode(), format="ttl") for each in (self.text, text))
        gone = {_quad(each) for each in difference.removed}
        wanted = [quad for quad in before.quads if quad not in gone] + [_quad(each) for each in difference.added]
        same_comments = sorted(_comments(self.text)) == sorted(_comments(text))
        if after.problems or canonical_hash(after.quads) != canonical_hash(wanted) or not same_comments:
            raise EditError(sentence("edit.file_shape", file=self.name), fix=sentence("edit.next.format"))


def _with_line_ends(text: str, newline: str) -> str:
    """A text with these line ends between its words; those inside of a string are part of what is said, and stay."""
    parts: list[str] = []
    at = 0
    for token in tokens(text, TURTLE):
        parts += [re.sub(r"\r?\n", newline, text[at : token.start]), token.text]
        at = token.end
    return "".join([*parts, re.sub(r"\r?\n", newline, text[at:])])


def _quad(triple: Triple) -> Quad:
    return Quad(triple.subject, triple.predicate, triple.object)


def _comments(text: str) -> list[str]:
    return [token.text.rstrip() for token in tokens(text, TURTLE) if token.kind == "comment"]


def _new_block(triples: Iterable[Triple], curies: Curies) -> str:
    said = list(triples)
    subject = WrittenTerm(_written(said[0].subject, curies))
    pairs = [_pair(each, curies) for each in said]
    return write_block(Block(subject, pairs, []))


def _pair(triple: Triple, curies: Curies) -> Pair:
    is_type = triple.predicate.value == RDF_TYPE
    predicate = f"<{RDF_TYPE}>" if is_type else _written(triple.predicate, curies)
    return Pair(WrittenTerm(predicate), WrittenTerm(_written(triple.object, curies)))


def _written(term: Term, curies: Curies) -> str:
    """A term as our files write it."""
    if isinstance(term, Iri):
        return curies.of(term.value)
    if isinstance(term, Literal) and not term.language:
        kind = term.datatype.value.removeprefix(_XSD)
        if (kind == "integer" and _INTEGER.match(term.value)) or (
            kind == "boolean" and term.value in {"true", "false"}
        ):
            return term.value
        if kind != "string":
            return f"{Literal(term.value)}^^{curies.of(term.datatype.value)}"
    return str(term)
