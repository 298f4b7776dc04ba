"""A list of members taken into the files of a project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from citygraph import load
from citygraph.config import Config
from citygraph.files import write_file
from citygraph.graphs import Part, ProjectGraphs
from citygraph.namespaces import prefixes_for
from citygraph.rdf import Triple

if TYPE_CHECKING:
    from citygraph.ingest.run import Import

__all__ = ["Ingested", "ingest_list"]


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came of a list, and which files were written (or would be): by path from the project folder."""

    imported: Import
    files: tuple[str, ...]
    report: Path
    review: Path
    later: tuple[str, ...]


def ingest_list(
    config: Config,
    path: Path,
    *,
    map_file: Path,
    report: Path | None = None,
    review: Path | None = None,
    delimiter: str = ",",
    language: str = "en",
    dry_run: bool = False,
) -> Ingested:
    """Take one edition of a membership list into files of its own; no other file is touched.

    Args:
        config: the settings of the project.
        path: the list, CSV or XLSX.
        map_file: what its columns mean.
        report: where the report goes; beside the data without it.
        review: the questions and the decisions; beside the data without it.
        delimiter: of the two tables.
        language: of reasons and notes in them.
        dry_run: write the report and the review, if they are named, and nothing else.

    Raises:
        IngestError: the list or the map cannot be used, or a file of this edition was changed by hand.
        ExportError: a file cannot be written.
    """
    # The readers of spreadsheets are needed here alone.
    from citygraph.ingest.known import EditionFiles, KnownGraph, edition_of, turtle  # noqa: PLC0415
    from citygraph.ingest.mapping import read_map  # noqa: PLC0415
    from citygraph.ingest.read import metadata_path, read_list  # noqa: PLC0415
    from citygraph.ingest.report import (  # noqa: PLC0415
        read_review,
        report_metadata,
        review_metadata,
        write_report,
        write_review,
    )
    from citygraph.ingest.run import import_list  # noqa: PLC0415
    from citygraph.ingest.tables import ListLimits  # noqa: PLC0415

    prefixes = prefixes_for(config.base)

    def short(iri: str) -> str:
        return f"id:{iri.removeprefix(prefixes['id'])}"

    map_ = read_map(map_file)
    limits = ListLimits(size=config.number("limits.file_size"))
    listing = read_list(path, limits=limits, encoding=map_.text("encoding"), delimiter=map_.text("delimiter"))
    files = EditionFiles(config.folder, map_.name, map_.as_of.isoformat())
    if not dry_run:
        files.refuse_changed()
    graphs = load.load_files(config).graphs
    own = {files.facts, files.sources}
    known = KnownGraph(_triples(graphs, without=own), _triples(graphs, only={files.facts}))
    earlier = files.earlier()[:1]
    previous = edition_of(
        earlier[0].day, _triples(graphs, only={earlier[0].facts}), _triples(graphs, only={earlier[0].sources})
    ) if earlier else None  # fmt: skip
    review_file = review or config.folder / files.review
    decisions = read_review(review_file, prefixes=prefixes)
    imported = import_list(
        listing, map_, known, base=config.base, decisions=decisions, previous=previous, limits=limits
    )
    report_file = report or config.folder / files.report
    if report is not None or not dry_run:
        write_file(report_file, write_report(imported.lines, delimiter=delimiter, language=language))
        data = report_metadata(report_file.name, delimiter=delimiter, list_name=map_.name)
        write_file(metadata_path(report_file), data)
    if (imported.questions or decisions) and (review is not None or not dry_run):
        names = {iri: f"{short(iri)} {name}" for iri, name in imported.candidate_names(language).items()}
        made = {} if dry_run else {key: short(iri) for key, iri in imported.decided.items()}
        data = write_review(
            imported.questions, decisions, short=names, made=made, delimiter=delimiter, language=language
        )
        write_file(review_file, data)
        data = review_metadata(review_file.name, delimiter=delimiter, list_name=map_.name)
        write_file(metadata_path(review_file), data)
    if not dry_run:
        for name, triples in ((files.sources, imported.sources), (files.facts, imported.facts)):
            write_file(config.folder / name, turtle(triples, list_name=map_.name, prefixes=prefixes))
    return Ingested(imported, (files.facts, files.sources), report_file, review_file, tuple(files.later()))


def _triples(graphs: ProjectGraphs, *, without: set[str] | None = None, only: set[str] | None = None) -> list[Triple]:
    parts = (Part.ONTOLOGY, Part.DATA, Part.SOURCES)
    return [
        quad.triple
        for file in graphs.of(*parts)
        if (without is None or file.path not in without) and (only is None or file.path in only)
        for quad in file.quads
    ]
