"""The project's Turtle style: sorted prefixes, one block per subject, one statement per line.

Types come first and labels second; every line ends in ` ;` and the closing dot stands alone, so that
adding, changing or removing one statement is a difference of one line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from citygraph.turtle.document import Block, Document, Node, Pair

__all__ = ["write_block", "write_document", "write_pairs"]

_INDENT: Final = "    "
_WIDTH: Final = 110
_TYPES: Final = ("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>", "rdf:type", "a")
_LABELS: Final = (
    "skos:prefLabel", "rdfs:label", "foaf:name", "dct:title", "skos:altLabel", "skos:definition", "dct:description",
)  # fmt: skip
_RANKS: Final = {name: position for position, name in enumerate(["a", *_LABELS])}


def write_document(document: Document) -> str:
    """The document in the project's style; no term is rewritten, no comment is lost."""
    parts = ["\n".join(document.opening)] if document.opening else []
    header = [f"@base {document.base} ."] if document.base else []
    header += [f"@prefix {name}: {iri} ." for name, iri in sorted(document.prefixes.items())]
    if header:
        parts.append("\n".join(header))
    parts += [write_block(block) for block in _merged(document.blocks)]
    if document.closing:
        parts.append("\n".join(document.closing))
    return "\n\n".join(parts) + "\n" if parts else ""


def write_pairs(subject: str, types: list[str], rest: list[tuple[str, str]]) -> str:
    """A block without comments and brackets, from terms that are written already.

    Args:
        subject: what it is about.
        types: its types.
        rest: predicates and objects, those with the same predicate one after the other.
    """
    if len(rest) > 1:
        rest = sorted(rest, key=_rank)
    if types:
        first = f"{subject} a {' , '.join(types)}"
        if not rest:
            return f"{first} ."
        first += " ;"
    else:
        first = subject
        if len(rest) == 1:
            line = f"{first} {rest[0][0]} {rest[0][1]} ."
            if len(line) <= _WIDTH and "\n" not in line:
                return line
    lines = "".join([f"{_INDENT}{predicate} {object_} ;\n" for predicate, object_ in rest])
    return f"{first}\n{lines}."


def _rank(pair: tuple[str, str]) -> int:
    return _RANKS.get(pair[0], len(_RANKS))


def _merged(blocks: Iterable[Block]) -> list[Block]:
    """One block per named subject, at the place of its first block."""
    merged: dict[str, Block] = {}
    for number, block in enumerate(blocks):
        key = block.subject.text if block.subject.text not in {"", "[]"} else f"\0{number}"
        known = merged.get(key)
        if known is None:
            merged[key] = Block(block.subject, list(block.pairs), list(block.comments))
        else:
            known.pairs += block.pairs
            known.comments += block.comments
    return list(merged.values())


def write_block(block: Block) -> str:
    """One block in the project's style, without a line end."""
    comments = [f"{comment}\n" for comment in block.comments]
    return "".join(comments) + _subject_and_pairs(block)


def _subject_and_pairs(block: Block) -> str:
    subject = _inline(block.subject)
    if len(subject) > _WIDTH and block.subject.text == "":
        subject = _node(block.subject, 0)
    pairs = _ordered(block.pairs)
    if not pairs:
        return f"{subject} ."
    types = [pair for pair in pairs if _is_type(pair)]
    rest = [pair for pair in pairs if not _is_type(pair)]
    plain_types = [pair for pair in types if not pair.comments and not pair.trailing]
    if types and len(plain_types) == len(types):
        first = f"{subject} a {' , '.join(_node(pair.object, 0) for pair in types)}"
    else:
        first, rest = subject, pairs
    if not rest:
        return f"{first} ."
    if len(rest) == 1 and first is subject and not rest[0].comments and not rest[0].trailing:
        line = f"{first} {_inline_pair(rest[0])} ."
        if len(line) <= _WIDTH and "\n" not in line:
            return line
    opening = f"{first} ;" if first is not subject else first
    return "\n".join([opening, *_lines(rest, 1), "."])


def _lines(pairs: Iterable[Pair], level: int) -> list[str]:
    indent = _INDENT * level
    lines: list[str] = []
    for pair in pairs:
        lines += [indent + comment for comment in pair.comments]
        trailing = f"  {pair.trailing}" if pair.trailing else ""
        lines.append(f"{indent}{_predicate(pair.predicate)} {_node(pair.object, level)} ;{trailing}")
    return lines


def _node(node: Node, level: int) -> str:
    """The node on one line when it fits and holds no comment, else over several lines."""
    inline = _inline(node)
    if node.text or (len(inline) + len(_INDENT) * level <= _WIDTH and not _has_comment(node)):
        return inline
    indent, inner = _INDENT * level, _INDENT * (level + 1)
    if node.items is not None:
        return "\n".join(["(", *(inner + _node(item, level + 1) for item in node.items), indent + ")"])
    return "\n".join(["[", *_lines(_ordered(node.pairs or []), level + 1), indent + "]"])


def _inline(node: Node) -> str:
    if node.items is not None:
        return f"( {' '.join(_inline(item) for item in node.items)} )" if node.items else "()"
    if node.pairs is not None:
        return f"[ {' ; '.join(_inline_pair(pair) for pair in _ordered(node.pairs))} ]"
    return node.text


def _inline_pair(pair: Pair) -> str:
    return f"{_predicate(pair.predicate)} {_inline(pair.object)}"


def _predicate(node: Node) -> str:
    return "a" if node.text in _TYPES else node.text


def _is_type(pair: Pair) -> bool:
    return pair.predicate.text in _TYPES


def _has_comment(node: Node) -> bool:
    inner = [*(node.items or []), *(pair.object for pair in node.pairs or [])]
    return any(pair.comments or pair.trailing for pair in node.pairs or []) or any(map(_has_comment, inner))


def _ordered(pairs: list[Pair]) -> list[Pair]:
    """Types, then labels, then the rest in the author's order; one predicate's objects stay together."""
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(_predicate(pair.predicate), []).append(pair)
    names = sorted(groups, key=lambda name: _RANKS.get(name, len(_RANKS)))
    return [pair for name in names for pair in groups[name]]
