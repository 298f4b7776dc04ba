"""Catalogues in files: ours or anybody's, read and held against their profile."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from citygraph.bounds import Bounds, BoundsProblem, problems_of
from citygraph.errors import PublishError
from citygraph.findings import Finding, Report, finding
from citygraph.formats import by_extension
from citygraph.language import Text
from citygraph.publish.catalog_files import CATALOG_FORMATS
from citygraph.publish.check import score_of
from citygraph.publish.dcat_ap_3 import DCAT_AP_3
from citygraph.publish.links import Links
from citygraph.publish.page_check import check_pages, whole_record
from citygraph.publish.page_links import PageFile, follow_pages, lost_page
from citygraph.publish.profiles import PROFILES, profile_of_page
from citygraph.publish.quality import Score
from citygraph.rdf import Triple, parse

__all__ = ["check_catalog"]

_BOUNDS: Final = Bounds(size=50_000_000, depth=200)
"""What a harvester takes: CKAN reads no more than 50 MB at once."""
_MOST: Final = 200_000
"""Statements that are held against the shapes; a catalogue of ours has some sixteen for each file."""
_ENDINGS: Final = {".xml": ".rdf", ".json": ".jsonld"}
"""What portals call their catalogues, and what we call the format."""


def check_catalog(
    path: Path, *, base: str, profile: str = "", shapes: Sequence[Triple] = (), links: Links | None = None
) -> tuple[Report, Score | None]:
    """What a portal would say about the catalogue at `path`, and the score of the one that is of DCAT-AP 3.

    Args:
        path: a file in an RDF format, whose links to further pages are followed to the files beside it, or a folder
            that `citygraph publish` wrote.
        base: the address that the graph's own names begin with; none of them may be dragged in.
        profile: the name of its profile; without it the name of the file decides.
        shapes: shapes from elsewhere that it must pass too.
        links: tries addresses, so that no point is assumed.

    Raises:
        PublishError: there is no catalogue, or its profile is not known.
    """
    findings: list[Finding] = []
    score = None
    for each in _files(path):
        name = profile or _profile_of(each)
        if name not in PROFILES:
            message = f"The name of {each} does not say which profile it follows."
            raise PublishError(message, fix=f"Add --profile with one of: {', '.join(PROFILES)}.")
        pages, problems = _follow(each)
        own = [*problems, *check_pages(pages, PROFILES[name], base=base, shapes=shapes)]
        findings += own
        if name == DCAT_AP_3.name:
            score = score_of(whole_record(pages), own, answers=links.answers if links else None)
    if path.is_dir():
        findings += _check_links(path / "catalog")
    return Report.of(findings, links.findings if links else ()), score


def _files(path: Path) -> list[Path]:
    """The catalogues to check, each by its first page."""
    files = sorted((path / "catalog").glob("dcat-ap-*.ttl")) if path.is_dir() else [path]
    if not files or not all(each.is_file() for each in files):
        message = f"There is no catalogue in {path}."
        raise PublishError(message, fix="Give the path of a catalogue, or of a folder that citygraph publish wrote.")
    return [each for each in files if not path.is_dir() or profile_of_page(each.stem) == ""]


def _profile_of(file: Path) -> str:
    """The profile that the name of a file says."""
    return profile_of_page(file.stem) or file.stem


def _follow(first: Path) -> tuple[list[PageFile], list[Finding]]:
    """The pages from the first on, and what is wrong with the files and their links."""
    problems: list[Finding] = []

    def read(path: Path) -> PageFile:
        record, wrong = _read(path)
        problems.extend(wrong)
        return PageFile(str(path), record)

    def beside(name: str) -> PageFile | None:
        path = first.with_name(name)
        return read(path) if path.is_file() else None

    pages, broken = follow_pages(read(first), beside)
    return pages, [*problems, *broken]


def _check_links(folder: Path) -> list[Finding]:
    """What is wrong with the links of the pages in the other formats, and the pages that no link leads to."""
    found: list[Finding] = []
    for format_ in CATALOG_FORMATS:
        reached: set[str] = set()
        files = sorted(folder.glob(f"dcat-ap-*.{format_}"))
        for first in (each for each in files if not profile_of_page(each.stem)):
            pages, problems = _follow(first)
            reached |= {page.name for page in pages}
            found += problems
        found += [lost_page(str(each)) for each in files if str(each) not in reached]
    return list(dict.fromkeys(found))


def _read(path: Path) -> tuple[list[Triple], list[Finding]]:
    """The triples of a catalogue, each once, and why some or all of it cannot be read."""
    suffix = path.suffix.lower()
    format_ = by_extension(_ENDINGS.get(suffix, suffix))
    if format_ is None:
        message = f"The ending of {path} names no RDF format."
        raise PublishError(message, fix="Give a file that ends in .ttl, .rdf or .jsonld.")
    try:
        data = path.read_bytes() if path.stat().st_size <= _BOUNDS.size else b""
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise PublishError(message, fix="Give the path of a catalogue that you may read.") from error
    if not data and path.stat().st_size:
        size, limit = f"{path.stat().st_size:,}", f"{_BOUNDS.size:,}"
        return [], [finding("file-too-large", file=str(path), size=size, limit=limit)]
    data = data.removeprefix(BOM_UTF8)
    refused = list(problems_of(data, format_.name, _BOUNDS))
    if refused:
        return [], [_refusal(path, each) for each in refused]
    parsed = parse(data, format=format_.name)
    problems = [_unreadable(path, each.message, each.line, each.column) for each in parsed.problems]
    record = list(dict.fromkeys(quad.triple for quad in parsed.quads))
    if len(record) > _MOST:
        said = f"{len(record):,} > {_MOST:,}"
        return [], [*problems, _unreadable(path, f"too many statements to be checked ({said}); split it into pages")]
    return record, problems


def _refusal(path: Path, problem: BoundsProblem) -> Finding:
    found = finding(problem.code, file=str(path), **problem.values)  # type: ignore[arg-type]  # its values are words
    return replace(found, line=problem.line)


def _unreadable(path: Path, message: str, line: int = 0, column: int = 0) -> Finding:
    problem = Text(f"filen kan ikke leses: {message}", f"the file cannot be read: {message}")
    return finding("publish-harvest", file=str(path), line=line, column=column, problem=problem)
