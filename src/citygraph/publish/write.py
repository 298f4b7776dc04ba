"""Everything a portal harvests, written into one folder, read back and checked before it is moved to its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from citygraph.findings import Finding, Report, finding
from citygraph.publish.catalog import Catalog
from citygraph.publish.check import LinkCheck, check_pages, score_of, whole_record
from citygraph.publish.edition import Edition
from citygraph.publish.folder import NewFolder
from citygraph.publish.leaks import find_leaks, secrets_of
from citygraph.publish.paging import PageFile, read_back
from citygraph.publish.profiles import DCAT_AP_3, PROFILES
from citygraph.publish.quality import Score, quality_triples
from citygraph.publish.record import NAMESPACES
from citygraph.publish.settings import check_settings
from citygraph.publish.writing import Tools, Writing
from citygraph.rdf import Triple

__all__ = ["Published", "publish_edition"]


@dataclass(frozen=True, slots=True)
class Published:
    """What came of it: the findings, the score that is to be expected, the files with their sizes, the description.

    `written` says whether the folder is in its place: with a violation it is not. `pruned` are the files that were
    removed because no run had written them.
    """

    report: Report
    score: Score
    files: Mapping[str, int]
    catalog: Catalog
    written: bool
    pruned: tuple[str, ...] = ()


def publish_edition(
    edition: Edition,
    target: Path | None,
    tools: Tools,
    *,
    shapes: Mapping[str, Sequence[Triple]] | None = None,
    links: LinkCheck | None = None,
    twice: bool = False,
    prune: bool = False,
    before: Iterable[Finding] = (),
) -> Published:
    """Write the folder, read it back, say everything that is wrong with it, and move it when nothing is.

    Args:
        edition: what may leave.
        target: the folder; without one everything is checked and nothing kept.
        tools: what other verbs lend.
        shapes: shapes from elsewhere that a record must pass too, by the name of its profile.
        links: tries addresses; with it the points that need the network are measured.
        twice: write everything a second time, and compare.
        prune: remove what no run wrote into the folder, but for `.git`.
        before: findings that are known already; a violation among them keeps the folder from its place.

    Raises:
        PublishError: the folder cannot be written, or something that no run wrote is in the way.
    """
    with NewFolder(target) as folder:
        writing = Writing(edition, tools, folder)
        catalog = writing.write_all()
        findings = [*before, *writing.findings]
        found: dict[str, tuple[list[PageFile], list[Finding]]] = {}
        for name, profile in PROFILES.items():
            pages, wrong = read_back(folder, name)
            own_shapes = (shapes or {}).get(name, ())
            said = check_pages(pages, profile, base=edition.config.base, shapes=own_shapes)
            found[name] = (pages, said)
            findings += [*wrong, *said]
        pages, said = found[DCAT_AP_3.name]
        score = score_of(
            whole_record(pages),
            said,
            answers=links.answers if links else None,
            is_valid=writing.is_valid,
        )
        findings += [*check_settings(edition.config, score), *(links.findings if links else ())]
        quality = quality_triples(score, of=catalog.iri, computed_on=catalog.iri)
        writing.put("catalog/quality.ttl", quality, "ttl", {**NAMESPACES, "dqv": "http://www.w3.org/ns/dqv#"})
        if tools.site is not None and not Report.of(findings).violations:
            findings += tools.site(folder)
        if edition.internal:
            secrets = secrets_of(edition.internal, edition.graphs.files, prefixes=tools.prefixes)
            findings += find_leaks(secrets, edition.quads, ((path, folder.read(path)) for path in folder))
        sums = folder.seal()
        if twice:
            findings += _not_same(sums, edition, tools)
        report = Report.of(findings)
        written = target is not None and not report.violations
        pruned = folder.move(prune=prune) if written else ()
        return Published(report, score, dict(sorted(folder.sizes.items())), catalog, written, pruned)


def _not_same(sums: Mapping[str, str], edition: Edition, tools: Tools) -> list[Finding]:
    with NewFolder(None) as second:
        Writing(edition, tools, second).write_all()
        again = second.seal()
    return [
        finding("publish-not-same", file=path, place=path)
        for path, digest in sums.items()
        if path in again and again[path] != digest
    ]
