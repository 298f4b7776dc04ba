"""A record against its profile, the harvester and the quality score: everything a portal would say, said beforehand."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final

from citygraph.documents import BoundsProblem, DocumentBounds, problems_of
from citygraph.errors import PublishError
from citygraph.findings import Finding, Report, Severity, finding
from citygraph.formats import by_extension
from citygraph.http import AGENT, Broken, Deadline, DeadlinePassed, HttpClient, Policy
from citygraph.messages import LANGUAGES, Text, reason_of, sentence, text, texts
from citygraph.namespaces import CG, PREFIXES, compress
from citygraph.publish.paging import CATALOG_FORMATS, PageFile, follow_pages, lost_page
from citygraph.publish.quality import Answers, Score, predict
from citygraph.publish.record import DCAT_AP_3, NAMESPACES, PROFILES, Profile, profile_of_page
from citygraph.publish.shacl import ForeignShapes, Result, run_shapes, shapes_of
from citygraph.rdf import BlankNode, Iri, Literal, Triple, parse
from citygraph.shacl import Shapes

# -- what the harvester of data.norge.no does to a record ------------------------------------------

_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_DCAT: Final = PREFIXES["dcat"]
_MOST: Final = 20_000
"""Triples that one dataset may drag along; a record of ours has some twenty for each file."""
_LINKED_BY: Final = {
    "Distribution": (f"{_DCAT}distribution", "http://www.w3.org/ns/adms#sample"),
    "DataService": (f"{_DCAT}service", f"{_DCAT}accessService"),
    "CatalogRecord": (f"{_DCAT}record",),
}
"""What a harvester reaches these through; a thing that nothing links to is lost on the way."""
_XML_NAME_AT_END: Final = re.compile(r"[^\W\d][\w.\-]*\Z")


def check_harvest(record: Sequence[Triple], *, base: str, file: str = "") -> list[Finding]:
    """The conditions of the harvester that a record breaks.

    Args:
        record: the triples of the catalogue.
        base: the address that the graph's own names begin with; none of them may be dragged in.
        file: where the record stands.
    """
    return [finding("publish-harvest", file=file, problem=problem) for problem in _problems(record, base)]


def _problems(record: Sequence[Triple], base: str) -> Iterator[Text]:
    catalogs, datasets = _of_class(record, "Catalog"), _of_class(record, "Dataset")
    if not catalogs:
        yield text("publish.check.there_no_dcat_catalog")
    if not datasets:
        yield text("publish.check.there_no_dcat_dataset")
    for node in sorted(map(str, {*catalogs, *datasets, *_of_class(record, "DatasetSeries")})):
        if node.startswith("_:"):
            yield text("publish.check.has_no_address_dropped").filled(node=node)
    linked = {each.object for each in record if each.predicate.value == _DCAT + "dataset"}
    for dataset in datasets:
        if dataset not in linked:
            yield text("publish.check.not_linked_from_catalogue").filled(dataset=dataset)
    yield from _lost(record)
    for iri in sorted(_iris(record)):
        if re.match(r"https?://(www\.)?example\.com(/|\Z)", iri) or "://" not in iri.replace("mailto:", "mailto://"):
            yield text("publish.check.no_absolute_address").filled(iri=iri)
    for name in not_xml_names(record):
        yield text("publish.check.cannot_written_rdf_xml").filled(name=name)
    by_subject = _by_subject(record)
    for dataset in datasets:
        yield from _dragged_in(by_subject, dataset, set(datasets), base)


def _lost(record: Sequence[Triple]) -> Iterator[Text]:
    for class_, links in _LINKED_BY.items():
        reached = {each.object for each in record if each.predicate.value in links}
        for thing in _of_class(record, class_):
            if thing not in reached:
                yield text("publish.check.nothing_links").filled(thing=thing)


def _dragged_in(
    by_subject: Mapping[object, Sequence[Triple]], dataset: object, datasets: set[object], base: str
) -> Iterator[Text]:
    closure = _closure(by_subject, dataset, datasets)
    if len(closure) > _MOST:
        yield text("publish.check.drags_statements_along").filled(dataset=dataset, len_closure=len(closure))
    own = (CG, f"{base}id/", f"{base}graph/", f"{base}source/")
    for iri in sorted(iri for iri in _iris(closure) if iri.startswith(own)):
        yield text("publish.check.part_graph_drags_along").filled(iri=iri)


def closure_of(record: Iterable[Triple], dataset: object, *, others: set[object]) -> list[Triple]:
    """What the harvester takes as the graph of one dataset: all that can be reached, except other datasets."""
    return _closure(_by_subject(record), dataset, others)


def terms_by_dataset(record: Iterable[Triple]) -> dict[str, set[str]]:
    """Each dataset with everything that it leads to, other datasets left out; all as N-Triples write them."""
    given = list(record)
    by_subject, datasets = _by_subject(given), set(_of_class(given, "Dataset"))
    return {
        str(dataset): {
            str(term)
            for each in _closure(by_subject, dataset, datasets)
            for term in (each.subject, each.object)
            if term == dataset or term not in datasets
        }
        for dataset in datasets
    }


def _by_subject(record: Iterable[Triple]) -> dict[object, list[Triple]]:
    found: dict[object, list[Triple]] = {}
    for each in record:
        found.setdefault(each.subject, []).append(each)
    return found


def _closure(by_subject: Mapping[object, Sequence[Triple]], dataset: object, others: set[object]) -> list[Triple]:
    waiting, seen, found = [dataset], {dataset}, []
    while waiting:
        for triple in by_subject.get(waiting.pop(), []):
            found.append(triple)
            if triple.object not in seen and triple.object not in others:
                seen.add(triple.object)
                waiting.append(triple.object)
    return found


def not_xml_names(triples: Iterable[Triple]) -> list[str]:
    """The predicates that cannot be written as RDF/XML (its section 2.2 wants an XML name at their end)."""
    predicates = {each.predicate.value for each in triples}
    return sorted(name for name in predicates if not _XML_NAME_AT_END.search(name))


def _of_class(record: Iterable[Triple], name: str) -> list[object]:
    class_ = Iri(_DCAT + name)
    return sorted({each.subject for each in record if each.predicate == _TYPE and each.object == class_}, key=str)


def _iris(record: Iterable[Triple]) -> set[str]:
    return {
        term.value for each in record for term in (each.subject, each.predicate, each.object) if isinstance(term, Iri)
    }


# -- the shapes of a profile -----------------------------------------------------------------------

_START, _END = PREFIXES["dcat"] + "startDate", PREFIXES["dcat"] + "endDate"
_IN_EACH_LANGUAGE: Final = frozenset({
    PREFIXES["dct"] + "title", PREFIXES["dct"] + "description", PREFIXES["dcat"] + "keyword", PREFIXES["foaf"] + "name",
    NAMESPACES["vcard"] + "fn", NAMESPACES["odrs"] + "attributionText", PREFIXES["rdfs"] + "label",
})  # fmt: skip
_STANDARDS: Final = ("<https://www.w3.org/TR/", "<https://spec.openapis.org/")


def check_profile(record: Sequence[Triple], profile: Profile, *, file: str = "") -> list[Finding]:
    """What our own shapes for the profile say."""
    results = run_shapes(record, shapes_of(profile.name))
    results = [*results, *_backward_periods(record), *_one_language(record), *_own_addresses(record)]
    return [_finding(each, profile, file) for each in results]


def _one_language(record: Sequence[Triple]) -> list[Result]:
    """Titles and other words that lack a language which others have: no profile forbids it, and no reader wants it."""
    found: dict[tuple[str, str], set[str]] = {}
    for each in record:
        if each.predicate.value in _IN_EACH_LANGUAGE and isinstance(each.object, Literal) and each.object.language:
            found.setdefault((str(each.subject), str(each.predicate)), set()).add(each.object.language)
    return [
        Result(Severity.WARNING, thing, path, f'"{language}"', "LanguageMissing", "")
        for (thing, path), languages in sorted(found.items())
        # The title of a standard is what it is.
        for language in sorted(set(LANGUAGES) & set().union(*found.values()) - languages)
        if not thing.startswith(_STANDARDS)
    ]


def _backward_periods(record: Sequence[Triple]) -> list[Result]:
    """Periods that end before they begin; pySHACL 0.40 fails on `sh:lessThanOrEquals` when a date is no date."""
    days: dict[str, dict[str, str]] = {}
    for each in record:
        if each.predicate.value in {_START, _END} and isinstance(each.object, Literal):
            days.setdefault(str(each.subject), {})[each.predicate.value] = each.object.value[:10]
    return [
        Result(Severity.VIOLATION, period, f"<{_START}>", found[_START], "LessThanOrEqualsConstraintComponent", "")
        for period, found in sorted(days.items())
        if len(found) > 1 and found[_START] > found[_END]
    ]


def _own_addresses(record: Sequence[Triple]) -> list[Result]:
    """Distributions whose address is that of their dataset: it names the dataset, and gives nobody its data."""
    of = {each.object: each.subject for each in record if each.predicate.value == _DCAT + "distribution"}
    return [
        Result(Severity.WARNING, str(each.subject), f"<{each.predicate.value}>", str(each.object), "OwnAddress", "")
        for each in record
        if each.predicate.value in {_DCAT + "accessURL", _DCAT + "downloadURL"} and of.get(each.subject) == each.object
    ]


def check_foreign_shapes(
    record: Sequence[Triple], profile: Profile, shapes: Iterable[Triple], *, file: str = ""
) -> list[Finding]:
    """What shapes from elsewhere say, as the official ones of the profile; in their own words.

    A shape that cannot be run is a finding of its own, with its file.
    """
    files = shapes.files if isinstance(shapes, ForeignShapes) else {}
    sorted_out = Shapes(shapes)
    results = run_shapes(record, sorted_out)
    found = [
        finding(
            "bad-shape",
            file=files.get(each.node, files.get(each.shape, "")),
            focus_node=str(each.shape),
            path=f"<{each.predicate}>" if each.predicate else "",
            value=each.value,
            name=_short(str(each.shape)) if not isinstance(each.shape, BlankNode) else text("shacl.nameless"),
            reason=each.reason,
        )
        for each in sorted_out.faults
    ]
    for each in results:
        code = {Severity.VIOLATION: "publish-shapes", Severity.WARNING: "publish-shapes-advice"}.get(each.severity)
        if code:
            found.append(
                finding(
                    code,
                    file=file,
                    focus_node=each.focus,
                    path=each.path,
                    value=each.value,
                    profile=profile.title,
                    thing=_short(each.focus),
                    property=_short(each.path) or each.constraint,
                    message=each.message.rstrip("."),
                )
            )
    return list(dict.fromkeys(found))


def _finding(result: Result, profile: Profile, file: str) -> Finding:
    code = "publish-profile" if result.severity is Severity.VIOLATION else "publish-profile-advice"
    said = texts("publish")
    breaks = said.get(f"breaks.{result.constraint}", said["breaks.Otherwise"])
    value = f": {_short(result.value)}" if result.value and result.value != result.focus else ""
    property_ = _short(result.path)
    return finding(
        code,
        file=file,
        focus_node=result.focus,
        path=result.path,
        value=result.value,
        profile=profile.title,
        thing=_short(result.focus),
        property=property_ or text("publish.check.thing_itself"),
        breaks=Text(f"{breaks.nb}{value}", f"{breaks.en}{value}"),
    )


def _short(term: str) -> str:
    """A term as people read it: CURIE, else the end of the address."""
    if not term.startswith("<"):
        return term
    curie = compress(term[1:-1], NAMESPACES)
    return term[1:-1] if curie.startswith("<") else curie


def score_of(
    record: Sequence[Triple],
    findings: Iterable[Finding],
    *,
    answers: Answers | None = None,
    is_valid: Callable[[str, str], bool] | None = None,
) -> Score:
    """The quality score of a record in DCAT-AP 3 that gave these findings.

    A fault counts against each dataset that leads to it; one that none leads to, as of the catalogue, against all.
    """
    broken = {each.focus_node for each in findings if each.code in {"publish-profile", "publish-shapes"}}
    terms = terms_by_dataset(record) if broken else {}
    of_all = broken - set().union(*terms.values())

    def complies(dataset: str) -> bool:
        return not of_all and broken.isdisjoint(terms.get(f"<{dataset}>", ()))

    return predict(record, complies=complies, answers=answers, is_valid=is_valid)


# -- page by page, as a harvester reads ------------------------------------------------------------


def check_pages(
    pages: Sequence[PageFile], profile: Profile, *, base: str, shapes: Sequence[Triple] = ()
) -> list[Finding]:
    """What a portal would say about the pages, each fault once, with the first page that has it.

    Args:
        pages: the catalogue; a small one has one page.
        profile: what it follows.
        base: the address that the graph's own names begin with; none of them may be dragged in.
        shapes: shapes from elsewhere that it must pass too.
    """
    found: dict[Finding, Finding] = {}
    for page in pages:
        for each in (
            *check_profile(page.record, profile, file=page.name),
            *check_harvest(page.record, base=base, file=page.name),
            *(check_foreign_shapes(page.record, profile, shapes, file=page.name) if shapes else ()),
        ):
            found.setdefault(replace(each, file=""), each)
    return list(found.values())


def whole_record(pages: Iterable[PageFile]) -> list[Triple]:
    """What all pages say together, each statement once."""
    return list(dict.fromkeys(each for page in pages for each in page.record))


# -- whether addresses answer ----------------------------------------------------------------------

Status = Callable[[str], str]
_POLICY: Final = Policy(contact="", timeout=10.0)


class LinkCheck:
    """Addresses tried once each; what did not answer is remembered as findings."""

    def __init__(self, status: Status | None = None) -> None:
        """Nothing has been tried.

        Args:
            status: why an address does not answer with 200–299, or an empty text; tests give their own.
        """
        self._status = status or partial(_why_not, HttpClient(_POLICY, headers={"User-Agent": AGENT}, follows=True))
        self._tried: dict[str, str] = {}

    def answers(self, address: str) -> bool:
        """Whether the address answers with 200–299."""
        if address not in self._tried:
            self._tried[address] = self._status(address)
        return not self._tried[address]

    @property
    def findings(self) -> list[Finding]:
        """The addresses that did not answer, with the reason."""
        return [
            finding("publish-dead-link", value=address, address=address, reason=reason)
            for address, reason in self._tried.items()
            if reason
        ]


def _why_not(client: HttpClient, address: str) -> str:
    if not address.startswith(("https://", "http://")):
        return "it is no address on the web"
    try:
        status = client.send("HEAD", address, Deadline(_POLICY.timeout)).status
    except DeadlinePassed:
        return f"no answer within {_POLICY.timeout:.0f} seconds"
    except Broken as error:
        return error.reason
    return "" if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES else f"HTTP {status}"


# -- catalogues in files, ours or anybody's --------------------------------------------------------

_BOUNDS: Final = DocumentBounds(size=50_000_000, depth=200)
"""What a harvester takes: CKAN reads no more than 50 MB at once."""
_MOST_STATEMENTS: Final = 200_000
"""Statements that are held against the shapes; a catalogue of ours has some sixteen for each file."""
_ENDINGS: Final = {".xml": ".rdf", ".json": ".jsonld"}
"""What portals call their catalogues, and what we call the format."""


def check_catalog(
    path: Path, *, base: str, profile: str = "", shapes: Sequence[Triple] = (), links: LinkCheck | None = None
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
            fix = sentence("files.give_profile", profiles=", ".join(PROFILES))
            raise PublishError(sentence("files.no_profile", path=each), fix=fix)
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
        raise PublishError(sentence("files.no_record", path=path), fix=sentence("files.give_record"))
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
        raise PublishError(sentence("files.no_format", path=path), fix=sentence("files.give_format"))
    try:
        data = path.read_bytes() if path.stat().st_size <= _BOUNDS.size else b""
    except OSError as error:
        message = sentence("files.cannot_read", path=path, why=reason_of(error))
        raise PublishError(message, fix=sentence("files.give_readable")) from error
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
    if len(record) > _MOST_STATEMENTS:
        said = f"{len(record):,} > {_MOST_STATEMENTS:,}"
        return [], [*problems, _unreadable(path, f"too many statements to be checked ({said}); split it into pages")]
    return record, problems


def _refusal(path: Path, problem: BoundsProblem) -> Finding:
    found = finding(problem.code, file=str(path), **problem.values)  # type: ignore[arg-type]  # its values are words
    return replace(found, line=problem.line)


def _unreadable(path: Path, message: str, line: int = 0, column: int = 0) -> Finding:
    problem = text("publish.check.problem").filled(message=message)
    return finding("publish-harvest", file=str(path), line=line, column=column, problem=problem)
