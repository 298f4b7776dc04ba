"""One list into statements: every row gets an outcome, and the outcomes add up to the rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from citygraph.config import Config
from citygraph.edit.plan import EditedFile, write_files
from citygraph.graphs import Part, ProjectGraphs
from citygraph.ingest.claims import Claim
from citygraph.ingest.countries import country_label
from citygraph.ingest.entries import Entry, read_entries
from citygraph.ingest.kinds import BodyKind
from citygraph.ingest.known import (
    EditionFiles,
    KnownGraph,
    KnownMembership,
    ListDifference,
    ListEdition,
    Unsaid,
    differ,
    edition_of,
    turtle,
)
from citygraph.ingest.mapping import ListMap, read_map
from citygraph.ingest.networks import Completeness, Network, Networks
from citygraph.ingest.places import Body, Gazetteer, WantedCity
from citygraph.ingest.read import Listing, metadata_path, read_list
from citygraph.ingest.report import (
    ReportLine,
    ReviewChoice,
    ReviewDecision,
    ReviewKey,
    ReviewQuestion,
    RowOutcome,
    network_key,
    open_rows_of,
    read_review,
    report_metadata,
    review_key,
    review_metadata,
    together,
    write_report,
    write_review,
)
from citygraph.ingest.tables import ListLimits, list_error
from citygraph.ingest.who import CityAnswer, FoundCity, Resolver, with_members_before
from citygraph.ingest.write import Anchors, Descriptions, ListedMembership, Memberships, Mint
from citygraph.matching.names import fold, read_name
from citygraph.messages import sentence
from citygraph.namespaces import CONCEPT, prefixes_for
from citygraph.rdf import Triple


@dataclass(frozen=True, slots=True)
class Import:
    """What came of a list.

    Args:
        document: the address of the list as a source.
        lines: the report.
        rows: how many rows ended how; together they are all rows that were read.
        facts: the statements about networks, members and memberships.
        sources: the statements about the list and its rows.
        questions: what a person must decide.
        difference: what has changed since the last edition, or against the graph when the list is complete.
        made: how many cities and networks are new.
        decided: what was made because the review says new, by the key of the question.
        complete: for each network that the map calls complete, by name, how many rows keep its list from being so.
        notes: how the file was read.
    """

    document: str
    lines: tuple[ReportLine, ...]
    rows: Mapping[RowOutcome, int]
    facts: tuple[Triple, ...]
    sources: tuple[Triple, ...]
    questions: tuple[ReviewQuestion, ...]
    difference: ListDifference | None
    made: Mapping[str, int]
    decided: Mapping[ReviewKey, str]
    complete: Mapping[str, int]
    notes: tuple[str, ...]

    def candidate_names(self, language: str = "en") -> dict[str, str]:
        """What the candidates of the review are called, by address."""
        found: dict[str, str] = {}
        for question in self.questions:
            for each in question.candidates:
                country = f" ({country_label(each.country, language)})" if each.country else ""
                found[each.iri] = f"{each.name}{country}"
        return found

    @property
    def read(self) -> int:
        """How many rows the file has."""
        return sum(self.rows.values())


class Questions:
    """What a person must decide."""

    def __init__(self) -> None:
        """Begin without a question."""
        self._asked: dict[ReviewKey, tuple[str, str, tuple[ReviewChoice, ...], list[int]]] = {}

    def city(self, asked: WantedCity, found: FoundCity, row: int) -> None:
        """A city that is not certain."""
        choices = tuple(ReviewChoice(body.iri, body.name, body.country) for body in found.candidates)
        self._ask(review_key(asked), asked.label, found.reason, choices, row)

    def network(self, written: str, network: Network, row: int) -> None:
        """A network that is not certain."""
        self._ask(network_key(written), written, network.reason, network.candidates, row)

    def _ask(self, key: ReviewKey, written: str, reason: str, choices: tuple[ReviewChoice, ...], row: int) -> None:
        rows = self._asked.setdefault(key, (written, reason, choices, []))[3]
        if row not in rows[-1:]:
            rows.append(row)

    def all(self) -> tuple[ReviewQuestion, ...]:
        """Every question with its rows."""
        return tuple(
            ReviewQuestion(key, written, tuple(rows), reason, choices)
            for key, (written, reason, choices, rows) in self._asked.items()
        )


def import_list(
    listing: Listing,
    map_: ListMap,
    known: KnownGraph,
    *,
    base: str,
    decisions: Mapping[ReviewKey, ReviewDecision],
    previous: ListEdition | None,
    limits: ListLimits,
) -> Import:
    """Everything that the list says, matched against the graph.

    Args:
        listing: the rows.
        map_: what the columns mean.
        known: the graph without this edition.
        base: the base address of the project.
        decisions: what a person said in the review.
        previous: the edition before this one.
        limits: how much of a row is read.

    Raises:
        IngestError: the map does not fit the list, or names a network or role that is not in the graph.
    """
    return _Importing(listing, map_, known, base, decisions, previous, limits).run()


class _Importing:
    def __init__(
        self,
        listing: Listing,
        map_: ListMap,
        known: KnownGraph,
        base: str,
        decisions: Mapping[ReviewKey, ReviewDecision],
        previous: ListEdition | None,
        limits: ListLimits,
    ) -> None:
        self._listing, self._map, self._known, self._previous, self._limits = listing, map_, known, previous, limits
        self._day = map_.as_of
        self._anchors = Anchors(listing, map_, base)
        bodies = list(known.bodies())
        taken = set(known.taken) | {iri for body, _ in bodies for iri in (body.authority, body.place) if iri}
        taken |= set(known.remembered_networks().values())
        self._mint = Mint(base, taken)
        for body, _ in bodies:
            self._mint.know(body)
        self._gazetteer = Gazetteer(bodies)
        self._resolver = Resolver(
            self._gazetteer,
            decisions=decisions,
            mint=self._mint.body,
            unknown=map_.text("unknown.city"),
            unknown_organisation=map_.text("unknown.organisation"),
            near=float(map_.values["near"]),
        )
        self._networks = Networks(known, map_, self._mint, base, decisions)
        self._completeness = Completeness(map_, known, self._networks, base)
        self._memberships = Memberships(known.facts, self._mint)
        self._described = Descriptions(known, self._anchors.document)
        self._questions = Questions()
        self._facts: list[Triple] = []
        self._lines: list[ReportLine] = []
        self._first: dict[tuple[str, str], tuple[Entry, Claim, str]] = {}
        self._listed: dict[str, str] = {}
        self._members: dict[str, tuple[Body, str, str]] = {}
        self._unclear: set[tuple[str, str]] = set()
        self._check_roles()

    def _check_roles(self) -> None:
        for role in (self._map.text("default_role"), *self._map.names("roles").values()):
            iri = CONCEPT + role.removeprefix("concept:")
            if role.removeprefix("concept:").startswith("role-") and iri not in self._known.roles:
                raise list_error("no_role", fix="roles", role=role, roles=self._known.role_names())

    def run(self) -> Import:
        entries = list(read_entries(self._listing, self._map, self._limits, self._known.networks))
        self._networks.find_all(claim.network for entry in entries for claim in entry.claims if not claim.problem)
        answers = self._answers(entries)
        of_row: dict[tuple[str, int], list[RowOutcome]] = {}
        for entry in entries:
            found = answers.get(entry.asked) if entry.asked and entry.outcome is None else None
            if found is not None and (found.kind is CityAnswer.REVIEW or found.is_open) and entry.asked:
                self._questions.city(entry.asked, found, entry.row)
            lines = self._row(entry, found)
            self._lines += lines
            of_row.setdefault((entry.sheet, entry.row), []).extend(line.outcome for line in lines)
        outcomes = Counter(together(each) for each in of_row.values())
        self._account(set(of_row), outcomes)
        difference = self._differ()
        open_rows = self._completeness.open_rows(self._lines)
        self._facts += self._completeness.triples(self._lines, self._mint, self._anchors.document, self._described)
        decided = {key: body.authority for key, body in self._resolver.decided_new.items()}
        return Import(
            document=self._anchors.document,
            lines=tuple(self._lines),
            rows={each: outcomes[each] for each in RowOutcome if outcomes[each]},
            facts=tuple(self._facts),
            sources=tuple(self._anchors.triples()),
            questions=self._questions.all(),
            difference=difference,
            made=dict(self._described.made),
            decided=decided | self._networks.decided_new,
            complete={self._networks.listed[iri]: count for iri, count in sorted(open_rows.items())},
            notes=self._listing.notes,
        )

    def _answers(self, entries: Iterable[Entry]) -> dict[WantedCity, FoundCity]:
        """Who is meant by each question, also by what the edition before says."""
        open_ = [each for each in entries if each.asked and each.outcome is None]
        answers = self._resolver.resolve_all(each.asked for each in open_ if each.asked)
        facts = (self._known.facts.get(iri) for iri in (self._previous.listed if self._previous else ()))
        before = {(fact.member, fact.organization) for fact in facts if fact}
        networks: dict[WantedCity, set[str]] = {}
        for entry in open_ if before else ():
            if entry.asked:
                claimed = {self._networks.find(each.network).iri for each in entry.claims if not each.problem}
                networks.setdefault(entry.asked, set()).update(claimed)
        return with_members_before(answers, networks, before)

    def _account(self, told: set[tuple[str, int]], outcomes: Counter[RowOutcome]) -> None:
        """Nothing is dropped in silence: as many outcomes as rows, and every row in the report."""
        rows = {(sheet.name, row.number) for sheet in self._listing.sheets for row in sheet.rows}
        count = sum(len(sheet.rows) for sheet in self._listing.sheets)
        reported = {(line.sheet, line.row) for line in self._lines}
        if not (rows == told == reported and len(rows) == count == sum(outcomes.values())):
            message = f"{count} rows were read, {sum(outcomes.values())} have an outcome, {len(reported)} are reported"
            raise AssertionError(message)

    def _row(self, entry: Entry, found: FoundCity | None) -> list[ReportLine]:
        asked = entry.asked
        line = ReportLine(
            entry.sheet, entry.row, entry.outcome or RowOutcome.REFUSED, entry.reason, entry.written,
            asked.country if asked else "", notes=entry.notes,
        )  # fmt: skip
        if found is None or asked is None:
            return [line]
        line = replace(
            line, country=found.body.country if found.body else asked.country, notes=(*entry.notes, *found.notes)
        )
        if found.body is None:
            outcome = RowOutcome.REVIEW if found.kind is CityAnswer.REVIEW else RowOutcome.REFUSED
            self._remember_unclear(entry, found)
            who = tuple(body.authority for body in found.candidates if body.authority)
            return [
                replace(line, outcome=outcome, reason=found.reason, network=each.network, candidates=who)
                for each in entry.claims
            ]
        return [self._claim(line, entry, found.body, claim) for claim in entry.claims]

    def _remember_unclear(self, entry: Entry, found: FoundCity) -> None:
        """Who may be meant by a row that is not decided has not left."""
        for claim in entry.claims:
            network = self._networks.find(claim.network)
            for body in found.candidates:
                if network.iri and body.authority:
                    self._unclear.add((body.authority, network.iri))

    def _claim(self, line: ReportLine, entry: Entry, body: Body, claim: Claim) -> ReportLine:
        line = replace(
            line, network=claim.network, role=claim.role, begin=claim.period.begin, end=claim.period.end,
            notes=(*line.notes, *claim.notes),
        )  # fmt: skip
        if claim.problem:
            return replace(
                line, outcome=RowOutcome.NO_MEMBER if claim.is_settled else RowOutcome.REFUSED, reason=claim.problem
            )
        if CONCEPT + claim.role not in self._known.roles:
            return replace(
                line, outcome=RowOutcome.REFUSED, reason=sentence("ingest.row.role_unknown", role=claim.role)
            )
        network = self._networks.find(claim.network)
        if not network.iri:
            if network.is_question:
                self._questions.network(claim.network, network, entry.row)
            outcome = RowOutcome.REVIEW if network.is_question else RowOutcome.REFUSED
            return replace(line, outcome=outcome, reason=network.reason)
        member = body.authority or self._new_authority(body)
        line = replace(line, member=member)
        term = claim.period.begin if claim.period.end else "former" if claim.has_left else ""
        key = (f"{member} {network.iri}", term)
        if key in self._first:
            return self._again(line, entry, claim, key)
        row = self._anchors.cite(entry)
        self._facts += self._described.body(entry, body, row)
        if network.is_new:
            self._facts += self._described.network(network.iri, network.name, row)
        iri, triples, notes = self._memberships.write(self._wanted(member, network, claim, entry, row))
        self._facts += triples
        self._first[key] = (entry, claim, iri)
        self._listed[iri] = entry.written
        self._members[iri] = (body, member, network.iri)
        return replace(line, outcome=RowOutcome.IMPORTED, reason="", membership=iri, notes=(*line.notes, *notes))

    def _wanted(self, member: str, network: Network, claim: Claim, entry: Entry, row: str) -> ListedMembership:
        as_of = entry.as_of or self._day
        return ListedMembership(member, network.iri, claim.role, claim.period, claim.has_left, as_of, row)

    def _again(self, line: ReportLine, entry: Entry, claim: Claim, key: tuple[str, str]) -> ReportLine:
        """A row that says once more what another has said; where it says something else, that is told."""
        first, said, iri = self._first[key]
        place = {"row": first.row, "sheet": first.sheet}
        elsewhere = "_sheet" if first.sheet != entry.sheet else ""
        if said.role != claim.role:
            where = sentence(f"ingest.again.row{'_of' if elsewhere else ''}{elsewhere}", **place)
            reason = sentence("ingest.again.role", first=where, theirs=said.role, ours=claim.role)
            return replace(line, outcome=RowOutcome.REFUSED, reason=reason)
        of, ours, theirs = sentence(f"ingest.again.of{elsewhere}", **place), claim.period.begin, said.period.begin
        dates = {"of": of, "ours": ours, "theirs": theirs}
        reason = of
        if ours and theirs and ours[: len(theirs)] != theirs[: len(ours)]:
            reason = sentence("ingest.again.began", **dates)
        elif ours and not theirs:
            # The rows together say what one of them does not.
            self._facts += self._memberships.begun(iri, ours, self._anchors.cite(entry))
            self._first[key] = (first, replace(said, period=replace(said.period, begin=ours)), iri)
            reason = sentence("ingest.again.fills", **dates)
        elif len(ours) > len(theirs):
            reason = sentence("ingest.again.less", **dates)
        return replace(line, outcome=RowOutcome.DUPLICATE, reason=reason, membership=iri)

    def _new_authority(self, body: Body) -> str:
        """A place of the graph whose authority nobody has written yet."""
        slug = body.place.rpartition("/")[2].removeprefix("place-")
        named = f"city-of-{slug}" if body.kind is BodyKind.CITY else slug
        body.authority = self._mint.free(named, "authority")
        return body.authority

    def _differ(self) -> ListDifference | None:
        complete = self._completeness.networks()
        if self._previous is None and not complete:
            return None
        cores = frozenset(read_name(line.name).core for line in self._lines if line.is_open)
        difference = differ(
            self._previous, self._listed, self._known.facts, unsaid=Unsaid(self._unclear, cores, self._maybe_before()),
            networks=self._networks.listed.keys(), unlisted=list(self._unlisted(complete)), day=self._day,
            is_partial=self._completeness.is_partial,
        )  # fmt: skip
        before = self._previous.as_of if self._previous else ""
        for iri in difference.left:
            fact = self._known.facts[iri]
            last = before if self._previous and iri in self._previous.listed else fact.last_known
            self._facts += self._memberships.gone(fact, last=last, now=self._day, document=self._anchors.document)
        return difference

    def _maybe_before(self) -> set[str]:
        """The memberships that may have stood on the edition before, in a row that was refused or waits."""
        of_name = {fold(name): iri for iri, name in self._networks.listed.items()}
        of_name |= {fold(line.network): self._members[line.membership][2] for line in self._lines if line.membership}
        open_: dict[str, set[str]] = defaultdict(set)
        for row in self._previous.open_rows if self._previous else ():
            # A network that nobody knows may be any.
            network = of_name.get(fold(row.network)) or self._known.networks.get(fold(row.network), "")
            for each in {read_name(row.name).core, *(f"/{candidate}" for candidate in row.candidates)} - {""}:
                open_[each].add(network)
        found = set()
        for iri, (body, member, network) in self._members.items():
            who = (read_name(self._listed[iri]).core, read_name(body.name).core, f"/{member.rpartition('/')[2]}")
            if any({"", network} & open_.get(each, set()) for each in who):
                found.add(iri)
        return found

    def _unlisted(self, complete: Mapping[str, str]) -> Iterator[tuple[KnownMembership, str]]:
        """Memberships of the graph that a complete list should have, with what the member is called."""
        for fact in self._known.facts.values():
            body = self._gazetteer.by_iri.get(fact.member)
            if body is None or fact.organization not in complete or fact.iri in self._listed or fact.is_deprecated:
                continue
            begins = fact.begin <= self._day[: len(fact.begin)]
            if begins and fact.role in self._known.grades and self._completeness.covers(body.country, fact.role):
                yield fact, body.name


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came of a list, and which files were written (or would be): by path from the project folder."""

    imported: Import
    files: tuple[str, ...]
    report: Path
    review: Path
    later: tuple[str, ...]
    changes: tuple[EditedFile, ...] = ()


