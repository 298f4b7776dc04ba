"""What a document may not do to the reader: its size, its depth, entities, remote contexts.

Measured: entities that multiply in RDF/XML eat all memory, some thousand levels of JSON-LD end the
process, and a remote context is fetched from the network by other parsers. So it is looked for here,
before a parser sees the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

__all__ = ["Bounds", "BoundsProblem", "problems_of"]

_JSON_MARK: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{}\]]', re.DOTALL)
_TURTLE_MARK: Final = re.compile(
    rb'"""(?:(?:""|")?(?:[^"\\]|\\.))*"""' rb"|'''(?:(?:''|')?(?:[^'\\]|\\.))*'''"
    rb'|"(?:[^"\\\n\r]|\\.)*"' rb"|'(?:[^'\\\n\r]|\\.)*'|<[^<>\"{}|^`\\\s]*>|#[^\n\r]*|[\[(\])]",
    re.DOTALL,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of one project: bytes of a file, levels inside each other."""

    size: int
    depth: int


@dataclass(frozen=True, slots=True)
class BoundsProblem:
    """Why a document is not read: a finding code, the line, and the values of its message."""

    code: str
    line: int = 0
    values: dict[str, str] = field(default_factory=dict)


def problems_of(data: bytes, format: str, bounds: Bounds) -> Iterator[BoundsProblem]:  # noqa: A002
    """Why this document must not reach a parser; nothing when it may."""
    if len(data) > bounds.size:
        yield BoundsProblem("file-too-large", values={"size": f"{len(data):,}", "limit": f"{bounds.size:,}"})
        return
    match format:
        case "jsonld":
            yield from _json_problems(data, bounds)
        case "rdf":
            yield from _xml_problems(data, bounds)
        case "ttl":
            yield from _depth_problems(data, _TURTLE_MARK, bounds)


def _depth_problems(data: bytes, marks: re.Pattern[bytes], bounds: Bounds) -> Iterator[BoundsProblem]:
    depth = 0
    for match in marks.finditer(data):
        mark = match.group()
        if mark in {b"[", b"(", b"{"}:
            depth += 1
            if depth > bounds.depth:
                yield BoundsProblem("too-deep", data.count(b"\n", 0, match.start()) + 1, {"limit": str(bounds.depth)})
                return
        elif mark in {b"]", b")", b"}"}:
            depth -= 1


def _json_problems(data: bytes, bounds: Bounds) -> Iterator[BoundsProblem]:
    deep = list(_depth_problems(data, _JSON_MARK, bounds))
    if deep:
        yield from deep
        return
    try:
        document = json.loads(data)
    except ValueError:
        # The parser says it better, with the place.
        return
    for address in _remote_contexts(document):
        line = data.count(b"\n", 0, max(data.find(address.encode()), 0)) + 1
        yield BoundsProblem("remote-context", line, {"address": address})


def _remote_contexts(value: object) -> Iterator[str]:
    """Every context that is an address (JSON-LD 1.1, 3.1), at any level, `@import` included."""
    if isinstance(value, list):
        for each in value:
            yield from _remote_contexts(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "@import" and isinstance(each, str):
                yield each
            elif key == "@context":
                contexts = each if isinstance(each, list) else [each]
                yield from (context for context in contexts if isinstance(context, str))
                yield from _remote_contexts([context for context in contexts if not isinstance(context, str)])
            else:
                yield from _remote_contexts(each)


class _Refused(Exception):  # noqa: N818  # a signal out of expat's callbacks, caught ten lines below
    def __init__(self, problem: BoundsProblem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def _xml_problems(data: bytes, bounds: Bounds) -> Iterator[BoundsProblem]:
    parser = expat.ParserCreate()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        del name, attributes
        depth += 1
        if depth > bounds.depth:
            raise _Refused(BoundsProblem("too-deep", parser.CurrentLineNumber, {"limit": str(bounds.depth)}))

    def end(name: str) -> None:
        nonlocal depth
        del name
        depth -= 1

    def entity(name: str, *rest: object) -> None:
        del rest
        raise _Refused(BoundsProblem("entity-declaration", parser.CurrentLineNumber, {"entity": name}))

    parser.StartElementHandler, parser.EndElementHandler, parser.EntityDeclHandler = start, end, entity
    try:
        parser.Parse(data, True)  # noqa: FBT003  # expat's own signature
    except _Refused as refused:
        yield refused.problem
    except expat.ExpatError:
        # Not XML: the parser says it better, with the place.
        return
