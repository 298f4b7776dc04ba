"""The text of a PDF, line by line and page by page, put together to paragraphs; running heads are furniture."""

from __future__ import annotations

import io
import logging
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from citygraph.messages import Sentence, sentence
from citygraph.read.plain_text import PAGE_NUMBER
from citygraph.read.text import (
    DocumentProperties,
    Extracted,
    PartKind,
    ReadBounds,
    TextBuilder,
    read_error,
    tidy,
    title_first,
    without_line_hyphens,
)

if TYPE_CHECKING:
    from pypdf import PdfReader

MAKER: Final = "citygraph pdf 2"
_DAY: Final = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)")
_DIGITS: Final = re.compile(r"\d+")
_ITEM: Final = re.compile(
    r"(?:[-•‣◦▪–—·●○*\ue000-\uf8ff][ \t]*|\(?\d{1,3}[.)](?![ \t]+[^\W\d_]+\.?[ \t]+\d{4})[ \t]+)(?=\S)"
)
"""What stands before an item of a list: a bullet, also one of a font of bullets, or a number that begins no date."""
_FONT_BULLET: Final = re.compile("\\A[\ue000-\uf8ff][ \\t]*")
_LEAST: Final = 8
"""Characters of a page on average below which a PDF is pictures of pages."""
_EDGE: Final = 2
"""How many lines at the top and the bottom of a page may be running heads."""
_MOST_NAMED: Final = 12
_SAME_HEIGHT: Final = 15.0
_LONGEST_HEADING: Final = 200
_FAR, _WIDTH, _SAME_COLUMN = 2.0, 0.5, 2.0
"""Letters between two words of one row of a table; a letter by its size; and how far apart one column may begin."""
_RUNS_ON: Final = frozenset(",-\u2010\u2013(")


@dataclass(slots=True)
class _Line:
    """One line of a page: its words, where it begins, the size of its letters, and where words stand far from others."""

    words: str
    x: float = 0.0
    y: float = 0.0
    size: float = 0.0
    is_furniture: bool = False
    columns: tuple[float, ...] = ()
    is_row: bool = False


def read_pdf(data: bytes, name: str, bounds: ReadBounds) -> Extracted:
    """The text of a PDF.

    Raises:
        ReadError: it is broken, encrypted or without text, or is larger than the bounds, or pypdf is not installed.
    """
    try:
        import pypdf  # noqa: PLC0415  # an extra
        from pypdf.errors import (  # noqa: PLC0415
            DependencyError,
            FileNotDecryptedError,
            LimitReachedError,
            PyPdfError,
        )
    except ImportError as error:
        raise read_error("pypdf") from error
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise read_error("encrypted", name=name)
        pages = [_lines(page) for page in _pages(reader, name, bounds)]
        about = _about(reader)
    except (DependencyError, FileNotDecryptedError) as error:
        raise read_error("encrypted", name=name) from error
    except LimitReachedError as error:
        raise read_error("limits", fix="bomb", name=name) from error
    except (
        PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError, ArithmeticError, AssertionError,
        RecursionError, NotImplementedError, LookupError,
    ) as error:  # fmt: skip  # what pypdf lets through when an object is missing or broken
        raise read_error("broken", name=name) from error
    return _extracted(pages, about, name, bounds)


def _extracted(pages: Sequence[list[_Line]], about: DocumentProperties, name: str, bounds: ReadBounds) -> Extracted:
    if sum(len(line.words.strip()) for page in pages for line in page) < _LEAST * len(pages):
        raise read_error("scanned", name=name)
    _mark_furniture(pages)
    builder = TextBuilder(bounds)
    usual = _usual_size(pages)
    for number, page in enumerate(pages, start=1):
        for place, (kind, words) in enumerate(_parts(page, usual), start=1):
            builder.add(kind, words, f"page={number}&paragraph={place}")
    maker = f"{MAKER}, pypdf {version('pypdf')}"
    return Extracted(title_first(builder.made), maker, about, (*_without_text(pages), *_with_tables(pages)))


def _without_text(pages: Sequence[list[_Line]]) -> Iterator[Sentence]:
    empty = [str(number) for number, page in enumerate(pages, start=1) if not any(each.words.strip() for each in page)]
    if empty:
        shown = ", ".join(empty[:_MOST_NAMED]) + (" …" if len(empty) > _MOST_NAMED else "")
        yield sentence("read.note.no_text", pages=shown)


def _with_tables(pages: Sequence[list[_Line]]) -> Iterator[Sentence]:
    """That rows of a table were read as lines, whose cells nobody tells apart."""
    found = [str(number) for number, page in enumerate(pages, start=1) if any(line.is_row for line in page)]
    if found:
        shown = ", ".join(found[:_MOST_NAMED]) + (" …" if len(found) > _MOST_NAMED else "")
        yield sentence("read.note.tables", pages=shown)


def _pages(reader: PdfReader, name: str, bounds: ReadBounds) -> Iterator[Any]:
    if len(reader.pages) > bounds.pages:
        raise read_error("pages", fix="long", name=name, most=bounds.pages)
    yield from reader.pages


def _about(reader: PdfReader) -> DocumentProperties:
    said: Mapping[str, object] = reader.metadata or {}
    days = {}
    for key in ("/CreationDate", "/ModDate"):
        found = _DAY.match(str(said.get(key, "")))
        days[key] = "-".join(found.groups()) if found else ""
    # A PDF is made from a text that was there: its day says only that the text is not newer.
    return DocumentProperties(
        title=tidy(str(said.get("/Title", "") or "")), author=tidy(str(said.get("/Author", "") or "")),
        modified=max(days.values()),
    )  # fmt: skip


