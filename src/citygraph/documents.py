"""Documents before a parser sees them: how deep and how large they may be, and XML as UTF-8 without a document type.

Measured: entities that multiply in RDF/XML eat all memory, some thousand levels of JSON-LD end the process, and a remote
context is fetched from the network by other parsers. So all that is looked for in the text. Entities that stand for a
plain text, as Protégé writes them for namespaces, are replaced here, within bounds.
"""

from __future__ import annotations

import codecs
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

STRING: Final = (
    r'"""(?:(?:""|")?(?:[^"\\]|\\.))*"""'
    r"|'''(?:(?:''|')?(?:[^'\\]|\\.))*'''"
    r'|"(?:[^"\\\n\r]|\\.)*"'
    r"|'(?:[^'\\\n\r]|\\.)*'"
)
"""A string of SPARQL and of Turtle as a regular expression, which is to be read with `re.DOTALL`."""
_JSON_MARK: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{}\]]', re.DOTALL)
# A stroke outside of strings and IRIs stands before a mark in a name: `ex:a\#b` holds no comment.
_TURTLE_MARK: Final = re.compile(rf"{STRING}|<[^<>\"{{}}|^`\s]*>|\\.|#[^\n\r]*|[\[(\])]".encode(), re.DOTALL)


@dataclass(frozen=True, slots=True)
class DocumentBounds:
    """The limits of one project: bytes of a file, levels inside each other."""

    size: int
    depth: int


@dataclass(frozen=True, slots=True)
class BoundsProblem:
    """Why a document is not read: a finding code, the line, and the values of its message."""

    code: str
    line: int = 0
    values: dict[str, str] = field(default_factory=dict)


def problems_of(data: bytes, format: str, bounds: DocumentBounds) -> Iterator[BoundsProblem]:  # noqa: A002
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


def _depth_problems(data: bytes, marks: re.Pattern[bytes], bounds: DocumentBounds) -> Iterator[BoundsProblem]:
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


def _json_problems(data: bytes, bounds: DocumentBounds) -> Iterator[BoundsProblem]:
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


class DocumentRefused(Exception):  # noqa: N818  # a signal: it is told as a problem of the document
    """A document must not reach a parser; `problem` says why."""

    def __init__(self, problem: BoundsProblem) -> None:
        """A refusal for this reason."""
        super().__init__(problem.code)
        self.problem = problem


def _xml_problems(data: bytes, bounds: DocumentBounds) -> Iterator[BoundsProblem]:
    try:
        plain = plain_xml(data)
    except DocumentRefused as refused:
        yield refused.problem
        return
    except UnicodeDecodeError as error:
        yield BoundsProblem("encoding", place_of(error)[0])
        return
    if len(plain) > max(bounds.size, len(data)):
        yield BoundsProblem("file-too-large", values={"size": f"{len(plain):,}", "limit": f"{bounds.size:,}"})
        return
    parser = expat.ParserCreate()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        del name, attributes
        depth += 1
        if depth > bounds.depth:
            raise DocumentRefused(BoundsProblem("too-deep", parser.CurrentLineNumber, {"limit": str(bounds.depth)}))

    def end(name: str) -> None:
        nonlocal depth
        del name
        depth -= 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(plain, True)  # noqa: FBT003  # expat's own signature
    except DocumentRefused as refused:
        yield refused.problem
    except expat.ExpatError:
        # Not XML: the parser says it better, with the place.
        return


# -- archives -----------------------------------------------------------------------------------------

_CHUNK: Final = 1 << 20
_PARTS: Final = 2_000
_DOCTYPE: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


_PICTURE: Final = re.compile(r"(?:^|/)(?:media|Pictures|ObjectReplacements|Thumbnails)/[^/]+\Z")


def refuse_archive(data: bytes, size: int, *, look: Callable[[bytes], None] | None = None) -> None:
    """Unpack everything of a zip file once and throw it away: the sizes that a hostile file states are not believed.

    Args:
        data: a workbook or a document, which is an archive of XML.
        size: the bytes that it may unpack to.
        look: is given the beginning of each part.

    Raises:
        DocumentRefused: it has too many `parts`, is too large when `unpacked`, or a part declares `entities`; the
            limit is the value of the problem.
        zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError: it is broken, or encrypted.
    """
    total = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if len(archive.infolist()) > _PARTS:
            raise DocumentRefused(BoundsProblem("parts", values={"limit": str(_PARTS)}))
        for part in archive.infolist():
            with archive.open(part) as stream:
                begin = True
                while chunk := stream.read(_CHUNK):
                    total += len(chunk)
                    if total > size:
                        raise DocumentRefused(BoundsProblem("unpacked", values={"limit": str(size)}))
                    # A picture may have one; nobody reads it.
                    if begin and not _PICTURE.search(part.filename) and _DOCTYPE.search(chunk):
                        raise DocumentRefused(BoundsProblem("entities"))
                    if begin and look is not None:
                        look(chunk)
                    begin = False