def ingest_list(  # noqa: PLR0913  # a list, where it goes, and how its tables are written
    config: Config,
    graphs: ProjectGraphs,
    path: Path,
    *,
    map_file: Path,
    report: Path | None = None,
    review: Path | None = None,
    delimiter: str = ",",
    language: str = "en",
    dry_run: bool = False,
    decided: Mapping[ReviewKey, ReviewDecision] | None = None,
    is_planned: bool = False,
) -> Ingested:
    """Take one edition of a membership list into files of its own; no other file is touched.

    Args:
        config: the settings of the project.
        graphs: its files as they are.
        path: the list, CSV or XLSX.
        map_file: what its columns mean.
        report: where the report goes; beside the data without it.
        review: the questions and the decisions; beside the data without it.
        delimiter: of the two tables.
        language: of reasons and notes in them.
        dry_run: write the report and the review, if they are named, and nothing else.
        decided: decisions that stand in no review yet; they join those of the review.
        is_planned: write nothing, and give the changes of all files back, for somebody else to write.

    Raises:
        IngestError: the list or the map cannot be used, or a file of this edition was changed by hand.
        ExportError: a file cannot be written.
    """
    prefixes = prefixes_for(config.base)

    map_ = read_map(map_file)
    limits = ListLimits(size=config.number("limits.file_size"))
    listing = read_list(path, limits=limits, encoding=map_.text("encoding"), delimiter=map_.text("delimiter"))
    files = EditionFiles(config.folder, map_.name, map_.as_of)
    if not dry_run:
        files.refuse_changed()
    own = {files.facts, files.sources}
    known = KnownGraph(_triples(graphs, without=own), _triples(graphs, only={files.facts}))
    earlier = files.earlier()[:1]
    previous = edition_of(
        earlier[0].day, _triples(graphs, only={earlier[0].facts}), _triples(graphs, only={earlier[0].sources}),
        open_rows_of(config.folder / earlier[0].report),
    ) if earlier else None  # fmt: skip
    review_file = review or config.folder / files.review
    reviewed = _bytes_of(review_file)
    decisions = {**read_review(review_file, prefixes=prefixes), **(decided or {})}
    imported = import_list(
        listing, map_, known, base=config.base, decisions=decisions, previous=previous, limits=limits
    )
    report_file = report or config.folder / files.report
    tables = _Tables(map_.name, prefixes["id"], delimiter, language)
    written: list[EditedFile] = []
    if not dry_run:
        for name, triples in ((files.sources, imported.sources), (files.facts, imported.facts)):
            data = turtle(triples, list_name=map_.name, prefixes=prefixes)
            written.append(EditedFile(name, files.before[name], data))
    # The next edition reads beside the data which rows of this one were not taken in.
    for file in sorted({report_file, *(() if dry_run else (config.folder / files.report,))}):
        if report is not None or not dry_run:
            written += tables.of_report(imported, file)
    if (imported.questions or decisions) and (review is not None or not dry_run):
        written += tables.of_review(imported, decisions, review_file, before=reviewed, decided=not dry_run)
    # All in one go: where one of them has changed meanwhile, none says that the list was taken in.
    if written and not is_planned:
        write_files(written, config.folder)
    return Ingested(
        imported, (files.facts, files.sources), report_file, review_file, tuple(files.later()), tuple(written)
    )