def _lines(page: Any) -> list[_Line]:  # noqa: ANN401  # a page of pypdf
    """The lines of a page in the order in which they are drawn."""
    lines: list[_Line] = []
    here = _Line("")
    end = 0.0

    def visit(text: str, matrix: Sequence[float], own: Sequence[float], font: object, size: float) -> None:
        nonlocal here, end
        del font
        for piece in re.findall(r"\n|[^\n]+", text or ""):
            if piece == "\n":
                lines.append(here)
                here = _Line("")
            else:
                x = own[4] * matrix[0] + own[5] * matrix[2] + matrix[4]
                if not here.words.strip() and piece.strip():
                    here.x, here.y = x, own[4] * matrix[1] + own[5] * matrix[3] + matrix[5]
                elif piece.strip() and x - end > _FAR * max(here.size, 1.0):
                    here.columns = (*here.columns, x)
                if piece.strip():
                    end = x + len(piece) * (abs(size * own[3] * matrix[3]) or abs(size)) * _WIDTH
                    here.size = max(here.size, abs(size * own[3] * matrix[3]) or abs(size))
                here.words += piece

    page.extract_text(visitor_text=visit)
    found = [each for each in (*lines, here) if each.words.strip()]
    for before, line in pairwise(found):
        if any(abs(one - other) < _SAME_COLUMN for one in before.columns for other in line.columns):
            before.is_row = line.is_row = True
    return found


def _usual_size(pages: Sequence[list[_Line]]) -> float:
    """The size of the letters in which most of the text is."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page:
            if not line.is_furniture:
                sizes[round(line.size, 1)] += len(line.words)
    return max(sizes, key=lambda each: sizes[each]) if sizes else 0.0


# -- furniture ------------------------------------------------------------------------------------------


def _mark_furniture(pages: Sequence[list[_Line]]) -> None:
    """Mark numbers of pages, and lines that stand at the edge of several pages with no difference but a number."""
    edges: list[list[_Line]] = []
    for page in pages:
        by_height = sorted(page, key=lambda line: line.y)
        edges.append([*by_height[:_EDGE], *by_height[-_EDGE:]])
    heights: dict[str, list[float]] = defaultdict(list)
    for edge in edges:
        for line in {id(each): each for each in edge}.values():
            heights[_shape(line)].append(line.y)
    often = max(2, round(len(pages) * 0.4))
    for edge in edges:
        for line in edge:
            # Words that end one page and begin another are no running head.
            alike = sum(abs(each - line.y) < _SAME_HEIGHT for each in heights[_shape(line)])
            line.is_furniture = line.is_furniture or alike >= often
    for edge in edges:
        for line in edge:
            is_number = bool(PAGE_NUMBER.match(line.words.strip()))
            line.is_furniture = line.is_furniture or is_number


def _shape(line: _Line) -> str:
    return _DIGITS.sub("#", " ".join(line.words.split())).casefold()


# -- paragraphs -----------------------------------------------------------------------------------------


def _parts(page: list[_Line], usual: float) -> Iterator[tuple[PartKind, str]]:
    """The paragraphs of a page, from the distance of its lines, the size of its letters and its marks."""
    gap = _usual_gap(page)
    right = max((len(line.words) for line in page), default=0)
    block: list[_Line] = []
    for line in page:
        if block and _begins(block[-1], line, gap, right):
            yield _kind(block, usual), _joined(block)
            block = []
        block.append(line)
    if block:
        yield _kind(block, usual), _joined(block)


def _usual_gap(page: Sequence[_Line]) -> float:
    """From one line to the next inside of a paragraph: what most are apart."""
    gaps = [round(a.y - b.y, 1) for a, b in pairwise(page) if a.y > b.y]
    return statistics.mode(sorted(gaps)) if gaps else 0.0


def _begins(before: _Line, line: _Line, gap: float, right: int) -> bool:
    """Whether a line begins another part than the line before."""
    if before.is_row or line.is_row:
        return True
    if before.is_furniture != line.is_furniture or _ITEM.match(line.words.strip()):
        return True
    if abs(before.size - line.size) > 0.15 * max(before.size, line.size, 1.0):
        return True
    step = before.y - line.y
    if gap and (step > gap * 1.35 or step < -gap):
        return True
    said = before.words.strip()
    # A line in the middle of a paragraph is as long as others: a short one ends it, where the next can begin one.
    is_short = len(said) < right * 0.6
    return is_short and said[-1] not in _RUNS_ON and line.words.strip()[:1].isupper()


def _kind(block: Sequence[_Line], usual: float) -> PartKind:
    if block[0].is_furniture:
        return "furniture"
    said = " ".join(line.words for line in block).strip()
    is_large = block[0].size > usual * 1.12
    if is_large and len(block) <= _EDGE + 1 and len(said) <= _LONGEST_HEADING:
        return "heading"
    return "item" if _ITEM.match(said) else "paragraph"


def _joined(block: Sequence[_Line]) -> str:
    """The lines of a part as one, with no word cut at the end of a line."""
    lines = [_FONT_BULLET.sub("• ", tidy(f"{line.words.strip()}\n").rstrip("\n")) for line in block]
    said = lines[0]
    for line in lines[1:]:
        said += ("\n" if said.endswith(("-", "\u2010")) else " ") + line
    return re.sub(r"(?<=[-\u2010])\n(?=[A-ZÆØÅÄÖÜ\d])", "", without_line_hyphens(said)).replace("\n", " ")
