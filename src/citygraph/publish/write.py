"""Everything a portal harvests, written into one folder, read back and checked before it is moved to its place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from filecmp import cmp
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from citygraph.config import Config, check_terms, settings
from citygraph.csv_tables import METADATA_ENDING, TableAbout, columns_of, describe_table, with_names
from citygraph.errors import ExportError, PublishError
from citygraph.findings import Finding, Report, finding
from citygraph.graphs import Part
from citygraph.labels import Labels
from citygraph.messages import LANGUAGES, Text, text
from citygraph.namespaces import BASE, PREFIXES, compress
from citygraph.openapi import openapi_document
from citygraph.publish.catalog import Catalog, Item, catalog_of
from citygraph.publish.check import LinkCheck, check_pages, not_xml_names, score_of, whole_record
from citygraph.publish.edition import Edition, find_leaks, period_of, secrets_of
from citygraph.publish.files import (
    answer_files,
    class_files,
    grlc_file,
    reads_back,
    sib_example,
    sib_prefixes,
    sib_text,
)
from citygraph.publish.folder import NewFolder
from citygraph.publish.identity import Known, Plan, check_identifiers, known_of, plan_of, refuse_removal, removed
from citygraph.publish.pages import landing_page, ontology_page
from citygraph.publish.paging import CATALOG_FORMATS, PageFile, read_back, write_catalogs
from citygraph.publish.quality import Score, quality_triples
from citygraph.publish.record import DCAT_AP_3, NAMESPACES, PROFILES
from citygraph.rdf import Iri, Literal, Quad, Term, Triple
from citygraph.results import Solutions
from citygraph.saved_query import SavedQuery
from citygraph.sorted_quads import SortedQuads
from citygraph.void import figures_of, void_triples

MISSING_COSTS_NOTHING: Final = (
    "publish.description", "publisher.type", "contact.name", "publish.frequency", "publish.availability",
    "publish.provenance",
)  # fmt: skip
"""Keys that a portal asks for and that give no points."""
_WITH_POINTS: Final = (
    "publisher.name", "contact.email", "publish.keywords", "publish.themes", "publish.spatial", "publish.access",
    "publish.issued",
)  # fmt: skip
_ADDRESSES: Final = ("contact.email", "contact.url", "publisher.homepage", "publish.site", "publish.service")
_DATE: Final = Iri(PREFIXES["xsd"] + "date")
_RESERVED: Final = re.compile(r"(\A|\.)(example|test|invalid|localhost|example\.(com|net|org))\Z")
"""Names that are set aside for examples and tests (RFC 2606, sections 2 and 3)."""


def check_settings(config: Config, score: Score) -> list[Finding]:
    """Keys of graph.toml that a portal asks for: empty ones with their points, values no table has, placeholders."""
    cost = {each.key: each.points for each in score.lost if each.key}
    cost["publisher.name"] = cost.get("publisher.name", 0) + cost.get("publish.attribution", 0)
    found = []
    for key in (*_WITH_POINTS, *MISSING_COSTS_NOTHING):
        value = config.values[key]
        if key == "contact.email" and config.values["contact.url"]:
            continue
        if not value:
            found.append(_missing(key, cost.get(key, 0)))
            continue
        languages = config.languages if isinstance(value, dict) else ()
        found += [_missing(f"{key}.{language}", 0) for language in languages if not value.get(language)]
    return [*found, *check_terms(config), *_placeholders(config)]


def _placeholders(config: Config) -> Iterator[Finding]:
    """Addresses under names that nobody can own: they look right, and nobody reads what is sent there."""
    written = [(key, config.values[key]) for key in _ADDRESSES]
    written += [(f"contact.{name}", each[name]) for each in config.values["contact.more"] for name in ("email", "url")]
    for key, value in written:
        for each in value if isinstance(value, tuple) else [value]:
            host = each.rpartition("@")[2] if key == "contact.email" else urlsplit(each).hostname or ""
            if _RESERVED.search(host.rstrip(".").lower()):
                yield finding("publish-placeholder", file="graph.toml", key=key, value=each, address=each)


def _not_xml(error: ExportError) -> str:
    """The statement that an error of writing RDF/XML names, and what is wrong with it."""
    return error.message.removeprefix("RDF/XML cannot carry this graph: ").rstrip(".")


def _missing(key: str, points: float) -> Finding:
    about = next((each.about for each in settings() if key.startswith(each.key) and "." in each.key), Text())
    return finding("publish-missing", file="graph.toml", key=key, points=f"{points:g}", about=about)


DATA_FORMATS: Final = {
    "ttl": ("RDF_TURTLE", "text/turtle", "Turtle"),
    "trig": ("RDF_TRIG", "application/trig", "TriG"),
    "nt": ("RDF_N_TRIPLES", "application/n-triples", "N-Triples"),
    "nq": ("RDF_N_QUADS", "application/n-quads", "N-Quads"),
    "jsonld": ("JSON_LD", "application/ld+json", "JSON-LD"),
    "rdf": ("RDF_XML", "application/rdf+xml", "RDF/XML"),
}
"""The formats of the data: file type in the EU table, media type, name."""
_QUERY_FORMATS: Final = {"csv": ("CSV", "text/csv", "CSV"), "json": ("JSON", "application/json", "JSON")}
_FORMATS_OF_A_DATASET: Final = {
    **_QUERY_FORMATS,
    "geojson": ("GEOJSON", "application/geo+json", "GeoJSON"),
    "xlsx": ("XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "XLSX"),
}
"""Of an answer that is a dataset of its own, the map and the workbook are described too."""


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """The answer to a question, the values its parameters had, and its account: in words, and for programs (`query.Account`)."""

    answer: Solutions
    bound: Mapping[str, Term] = field(default_factory=dict)
    account: Text = field(default_factory=Text)
    counts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tools:
    """What others lend: quads into a file of a format, quads to tables one by one with their metadata, a question to its answer.

    `kinds` are the shapes of the kinds of facts. `site` writes the pages for people into the folder; it is not asked when a violation keeps the folder back anyway.
    """

    write: Callable[[Iterable[Quad], str, Mapping[str, str], BinaryIO], None]
    tables: Callable[[Iterable[Quad]], Iterable[tuple[str, bytes, bytes]]]
    ask: Callable[[SavedQuery], QuestionAnswer | None]
    prefixes: Mapping[str, str] = field(default_factory=lambda: PREFIXES)
    site: Callable[[NewFolder], Iterable[Finding]] | None = None
    kinds: Sequence[Quad] = ()


class Writing:
    """One folder being filled."""

    def __init__(
        self,
        edition: Edition,
        tools: Tools,
        folder: NewFolder,
        *,
        before: Path | None = None,
        known: Known | None = None,
    ) -> None:
        """Begin; `before` is the folder that was published last, and `known` what portals know from it."""
        self._before, self._known = before, known
        self._edition, self._tools, self._folder = edition, tools, folder
        self._config = edition.config
        self._quads = SortedQuads(edition.quads)
        self._items: list[Item] = []
        self._sound: set[str] = set()
        self._bound: dict[str, Mapping[str, Term]] = {}
        self.published = [each for each in edition.queries if each.publish]
        self.findings: list[Finding] = []

    @property
    def _endpoint(self) -> str:
        server = str(self._config.values["publish.service"])
        return f"{server}sparql" if server else f"{self._site}sparql"

    @property
    def _site(self) -> str:
        return str(self._config.values["publish.site"]) or self._config.base

    def write_all(self) -> Catalog:
        """Every file, the data first and what describes them after."""
        self._write_data()
        tables = self._write_classes()
        self._write_answers()
        self._write_query_texts()
        modified, is_dated = self._day_of_change()
        catalog = catalog_of(
            self._config,
            self._items,
            period=period_of(self._edition.graphs.quads(Part.DATA), latest=modified),
            modified=modified,
            is_dated=is_dated,
            queries=self.published,
        )
        self._write_ontology()
        self._write_void(catalog)
        paths = write_catalogs(catalog, self.put, page_size=self._config.number("publish.page_size"))
        for language, name in (("nb", "index.html"), ("en", "en.html")):
            site = (
                f"{language}/index.html" if self._tools.site is not None and language in self._config.languages else ""
            )
            page = landing_page(catalog, language, tables=tables, catalogs=paths, site=site)
            self._folder.write(name, page.encode())
        return catalog

    def _day_of_change(self) -> tuple[date, bool]:
        """The day of the last change, and whether it is known; the same data keep the day that was published before."""
        edition, name = self._edition, "data/graph.nq"
        if edition.dated != "commit" and self._before is not None and (self._before / name).is_file():
            day = self._known.graph.modified if self._known and self._known.graph else ""
            if re.fullmatch(r"\d{4}-\d\d-\d\d", day, re.ASCII) and cmp(
                self._before / name, self._folder.path / name, shallow=False
            ):
                return date.fromisoformat(day), True
        return edition.modified, edition.dated != "shallow"

    def put(self, path: str, triples: Iterable[Triple], format_: str, prefixes: Mapping[str, str]) -> None:
        """Write some triples as a file."""
        quads = [Quad(each.subject, each.predicate, each.object) for each in triples]
        with self._folder.open(path) as file:
            self._tools.write(quads, format_, prefixes, file)

    def is_valid(self, address: str, file_type: str) -> bool:
        """Whether the file behind an address of ours was read back as what it is said to be."""
        return f"{address.removeprefix(self._site)} {file_type}" in self._sound

    # -- the data ---------------------------------------------------------------------------------

    def _write_data(self) -> None:
        whole = text("publish.write.whole")
        predicates = {quad.predicate: quad for quad in self._quads}
        for format_, (file_type, media_type, name) in DATA_FORMATS.items():
            path = f"data/graph.{format_}"
            if format_ == "rdf" and (hostile := not_xml_names(quad.triple for quad in predicates.values())):
                self.findings += [finding("publish-not-xml", file=path, name=compress(each)) for each in hostile]
                continue
            try:
                with self._folder.open(path, gzip=True) as file:
                    self._tools.write(self._quads, format_, self._tools.prefixes, file)
            except ExportError as error:
                self.findings.append(finding("publish-not-xml", file=path, name=_not_xml(error)))
                continue
            if reads_back(self._quads, self._folder.path / path, format_):
                self._sound.add(f"{path} {file_type}")
            else:
                self.findings.append(finding("publish-lost", file=path, place=path))
            words = whole.filled(format=name)
            self._items.append(Item(path, Text.of(name), words, file_type, media_type, self._folder.sizes[path]))

    def _write_classes(self) -> list[str]:
        paths = []
        for name, data, metadata in self._tools.tables(self._quads):
            for ending, content in class_files(data):
                path = f"classes/{name.removesuffix('.csv')}.{ending}"
                self._folder.write(path, content)
                paths.append(path)
            self._folder.write(f"classes/{name}{METADATA_ENDING}", metadata)
        return paths

    def _write_answers(self) -> None:
        labels = Labels(self._quads if self.published else (), prefixes=self._tools.prefixes)
        formats = _FORMATS_OF_A_DATASET if self._config.values["publish.query_datasets"] else _QUERY_FORMATS
        language = self._config.languages[0]

        def name(iri: Iri) -> str:
            return labels.describe(iri, language)

        for query in self.published:
            asked = self._tools.ask(query)
            if asked is None:
                continue
            self._bound[query.name] = asked.bound
            about = Text(
                *(f"{query.question.in_language(each)} {asked.account.in_language(each)}".strip() for each in LANGUAGES)
            )
            named = with_names(asked.answer, name, prefixes=self._tools.prefixes)
            for ending, data in answer_files(asked.answer, named, name, asked.counts):
                path = f"queries/{query.name}.{ending}"
                size = self._folder.write(path, data)
                if ending in formats:
                    file_type, media_type, words = formats[ending]
                    title = Text(f"{query.title.nb} ({words})", f"{query.title.en} ({words})")
                    period = self._asked_about(asked)
                    self._items.append(Item(path, title, about, file_type, media_type, size, query.name, period))
                    self._sound.add(f"{path} {file_type}")
            file = f"{query.name}.csv"
            metadata = describe_table(file, columns_of(named, language), self._about_table(query, asked))
            self._folder.write(f"queries/{file}{METADATA_ENDING}", metadata)

    def _asked_about(self, asked: QuestionAnswer) -> tuple[str, str]:
        """The first and the last of the days that a question names, else the day that the edition holds for."""
        days = [each.value for each in asked.bound.values() if isinstance(each, Literal) and each.datatype == _DATE]
        day = self._edition.as_of.isoformat()
        return min(days, default=day), max(days, default=day)

    def _about_table(self, query: SavedQuery, asked: QuestionAnswer) -> TableAbout:
        """What the table of an answer is: the question, the day that it holds for, and the account of its rows."""
        return TableAbout(
            query.title,
            query.question,
            licence=self._config.licence,
            day=self._edition.as_of.isoformat(),
            source=f"{self._site}dataset/graph",
            account=asked.account,
        )

    def _write_query_texts(self) -> None:
        prefixes: dict[str, str] = {}
        for query in self.published:
            self._folder.write(f"queries/grlc/{query.name}.rq", grlc_file(query, endpoint=self._endpoint).encode())
            example = sib_example(query, endpoint=self._endpoint, defaults=self._bound.get(query.name))
            self._folder.write(f"queries/examples/{query.name}.ttl", sib_text(example).encode())
            prefixes |= {
                name: self._tools.prefixes[name] for name in _prefixes_in(query) if name in self._tools.prefixes
            }
        if self.published:
            self._folder.write("queries/examples/prefixes.ttl", sib_prefixes(prefixes).encode())
        document = openapi_document(
            self.published,
            title=self._config.title,
            licence=self._config.licence,
            server=str(self._config.values["publish.service"]) or self._site,
        )
        self._folder.write("openapi.json", (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())

    # -- what describes them ------------------------------------------------------------------------

    def _write_ontology(self) -> None:
        quads = list(self._edition.graphs.quads(Part.ONTOLOGY))
        for format_ in CATALOG_FORMATS:
            try:
                self.put(f"ontology/ontology.{format_}", (quad.triple for quad in quads), format_, self._tools.prefixes)
            except ExportError as error:
                path = f"ontology/ontology.{format_}"
                self.findings.append(finding("publish-not-xml", file=path, name=_not_xml(error)))
        if self._tools.kinds:
            prefixes = {**self._tools.prefixes, "kind": f"{BASE}kinds#"}
            self.put("ontology/kinds.ttl", (quad.triple for quad in self._tools.kinds), "ttl", prefixes)
        for language in LANGUAGES:
            page = ontology_page(quads, language, title=self._config.title, prefixes=self._tools.prefixes)
            self._folder.write(f"ontology/{language}.html", page.encode())

    def _write_void(self, catalog: Catalog) -> None:
        dumps = [path for path in self._folder if path.startswith("data/")]
        figures = figures_of(self._quads, base=self._config.base)
        stated = len({quad.triple for quad in self._edition.asserted})
        triples = void_triples(
            figures,
            parts=(
                ("stated", text("publish.write.stated"), stated),
                ("derived", text("publish.write.derived"), figures.triples - stated),
            ),
            dataset=catalog.dataset.iri,
            title=self._config.title,
            licence=self._config.licence,
            base=self._config.base,
            modified=catalog.modified,
            dumps=[self._site + path for path in dumps],
            endpoint=self._endpoint if self._config.values["publish.service"] else "",
            prefixes=self._tools.prefixes,
        )
        for path in ("void.ttl", ".well-known/void"):
            self.put(path, triples, "ttl", {**self._tools.prefixes, "void-ext": "http://ldf.fi/void-ext#"})


def _prefixes_in(query: SavedQuery) -> Iterator[str]:
    for line in query.text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0].upper() == "PREFIX":  # noqa: PLR2004  # the word and the name
            yield words[1].rstrip(":")


@dataclass(frozen=True, slots=True)
class Placement:
    """What a run may do to a folder that is there.

    `prune`: remove what no run wrote, but for `.git`. `plan`: write nothing, and say what would become of it.
    `allow_removal`: go on when portals would delete datasets.
    """

    prune: bool = False
    plan: bool = False
    allow_removal: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """What came of it: the findings, the score that is to be expected, the files with their sizes, the description.

    `written` says whether the folder is in its place: with a violation it is not. `pruned` are the files that were
    removed because no run had written them. `plan` is what was done to the datasets and files that were there, or with
    `plan` would be done; without a folder there is none.
    """

    report: Report
    score: Score
    files: Mapping[str, int]
    catalog: Catalog
    written: bool
    pruned: tuple[str, ...] = ()
    plan: Plan | None = None


def publish_edition(
    edition: Edition,
    target: Path | None,
    tools: Tools,
    *,
    shapes: Mapping[str, Sequence[Triple]] | None = None,
    links: LinkCheck | None = None,
    twice: bool = False,
    placement: Placement = Placement(),
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
        placement: what becomes of what is in the folder.
        before: findings that are known already; a violation among them keeps the folder from its place.

    Raises:
        PublishError: the folder cannot be written, something that no run wrote is in the way, or portals would delete
            datasets.
    """
    known = _known_in(target, allow_removal=placement.allow_removal)
    with NewFolder(None if placement.plan else target) as folder:
        writing = Writing(edition, tools, folder, before=target, known=known)
        catalog = writing.write_all()
        score, said = _read_records(folder, writing, edition.config, shapes or {}, links)
        findings = [*before, *writing.findings, *said]
        quality = quality_triples(score, of=catalog.iri, computed_on=catalog.iri)
        writing.put("catalog/quality.ttl", quality, "ttl", {**NAMESPACES, "dqv": "http://www.w3.org/ns/dqv#"})
        now, violations = _known_in(folder.path, allow_removal=True), Report.of(findings).violations
        if target is not None and not (placement.plan or placement.allow_removal or violations):
            lost = removed(known, now)
            refuse_removal(lost, target, renamed=any(now is not None and each.iri in now.datasets for each in lost))
        if tools.site is not None and not violations:
            findings += tools.site(folder)
        if edition.internal:
            secrets = secrets_of(edition.internal, edition.graphs.files, prefixes=tools.prefixes)
            findings += find_leaks(secrets, edition.quads, ((path, folder.read(path)) for path in folder))
        sums = folder.seal()
        if twice:
            findings += _not_same(sums, edition, tools, before=target, known=known)
        report = Report.of(findings)
        planned = plan_of(known, now, folder.plan(target, prune=placement.prune)) if target is not None else None
        written = target is not None and not report.violations and not placement.plan
        pruned = folder.move(prune=placement.prune) if written else ()
        return Published(report, score, dict(sorted(folder.sizes.items())), catalog, written, pruned, planned)