@dataclass(frozen=True, slots=True)
class _Tables:
    """The two tables beside the facts, each with its CSVW metadata; `base` is what own names begin with."""

    list_name: str
    base: str
    delimiter: str
    language: str

    def of_report(self, imported: Import, path: Path) -> list[EditedFile]:
        table = write_report(imported.lines, delimiter=self.delimiter, language=self.language)
        metadata = report_metadata(path.name, delimiter=self.delimiter, list_name=self.list_name)
        return _with_metadata(path, table, metadata, before=_bytes_of(path))

    def of_review(
        self,
        imported: Import,
        decisions: Mapping[ReviewKey, ReviewDecision],
        path: Path,
        *,
        before: bytes | None,
        decided: bool,
    ) -> list[EditedFile]:
        """The review; `before` is what stood there when the decisions were read."""
        names = {iri: f"{self._short(iri)} {name}" for iri, name in imported.candidate_names(self.language).items()}
        made = {key: self._short(iri) for key, iri in imported.decided.items()} if decided else {}
        data = write_review(
            imported.questions, decisions, short=names, made=made, delimiter=self.delimiter, language=self.language
        )
        metadata = review_metadata(path.name, delimiter=self.delimiter, list_name=self.list_name)
        return _with_metadata(path, data, metadata, before=before)

    def _short(self, iri: str) -> str:
        return f"id:{iri.removeprefix(self.base)}"


def _with_metadata(path: Path, table: bytes, metadata: bytes, *, before: bytes | None) -> list[EditedFile]:
    """A table and what describes it, wherever a person wants them."""
    table_at, metadata_at = path.resolve(), metadata_path(path).resolve()
    return [
        EditedFile(table_at.as_posix(), before, table),
        EditedFile(metadata_at.as_posix(), _bytes_of(metadata_at), metadata),
    ]


def _bytes_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _triples(graphs: ProjectGraphs, *, without: set[str] | None = None, only: set[str] | None = None) -> list[Triple]:
    parts = (Part.ONTOLOGY, Part.DATA, Part.SOURCES)
    return [
        quad.triple
        for file in graphs.of(*parts)
        if (without is None or file.path not in without) and (only is None or file.path in only)
        for quad in file.quads
    ]
