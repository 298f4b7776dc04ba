"""Files to quads: one named graph per file, lexical forms untouched, syntax findings with line and column."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from citygraph.config import CONFIG_FILE, Config
from citygraph.documents import BoundsProblem, DocumentBounds, place_of, problems_of, xml_text
from citygraph.files import end_inside, read_inside
from citygraph.findings import Finding, Severity, finding
from citygraph.formats import Carries, by_extension
from citygraph.graphs import MAPPINGS, FileGraph, Part, ProjectGraphs, graph_of_file, is_internal, part_of
from citygraph.jsonld import dropped
from citygraph.messages import reason_of
from citygraph.messages import text as words
from citygraph.namespaces import expand, prefixes_for
from citygraph.rdf import Iri, Parsed, Quad, SyntaxProblem, parse
from citygraph.sssom import SssomError, read_mappings

Progress = Callable[[str, int, int], None]
Known: TypeAlias = dict[str, tuple[str, FileGraph | None, list[Finding]]]
"""Files already read, by path: the hash of the content, and what reading it gave."""

_UNDECLARED: Final = re.compile(r"prefix (?P<prefix>[\w.-]*): has not been declared")
_PREFIX_LINE: Final = re.compile(r"(?im)^[ \t]*@?prefix[ \t]+([\w.-]*):")
_NEAR_PREFIX: Final = 0.6
_BOM: Final = b"\xef\xbb\xbf"
_SAME_AS: Final = Iri("https://schema.org/sameAs")
_SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
_MATCHES: Final = frozenset(
    _SKOS + each for each in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
)
_IN_SCHEME: Final = Iri(_SKOS + "inScheme")
_METADATA: Final = (".csv-metadata.json", ".tsv-metadata.json")
_TABLES: Final = frozenset({".csv", ".tsv"})
_FILES: Final = ("federation.extract", "reconcile.targets")
"""Settings that name a file."""
_PASSED: Final = frozenset({".csv", ".tsv", ".md", ".txt", ".toml", ""})


@dataclass(frozen=True, slots=True)
class Loaded:
    """What could be read, and what could not."""

    graphs: ProjectGraphs
    findings: tuple[Finding, ...]


def find_files(folder: Path) -> list[Path]:
    """The files of a project that hold statements: everything below ontology/ and data/, sorted by path.

    Hidden files and the backups of editors are passed over. So are links that end at a folder or outside the project:
    `unsafe_links` names them.
    """
    tops = [folder / top for top in ("ontology", "data") if not (folder / top).is_symlink()]
    found = [path for top in tops for path in top.rglob("*") if _is_file(path, folder) and _has_name(path)]
    return sorted(path for path in found if not path.name.startswith(".") and not path.name.endswith("~"))


def files_of(config: Config) -> list[Path]:
    """The files of `find_files` that are there in the edition of `config`."""
    folder, hidden = config.folder, config.hidden
    found = find_files(folder)
    if not hidden:
        return found
    return [each for each in found if not is_internal(each.relative_to(folder).as_posix(), hidden, base=config.base)]


def stamp_of(config: Config) -> tuple[tuple[str, int, int], ...]:
    """Name, time and size of every file that a check reads: another stamp means that one has changed."""
    paths = [*files_of(config), *(config.folder / "queries").rglob("*.rq"), config.folder / CONFIG_FILE]
    stats = [(path, path.stat()) for path in paths if path.is_file()]
    return tuple(sorted((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats))


def _has_name(path: Path) -> bool:
    """Whether the name can be written in UTF-8, in which everything that we write is."""
    return not any("\ud800" <= letter <= "\udfff" for letter in str(path))


def _is_file(path: Path, folder: Path) -> bool:
    """Whether this is a file of the project, or a link that leads to none: that one is reported as unreadable."""
    if not path.is_symlink():
        return path.is_file()
    return not path.exists() or (path.is_file() and end_inside(path, folder) is not None)


def unsafe_links(config: Config) -> list[Finding]:
    """What below ontology/, data/ and queries/ is not read: links, so that nothing leaves by them, and names in no UTF-8.

    A symbolic link is followed when it ends at a file inside the project that is internal exactly if the link is; of
    several names of one file (hard links) all are internal, or none is.
    """
    found: list[str] = []
    odd: list[Finding] = []
    names: dict[tuple[int, int], list[str]] = {}
    for top in ("ontology", "data", "queries"):
        place = config.folder / top
        for path in sorted([place, *place.rglob("*")]):
            name = path.relative_to(config.folder).as_posix()
            if path.is_symlink():
                if path.exists() and not (
                    path.is_file() and _keeps_class(config, name, end_inside(path, config.folder))
                ):
                    found.append(name)
            elif top != "queries" and path.exists() and not (path.is_file() or path.is_dir()):
                # A pipe or a device, which would be waited for without end; a question that is one is a bad question.
                odd.append(finding("unreadable-file", file=_shown(name), reason=words("files.no_plain_file")))
            elif path.is_file() and not _has_name(path):
                odd.append(finding("unreadable-file", file=_shown(name), reason=words("files.odd_name").filled()))
            elif path.is_file() and (status := path.lstat()).st_nlink > 1:
                names.setdefault((status.st_dev, status.st_ino), []).append(name)
    for same in names.values():
        public = [name for name in same if not is_internal(name, config.internal, base=config.base)]
        found += public if len(public) < len(same) else []
    return [*odd, *(finding("unsafe-link", file=_shown(name)) for name in sorted(found))]


def _misplaced_mappings(config: Config) -> list[Finding]:
    """Files of links that nobody reads, since they lie beside the data and not below them, whatever they are called."""
    folder = config.folder
    aside = [
        path
        for path in (folder / "mappings").rglob("*")
        if path.is_file() and (path.suffix in _TABLES or by_extension(path.suffix) is not None)
    ]
    found = [*folder.glob(f"*{MAPPINGS}"), *aside]
    names = sorted(path.relative_to(folder).as_posix() for path in found)
    return [
        finding("misplaced-mapping", file=_shown(name))
        for name in names
        if not is_internal(name, config.hidden, base=config.base)
    ]


def _settings_without_file(config: Config) -> list[Finding]:
    """The settings that name a file which is none: a folder, or nothing at all."""
    found = []
    for key in _FILES:
        name = str(config.values[key])
        path = config.folder / name
        if not name or path.is_file() or is_internal(name, config.hidden, base=config.base):
            continue
        lines = (config.folder / CONFIG_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
        word = key.rpartition(".")[2]
        line = next((n for n, each in enumerate(lines, 1) if re.match(rf"\s*[\w.]*\b{word}\s*=", each)), 0)
        reason = words("files.setting_folder" if path.is_dir() else "files.setting_nothing").filled(key=key, name=name)
        warned = finding("unreadable-file", file=CONFIG_FILE, line=line, value=name, reason=reason)
        found.append(replace(warned, severity=Severity.WARNING))
    return found


def _shown(name: str) -> str:
    """A name as it can be written, whatever bytes it has."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _keeps_class(config: Config, name: str, end: str | None) -> bool:
    """Whether what a path leads to lies inside the project, and is internal exactly if the path is."""
    kinds = {is_internal(each, config.internal, base=config.base) for each in (name, end) if each is not None}
    return end is not None and len(kinds) == 1


