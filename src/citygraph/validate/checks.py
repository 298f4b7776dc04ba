"""What shapes cannot see: check queries, whose every row is a finding; facts past their time; passages that moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from citygraph.config import Config, Duration
from citygraph.errors import QueryError
from citygraph.findings import Finding, finding
from citygraph.graphs import Excerpt, Part, ProjectGraphs, SourceText, excerpt_range, find_moved, read_source
from citygraph.labels import Labels
from citygraph.messages import LANGUAGES, Text
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.rdf import Iri, Literal, Term
from citygraph.results import Solutions
from citygraph.saved_query import SavedQuery, query_files, read_saved_query
from citygraph.store import Store

__all__ = ["bad_query", "check_anchors", "check_staleness", "read_checks", "run_checks"]


def read_checks(project: Path) -> tuple[list[SavedQuery], list[Finding]]:
    """The check queries of a project, by name; one that breaks a rule of its header is a finding."""
    checks: list[SavedQuery] = []
    findings: list[Finding] = []
    for path in query_files(project / "queries" / "checks", project=project):
        try:
            checks.append(read_saved_query(path, check=True))
        except QueryError as error:
            findings.append(bad_query(error, path, project))
    return checks, findings


def bad_query(error: QueryError, path: Path, project: Path) -> Finding:
    """The finding about a saved query that cannot be used, at the line that the error names."""
    detail = error.message.removeprefix(f"{path}:{error.line}: ").removeprefix(f"{path}: ")
    return finding("bad-query", file=path.relative_to(project).as_posix(), line=error.line or 1, detail=detail)


def run_checks(store: Store, checks: list[SavedQuery], graphs: ProjectGraphs, project: Path) -> list[Finding]:
    """One finding for each row of each check query; the column `focus` says what it is about."""
    findings: list[Finding] = []
    labels = Labels(graphs.triples())
    for check in checks:
        try:
            answer = store.query(check.text)
        except QueryError as error:
            findings.append(bad_query(error, project / "queries" / "checks" / f"{check.name}.rq", project))
            continue
        if isinstance(answer, Solutions):
            findings += [_finding(check, row, graphs, labels) for row in answer]
    return findings


def _finding(check: SavedQuery, row: dict[str, Term], graphs: ProjectGraphs, labels: Labels) -> Finding:
    focus = row.get("focus")
    others = [term for name, term in row.items() if name != "focus"]
    place = ("", 0, 0)
    for term in [focus, *others]:
        if isinstance(term, Iri) and not place[0]:
            place = graphs.locate(str(term))
    words = Text(
        *(
            f"{labels.describe(focus, language)}: {_sentence(check, language)}"
            + (f" ({', '.join(_word(term, labels, language) for term in others)})." if others else ".")
            for language in LANGUAGES
        )
    )
    return Finding(
        code=check.code,
        severity=check.severity,
        message=words,
        fix=check.fix,
        file=place[0],
        line=place[1],
        column=place[2],
        focus_node="" if focus is None else str(focus),
        value=" ".join(map(str, others)),
    )


def _sentence(check: SavedQuery, language: str) -> str:
    """What a row of this check means, to stand behind a colon."""
    words = check.message.in_language(language) or check.title.in_language(language)
    return words[:1].lower() + words[1:].rstrip(".")


def _word(term: Term, labels: Labels, language: str) -> str:
    return term.value if isinstance(term, Literal) else labels.describe(term, language)


_AS_OF, _STALE_AFTER, _RANK = Iri(CG + "asOf"), Iri(CG + "staleAfter"), Iri(CG + "rank")
_ROLE, _DURING = Iri(PREFIXES["org"] + "role"), Iri(PREFIXES["org"] + "memberDuring")
_END: Final = Iri(PREFIXES["time"] + "hasEnd")
_DEPRECATED: Final = Iri(CONCEPT + "rank-deprecated")


def check_staleness(graphs: ProjectGraphs, config: Config, *, as_of: date) -> list[Finding]:
    """A note for each membership without a known end whose latest confirmation is too old on `as_of`."""
    return list(_stale(graphs, config, as_of))


def _stale(graphs: ProjectGraphs, config: Config, as_of: date) -> Iterator[Finding]:
    values: dict[Term, dict[Iri, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for triple in graphs.triples(Part.ONTOLOGY, Part.DATA):
        values[triple.subject][triple.predicate].append(triple.object)
    labels = Labels(graphs.triples(Part.ONTOLOGY, Part.DATA))
    default = config.duration("time.stale_after")
    for fact in [subject for subject, about in values.items() if _ROLE in about and _AS_OF in about]:
        about = values[fact]
        ended = any(isinstance(period, Iri) and _END in values.get(period, {}) for period in about[_DURING])
        if ended or _DEPRECATED in about[_RANK]:
            continue
        duration = _duration(values, about[_ROLE][0], default)
        latest = max((each.value for each in about[_AS_OF] if isinstance(each, Literal)), default="")
        limit = duration.before(as_of).isoformat()
        if latest and latest < limit[: len(latest)]:
            file, line, column = graphs.locate(str(fact), str(_AS_OF))
            name = Text(*(labels.describe(fact, language) for language in LANGUAGES))
            yield finding(
                "stale",
                file=file,
                line=line,
                column=column,
                focus_node=str(fact),
                value=latest,
                name=name,
                latest=latest,
                as_of=as_of.isoformat(),
            )


def _duration(values: dict[Term, dict[Iri, list[Term]]], role: Term, default: Duration) -> Duration:
    own = values.get(role, {}).get(_STALE_AFTER, []) if isinstance(role, Iri) else []
    try:
        return Duration.parse(own[0].value) if own and isinstance(own[0], Literal) else default
    except ValueError:
        # The shape bad-role reports it.
        return default


_SHA256: Final = Iri(CG + "sha256")
_HAS_SOURCE: Final = Iri(PREFIXES["oa"] + "hasSource")


def check_anchors(graphs: ProjectGraphs, folder: Path) -> list[Finding]:
    """Compare every excerpt with its document, for each document that lies in `folder`.

    A document that is not at hand is a note: the graph can be built and asked without it.
    """
    hashes = {
        quad.subject.value: quad.object.value
        for quad in graphs.quads()
        if quad.predicate == _SHA256 and isinstance(quad.subject, Iri) and isinstance(quad.object, Literal)
    }
    excerpts: dict[str, list[Excerpt]] = defaultdict(list)
    for quad in graphs.quads():
        if quad.predicate == _HAS_SOURCE and isinstance(quad.subject, Iri):
            excerpt = excerpt_range(quad.subject.value)
            if excerpt is not None:
                excerpts[excerpt.source].append(excerpt)
    labels = Labels(graphs.triples(Part.SOURCES, Part.DATA))
    findings: list[Finding] = []
    for source in sorted(excerpts):
        findings += _check_document(source, excerpts[source], hashes, folder, graphs, labels)
    return findings


def _check_document(
    source: str, excerpts: list[Excerpt], hashes: dict[str, str], folder: Path, graphs: ProjectGraphs, labels: Labels
) -> Iterator[Finding]:
    subject = f"<{source}>"
    file, line, column = graphs.locate(subject)
    name = Text(*(labels.of(source, language) for language in LANGUAGES))
    try:
        document = read_source(folder, source)
    except (OSError, UnicodeDecodeError) as error:
        yield finding("source-unreadable", file=file, line=line, column=column, focus_node=subject, name=name,
                      reason=str(error))  # fmt: skip
        return
    if document is None:
        yield finding("source-not-at-hand", file=file, line=line, column=column, focus_node=subject, name=name,
                      count=len(excerpts), document=source.rpartition("/")[2])  # fmt: skip
        return
    if hashes.get(source, document.sha256) != document.sha256:
        yield finding("source-changed", file=file, line=line, column=column, focus_node=subject, name=name)
    for excerpt in excerpts:
        wanted = hashes.get(excerpt.iri)
        if wanted is not None and document.passage_hash(excerpt.start, excerpt.end) != wanted:
            yield _moved(excerpt, wanted, document, graphs, name)


def _moved(excerpt: Excerpt, wanted: str, document: SourceText, graphs: ProjectGraphs, name: Text) -> Finding:
    length = excerpt.end - excerpt.start
    starts = find_moved(document.text, length=length, sha256=wanted)
    # A short passage may occur several times; the nearest is the likeliest, and a person decides.
    nearest = min(starts, key=lambda start: abs(start - excerpt.start), default=None)
    code = "excerpt-moved" if nearest is not None else "excerpt-gone"
    file, line, column = graphs.locate(f"<{excerpt.iri}>")
    return finding(
        code,
        file=file,
        line=line,
        column=column,
        focus_node=f"<{excerpt.iri}>",
        name=name,
        start=excerpt.start,
        end=excerpt.end,
        new=f"{nearest},{nearest + length}" if nearest is not None else "",
    )