# -- XML ----------------------------------------------------------------------------------------------

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be"),
)  # fmt: skip
# The encodings of texts that people have; Python knows others, such as one that runs escapes.
_ENCODINGS: Final = re.compile(
    r"(?:ascii|utf-8|iso8859-\d+|cp\d+|mac-\w+|koi8-[rut]|gb18030|gbk|gb2312|big5|shift_jis|euc_(?:jp|kr)|tis-620)\Z"
)
_DECLARED: Final = re.compile(r"""(\s*<\?xml\b[^>]*?)\s+encoding\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""")
# One that is not closed goes to the end, so that nobody looks for its end twice.
_COMMENT: Final = r"<!--(?:(?!-->).)*+(?:-->|\Z)|<\?(?:(?!\?>).)*+(?:\?>|\Z)"
_TYPE: Final = re.compile(
    rf"((?:\s|{_COMMENT})*+)<!DOCTYPE(?:[^\[\]<>\"']|\"[^\"]*+\"|'[^']*+')*+"
    rf"(?:\[((?:{_COMMENT}|<!(?:[^<>\"'-]|-(?!-)|\"[^\"]*+\"|'[^']*+')*+>|[^<\]])*+)\])?\s*+>",
    re.DOTALL,
)
_ENTITY: Final = re.compile(
    rf"{_COMMENT}|<!ENTITY\s+(?P<parameter>%\s+)?(?P<name>[^\s%&;\"'<>]+)\s+"
    r"(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<external>[A-Z]))",
    re.DOTALL,
)
_NESTED: Final = re.compile(
    r"<|&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)|&#(?:0*38|0*60|x0*26|x0*3[cC]);"
)
_REFERENCE: Final = re.compile(rf"<!\[CDATA\[(?:(?!\]\]>).)*+(?:\]\]>|\Z)|{_COMMENT}|&([^\s&;#<>]+);", re.DOTALL)
_CHARACTER: Final = re.compile(r"&#(?:x([0-9A-Fa-f]{1,6})|(\d{1,7}));")
_PREDEFINED: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_WRITTEN: Final = str.maketrans({
    "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;",
})  # fmt: skip
_LAST: Final = 0x10FFFF
_HEAD: Final = 1_000
"""Characters in which a document says its encoding."""
_GROWTH: Final = 20
"""How many times as long a document may become by its entities, beside a megabyte that is free."""


def xml_text(data: bytes) -> str:
    """The text of an XML document, by its byte-order mark or the encoding that it declares (XML 1.0, 4.3.3, F).

    Raises:
        UnicodeDecodeError: it is in another encoding, or in none that is known.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _undeclared(data.decode(encoding).removeprefix("\ufeff"))
    declared = _DECLARED.match(data[:_HEAD].decode("latin-1"))
    name = (declared[2] or declared[3] or "") if declared else "utf-8"
    try:
        encoding = codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        raise UnicodeDecodeError("ascii", data, 0, 1, "an unknown encoding") from error
    # Whoever could read the declaration as it stands has no UTF-16 before him.
    encoding = "utf-8" if encoding.startswith("utf-16") else encoding
    if not _ENCODINGS.match(encoding):
        raise UnicodeDecodeError("ascii", data, 0, 1, "an encoding that is not read here")
    return _undeclared(data.decode(encoding))


def _undeclared(text: str) -> str:
    """The text without the encoding that it had; lines stay where they were."""
    found = _DECLARED.match(text[:_HEAD])
    return found[1] + text[found.end() :] if found else text


def place_of(error: UnicodeDecodeError) -> tuple[int, int]:
    """The line and the column (from 1) of bytes that are no text."""
    before = error.object[: error.start].decode(error.encoding, errors="ignore")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def plain_xml(data: bytes) -> bytes:
    """The same XML document as UTF-8, without a document type, its entities replaced by what they stand for.

    Every line is the line that it was.

    Raises:
        UnicodeDecodeError: see `xml_text`.
        DocumentRefused: an entity stands for more than a text, or for so much that the document would grow without bound.
    """
    text = xml_text(data)
    found = _TYPE.match(text)
    end = found.end() if found is not None else 0
    rest = text[end:]
    for hidden in ("<!DOCTYPE", "<!ENTITY"):
        if hidden in rest:
            at = text.index(hidden, end)
            raise DocumentRefused(BoundsProblem("entity-declaration", text.count("\n", 0, at) + 1, {"entity": hidden}))
    if found is None:
        return text.encode()
    entities = _entities(found[2] or "", text.count("\n", 0, max(found.start(2), 0)) + 1)
    uses = Counter(match[1] for match in _REFERENCE.finditer(rest) if match[1] in entities)
    if sum(count * len(entities[name]) for name, count in uses.items()) > _GROWTH * len(text) + 1_000_000:
        name, _ = max(uses.items(), key=lambda each: each[1] * len(entities[each[0]]))
        raise DocumentRefused(BoundsProblem("entity-declaration", 1, {"entity": name}))
    replaced = _REFERENCE.sub(lambda match: entities.get(match[1], match[0]), rest)
    lines = "\n" * text.count("\n", found.end(1), end)
    return f"{found[1]}{lines}{replaced}".encode()


def _entities(subset: str, line: int) -> dict[str, str]:
    """What each entity stands for, as it is written in a document; the first declaration counts (XML 1.0, 4.2).

    Raises:
        DocumentRefused: one stands for another one, for markup or for a file.
    """
    entities: dict[str, str] = {}
    for match in _ENTITY.finditer(subset):
        name = match["name"]
        if name is None or name in _PREDEFINED:
            continue
        value = match["double"] if match["double"] is not None else match["single"] or ""
        if match["parameter"] or match["external"] or _NESTED.search(value):
            at = line + subset.count("\n", 0, match.start())
            raise DocumentRefused(BoundsProblem("entity-declaration", at, {"entity": name}))
        said = _CHARACTER.sub(lambda each: chr(min(int(each[1], 16) if each[1] else int(each[2]), _LAST)), value)
        for short, character in _PREDEFINED.items():
            said = said if short == "amp" else said.replace(f"&{short};", character)
        entities.setdefault(name, said.replace("&amp;", "&").translate(_WRITTEN))
    return entities