def _read(path: Path, config: Config) -> bytes | Finding:
    """The bytes of a file; a finding when it cannot be read, or when it is a link that may not be followed by now."""
    name = path.relative_to(config.folder).as_posix()
    try:
        found = read_inside(path, config.folder)
    except OSError as error:
        return finding("unreadable-file", file=name, reason=reason_of(error))
    if found is None or not _keeps_class(config, name, found[1]):
        return finding("unsafe-link", file=name)
    return found[0]


def hash_files(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of each file by its path from the project folder; a file that cannot be read has an empty one."""
    hashes: dict[str, str] = {}
    for path in paths:
        name = path.relative_to(folder).as_posix()
        try:
            hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            # load_files reports the file; here it only has to make the snapshot a different one.
            hashes[name] = ""
    return hashes


def load_files(
    config: Config,
    *,
    known: Known | None = None,
    progress: Progress | None = None,
    instead: Mapping[str, bytes] = MappingProxyType({}),
) -> Loaded:
    """Every file of the project, each in the graph that carries its path.

    Args:
        config: the project.
        known: what was read before; only files with other content are read again, and it is brought up to date.
        progress: told of each file.
        instead: what files are to hold that an edit would write, by their paths from the project folder.

    A file with a syntax error keeps the statements that could be read, so that one missing dot does
    not hide every other finding.
    """
    folder = config.folder
    findings = unsafe_links(config)
    unsafe = {each.file for each in findings}
    found = sorted({*files_of(config), *(folder / name for name in instead)})
    paths = [path for path in found if path.relative_to(folder).as_posix() not in unsafe]
    files: list[FileGraph] = []
    findings += _misplaced_mappings(config)
    findings += _settings_without_file(config)
    if not any(path.suffix == ".ttl" and path.is_relative_to(folder / "data") for path in paths):
        findings.append(finding("no-data", file="data"))
    bounds = DocumentBounds(config.number("limits.file_size"), config.number("limits.file_depth"))
    mappings = {path: None for path in paths if path.name.endswith(MAPPINGS)}
    for number, path in enumerate(paths):
        if progress is not None:
            progress("load", number, len(paths))
        if path in mappings:
            continue
        content = instead.get(path.relative_to(folder).as_posix())
        if content is not None:
            file, problems = _load_file(path, config, bounds, content)
        else:
            file, problems = _load_known(path, config, bounds, known)
        findings += problems
        if file is not None:
            files.append(file)
    subjects = {str(quad.subject) for file in files for quad in file.quads} if mappings else set()
    concepts = {str(quad.subject) for file in files for quad in file.quads if quad.predicate == _IN_SCHEME}
    for path in mappings:
        mapped, problems = _load_mappings(
            path, config, subjects, concepts, instead.get(path.relative_to(folder).as_posix())
        )
        findings += problems
        if mapped is not None:
            files.append(mapped)
    is_whole = not config.hidden and not any(each.file.startswith("data") for each in findings)
    if is_whole and not any(file.quads for file in files if file.part is Part.DATA):
        findings.append(finding("empty-graph", file="data"))
    return Loaded(ProjectGraphs(config.base, tuple(files)), tuple(findings))


def _load_known(
    path: Path, config: Config, bounds: DocumentBounds, known: Known | None
) -> tuple[FileGraph | None, list[Finding]]:
    if known is None:
        return _load_file(path, config, bounds)
    name = path.relative_to(config.folder).as_posix()
    content = hash_files(config.folder, [path])[name]
    before = known.get(name)
    if before is None or not content or before[0] != content:
        before = known[name] = (content, *_load_file(path, config, bounds))
    return before[1], before[2]


def _load_file(
    path: Path, config: Config, bounds: DocumentBounds, content: bytes | None = None
) -> tuple[FileGraph | None, list[Finding]]:
    name = path.relative_to(config.folder).as_posix()
    if path.name.endswith(_METADATA):
        # CSVW metadata describe the table beside them, and no city.
        return None, []
    format_ = by_extension(path.suffix)
    if format_ is None or format_.carries is Carries.ROWS:
        # Tables and notes may lie beside the data; only what looks like RDF gone astray is worth a word.
        return None, [finding("unknown-format", file=name, ending=path.suffix)] if path.suffix not in _PASSED else []
    if format_.carries is Carries.QUADS and format_.name != "jsonld":
        return None, [finding("named-graphs", file=name, format=format_.title)]
    data = _read(path, config) if content is None else content
    if isinstance(data, Finding):
        return None, [data]
    findings: list[Finding] = []
    if data.startswith(_BOM):
        findings.append(finding("byte-order-mark", file=name, line=1, column=1))
        data = data[len(_BOM) :]
    try:
        text = xml_text(data) if format_.name == "rdf" else data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = place_of(error)
        return None, [*findings, finding("encoding", file=name, line=line, column=column)]
    data = text.encode()
    refused = list(problems_of(data, format_.name, bounds))
    if refused:
        return None, [*findings, *(_refusal(name, problem) for problem in refused)]
    graph_name = graph_of_file(config.base, name)
    parsed = parse(data, format=format_.name, graph_name=graph_name)
    declared: dict[str, str] = {}
    if format_.name == "ttl" and any(_UNDECLARED.search(each.message) for each in parsed.problems):
        undeclared, declared = _declared(name, text, config, parsed.problems)
        findings += undeclared
        parsed = _parse_declared(text, declared, graph_name)
    findings += [
        finding("syntax", file=name, line=problem.line, column=problem.column, detail=problem.message)
        for problem in parsed.problems
    ]
    if format_.name == "jsonld" and not parsed.problems:
        findings += [
            finding("jsonld-dropped", file=name, line=each.line, place=each.place, why=each.told)
            for each in dropped(text)
        ]
    return FileGraph(name, graph_name, part_of(name), text, parsed.quads, tuple(declared.items())), findings


def _parse_declared(text: str, declared: Mapping[str, str], graph_name: Iri | None = None) -> Parsed:
    """A Turtle file as it is with these prefixes besides; its problems have the places of the file."""
    # In front of the first line, so that every line keeps its number.
    head = "".join(f"@prefix {prefix}: <{iri}> . " for prefix, iri in declared.items())
    parsed = parse(f"{head}{text}".encode(), format="ttl", graph_name=graph_name)
    placed = (
        replace(each, column=each.column - len(head)) if each.line == 1 and each.column > len(head) else each
        for each in parsed.problems
    )
    return Parsed(parsed.quads, tuple(placed))


def _declared(
    name: str, text: str, config: Config, problems: Sequence[SyntaxProblem]
) -> tuple[list[Finding], dict[str, str]]:
    """Prefixes that a file uses and does not declare, each told once, and what they are taken to mean.

    It is read on as if they were there: what they break is not told besides.
    """
    known = prefixes_for(config.base)
    used = set(_PREFIX_LINE.findall(text))
    findings: list[Finding] = []
    declared: dict[str, str] = {}
    while missing := [(one, m["prefix"]) for one in problems if (m := _UNDECLARED.search(one.message))]:
        new = [(one, prefix) for one, prefix in missing if prefix not in declared]
        if not new:
            break
        for one, prefix in new:
            if prefix in declared:
                continue
            near = difflib.get_close_matches(prefix, sorted({*known, *used}), n=1, cutoff=_NEAR_PREFIX)
            meant = known.get(prefix) or known.get("".join(near)) or f"urn:undeclared:{prefix}#"
            fix = words("files.declare").filled(prefix=prefix, iri=meant)
            if prefix not in known:
                fix = words("files.declare_near" if near else "files.declare_other").filled(
                    near="".join(near), prefix=prefix
                )
            detail = words("files.undeclared").filled(prefix=prefix)
            findings.append(
                replace(finding("syntax", file=name, line=one.line, column=one.column, detail=detail), fix=fix)
            )
            declared[prefix] = meant
        problems = _parse_declared(text, declared).problems
    return findings, declared


def _refusal(name: str, problem: BoundsProblem) -> Finding:
    place = finding(problem.code, file=name, **problem.values)  # type: ignore[arg-type]  # its values are words
    return replace(place, line=problem.line, column=1 if problem.line else 0)


def _load_mappings(
    path: Path,
    config: Config,
    subjects: Container[str],
    concepts: Container[str],
    content: bytes | None = None,
) -> tuple[FileGraph | None, list[Finding]]:
    """The accepted rows of an SSSOM file: `schema:sameAs` on things, the SKOS property on concepts.

    Args:
        path: the file.
        config: the project.
        subjects: everything that another file says something about, in N-Triples syntax.
        concepts: those of them that are concepts.
        content: what the file is to hold, when it is not what it holds.
    """
    name = path.relative_to(config.folder).as_posix()
    data = _read(path, config) if content is None else content
    if isinstance(data, Finding):
        return None, [data]
    try:
        text = data.removeprefix(_BOM).decode("utf-8")
        mapping_set = read_mappings(text)
    except UnicodeDecodeError as error:
        line, column = place_of(error)
        return None, [finding("encoding", file=name, line=line, column=column)]
    except SssomError as error:
        return None, [finding("bad-mapping", file=name, line=error.line, detail=error.what)]
    prefixes = {**prefixes_for(config.base), **mapping_set.curie_map}
    graph_name = graph_of_file(config.base, name)
    findings: list[Finding] = []
    quads: list[Quad] = []
    for mapping in mapping_set.mappings:
        if mapping.problem:
            findings.append(finding("bad-mapping", file=name, line=mapping.line, detail=mapping.problem))
        if not mapping.accepted:
            continue
        ends = [expand(each, prefixes) for each in (mapping.subject_id, mapping.predicate_id, mapping.object_id)]
        if None in ends or not ends[1] or ends[1] not in _MATCHES:
            detail = f"{mapping.subject_id} {mapping.predicate_id} {mapping.object_id}"
            findings.append(finding("bad-mapping", file=name, line=mapping.line, detail=detail))
            continue
        subject, predicate, object_ = (Iri(each or "") for each in ends)
        if str(subject) not in subjects:
            findings.append(finding("mapping-without-entity", file=name, line=mapping.line, entity=mapping.subject_id))
            continue
        if str(subject) not in concepts:
            if predicate.value != _SKOS + "exactMatch":
                # A place that is only close to an item is not the same thing, and sameAs would say so.
                continue
            predicate = _SAME_AS
        quads.append(Quad(subject, predicate, object_, graph_name))
    return FileGraph(name, graph_name, Part.MAPPINGS, text, tuple(dict.fromkeys(quads))), findings