def _read_records(
    folder: NewFolder,
    writing: Writing,
    config: Config,
    shapes: Mapping[str, Sequence[Triple]],
    links: LinkCheck | None,
) -> tuple[Score, list[Finding]]:
    """The record in each profile as it was written: the score of the one of DCAT-AP 3, and all that is wrong with them."""
    findings: list[Finding] = []
    found: dict[str, tuple[list[PageFile], list[Finding]]] = {}
    for name, profile in PROFILES.items():
        pages, wrong = read_back(folder, name)
        said = check_pages(pages, profile, base=config.base, shapes=shapes.get(name, ()))
        found[name] = (pages, said)
        findings += [*wrong, *said]
    pages, said = found[DCAT_AP_3.name]
    score = score_of(whole_record(pages), said, answers=links.answers if links else None, is_valid=writing.is_valid)
    findings += [*check_settings(config, score), *check_identifiers(config, writing.published)]
    return score, [*findings, *(links.findings if links else ())]


def _known_in(folder: Path | None, *, allow_removal: bool) -> Known | None:
    """What portals know from a folder; `None` when there is no catalogue in it.

    Raises:
        PublishError: its catalogue cannot be read, and removal is not allowed.
    """
    try:
        return known_of(folder) if folder is not None else None
    except PublishError:
        if allow_removal:
            return None
        raise


def _not_same(
    sums: Mapping[str, str], edition: Edition, tools: Tools, *, before: Path | None, known: Known | None
) -> list[Finding]:
    with NewFolder(None) as second:
        Writing(edition, tools, second, before=before, known=known).write_all()
        again = second.seal()
    return [
        finding("publish-not-same", file=path, place=path)
        for path, digest in sums.items()
        if path in again and again[path] != digest
    ]
