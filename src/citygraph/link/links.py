"""The links of one project: its mapping file, its things, its facts, and the words of people on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

from citygraph.edit.plan import EditedFile, write_files
from citygraph.errors import ConfigError, QueryError, ReconciliationError
from citygraph.files import locked
from citygraph.findings import Finding
from citygraph.link.compare import DriftState, LinkDifference, check_links, check_networks, compare_facts, linked_items
from citygraph.link.facts import LinkFact, facts_of
from citygraph.link.items import WikidataItem
from citygraph.link.review import (
    LinkDecision,
    Outdated,
    Suggestion,
    decide_link,
    open_proposals,
    proposals,
    suggest,
    unlinked,
    version_of,
)
from citygraph.link.wikidata import ItemSource
from citygraph.matching.things import Thing, things_of
from citygraph.messages import Text, sentence
from citygraph.namespaces import compress, expand
from citygraph.rdf import Triple
from citygraph.sssom import Mapping as Row
from citygraph.sssom import (
    MappingSet,
    SssomError,
    new_mapping_set,
    read_mappings,
    with_mappings,
    write_mappings,
)
from citygraph.version import __version__

MAPPING_FILE: Final = "data/mappings/wikidata.sssom.tsv"
DRIFT_FILE: Final = "data/mappings/wikidata.drift.tsv"
_COLUMNS: Final = ("subject_id", "property", "state", "ours", "theirs", "decision", "author", "date", "comment")
_KINDS: Final = ("network", "authority", "city", "region", "country", "person")
DECISIONS: Final = ("open", "ours", "theirs")
Progress = Callable[[str, int, int], None]
_PREFIXES: Final = ("id", "concept", "country", "skos", "wd")


@dataclass(frozen=True, slots=True)
class SeenDifference:
    """A difference that has been seen, and what somebody decided about it: `open`, `ours` or `theirs`."""

    difference: LinkDifference
    decision: str = "open"
    author: str = ""
    day: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found: everything, what is new, and what was offered to Wikidata before."""

    all: tuple[LinkDifference, ...]
    new: tuple[LinkDifference, ...]
    open: int


def _text(path: Path) -> str:
    """A table of ours, without the mark that spreadsheets put in front.

    Raises:
        ConfigError: it is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = sentence("keys.not_utf8", path=path, place=error.start + 1)
        raise ConfigError(message, fix=sentence("keys.save_as_utf8")) from error


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


@lru_cache(maxsize=2)
def _read_rows(text: str) -> MappingSet:
    """The rows in a text, which is read once: nobody changes a mapping set in place."""
    return read_mappings(text)


class Links:
    """The mapping file of a project folder, read anew for each question and written after each decision."""

    def __init__(
        self, folder: Path, triples: Sequence[Triple], prefixes: dict[str, str], *, base: str, today: date
    ) -> None:
        """The links of a project.

        Args:
            folder: of the project; the mapping file lies below it.
            triples: the graph, for our things and facts.
            prefixes: for the short names of things.
            base: the address that a new mapping file gets a name below.
            today: the date of decisions and proposals.
        """
        self._folder, self._triples, self._prefixes = folder, triples, prefixes
        self._base, self._today = base, today

    # -- what there is --------------------------------------------------------------------------------

    @cached_property
    def things(self) -> dict[str, Thing]:
        """Our things by short name."""
        return {compress(iri, self._prefixes): thing for iri, thing in things_of(self._triples).items()}

    def name(self, iri: str, language: str) -> str:
        """The name of a thing of ours; its short name when it has none."""
        short = compress(iri, self._prefixes)
        return self.things[short].name(language) if short in self.things else short

    @property
    def rows(self) -> MappingSet:
        """The mapping file; an empty one with a header when there is none yet.

        Raises:
            ConfigError: the file cannot be read.
        """
        path = self._folder / MAPPING_FILE
        if not path.is_file():
            curies = {name: self._prefixes[name] for name in _PREFIXES}
            curies |= {"semapv": "https://w3id.org/semapv/vocab/", "sssom": "https://w3id.org/sssom/"}
            return new_mapping_set({
                "curie_map": curies,
                "license": "https://creativecommons.org/publicdomain/zero/1.0/",
                "mapping_set_id": f"{self._base}mappings/wikidata",
                "mapping_set_title": "Links to Wikidata",
                "object_source": "wd:Q2013",
                "mapping_tool": "citygraph link",
                "mapping_tool_version": __version__,
            })  # fmt: skip
        try:
            # Decoded from bytes: text mode would turn CR LF into LF, and a round trip into a difference.
            return _read_rows(_text(path))
        except SssomError as error:
            message = sentence("link.unreadable", file=MAPPING_FILE, reason=error.what)
            raise ConfigError(message, fix=sentence("link.run_check")) from error

    @contextmanager
    def _changing(self) -> Iterator[tuple[MappingSet, Callable[[MappingSet], None]]]:
        """The rows, and what writes them back; other commands wait, and an editor that does not is noticed."""
        path = self._folder / MAPPING_FILE
        with locked(path.parent):
            before = _bytes(path)

            def write(rows: MappingSet) -> None:
                write_files([EditedFile(MAPPING_FILE, before, write_mappings(rows).encode())], self._folder)

            yield self.rows, write

    def linked(self) -> dict[str, str]:
        """The item of each linked thing, by IRI."""
        rows = linked_items(self.rows)
        return {expand(each.subject_id, self._prefixes) or "": each.object_id.removeprefix("wd:") for each in rows}

    # -- suggest and review ---------------------------------------------------------------------------

    def suggest(
        self,
        source: ItemSource,
        *,
        entity: str = "",
        limit: int = 5,
        keep: bool = True,
        progress: Progress | None = None,
    ) -> list[Suggestion]:
        """Candidates for one thing, or for all without a link; kept as proposals in the mapping file.

        Raises:
            QueryError: there is no such thing.
            ReconciliationError: the source does not answer.
        """
        rows = self.rows
        chosen = [self._thing(entity)] if entity else unlinked(self.things.values(), rows, self._prefixes)
        found = suggest(chosen, source, rows, self._prefixes, limit=limit, progress=progress)
        if keep:
            self._propose(found)
        return found

    def _propose(self, found: list[Suggestion]) -> None:
        """Add what is new to the file as it is by now: the search may have taken minutes."""
        with self._changing() as (rows, write):
            known = {(each.subject_id, each.object_id) for each in rows.mappings}
            new = [
                each
                for each in proposals(found, self._prefixes, self._today)
                if (each.subject_id, each.object_id) not in known
            ]
            if new:
                write(with_mappings(rows, new))

    def _thing(self, text: str) -> Thing:
        for name in (text, f"id:{text}", compress(expand(text, self._prefixes) or "x:", self._prefixes)):
            if name in self.things:
                return self.things[name]
        raise QueryError(sentence("link.no_thing", name=repr(text)), fix=sentence("link.short_name"))

    def open(self) -> dict[str, list[Row]]:
        """The proposals that wait for a person, by subject."""
        return open_proposals(self.rows)

    def waiting(self) -> dict[str, list[Row]]:
        """Everything that has no link and of which nobody has said that there is none, with its proposals, if any.

        What has proposals comes first, then networks, authorities, places and persons.
        """
        rows = self.rows
        found = open_proposals(rows)
        todo = unlinked(self.things.values(), rows, self._prefixes)
        todo.sort(key=lambda each: (min(map(_KINDS.index, each.kinds & set(_KINDS)), default=len(_KINDS)), each.id))
        return {**found, **{name: [] for thing in todo if (name := compress(thing.id, self._prefixes)) not in found}}

    def version(self, subject_id: str) -> str:
        """What tells the rows of a thing from what they were before."""
        return version_of(self.rows, subject_id)

    def decide(self, *decisions: LinkDecision, seen: str = "") -> None:
        """Write decisions into the mapping file, all or none.

        Args:
            decisions: what was decided.
            seen: the version of the rows that the person was shown, when all decisions are about one thing.

        Raises:
            QueryError: the thing or the item is not one, or it has another link.
            Outdated: the rows of the thing are no longer those that were seen.
            EditError: somebody else has changed the file meanwhile.
            ExportError: the file cannot be written.
        """
        with self._changing() as (before, write):
            rows = before
            for decision in decisions:
                thing = self._thing(decision.subject_id)
                subject = compress(thing.id, self._prefixes)
                if seen and seen != version_of(before, subject):
                    name = Text(thing.name("nb"), thing.name("en"))
                    raise Outdated(sentence("link.outdated", name=name), fix=sentence("link.look_again"))
                label = decision.subject_label or thing.name("nb")
                rows = decide_link(rows, replace(decision, subject_id=subject, subject_label=label))
            write(rows)

    # -- check, compare and push ----------------------------------------------------------------------

    def items(self, source: ItemSource) -> dict[str, WikidataItem]:
        """The items of all accepted links."""
        return source.get(dict.fromkeys(each.object_id.removeprefix("wd:") for each in linked_items(self.rows)))

    def check(self, source: ItemSource, *, whole: bool) -> list[Finding]:
        """What is wrong with the accepted links; a difference about which somebody has decided speaks against none.

        Raises:
            ReconciliationError: the source does not answer.
            ConfigError: the mapping file or the memory file cannot be read.
        """
        items = self.items(source)
        findings = check_links(self.rows, self.things, items, file=MAPPING_FILE, whole=whole)
        decided = {each.difference.key for each in self.known() if each.decision != "open"}
        standing = [each for each in self._differences(items) if each.key not in decided]
        return [*findings, *check_networks(self.rows, standing, file=MAPPING_FILE)]

    def known(self) -> list[SeenDifference]:
        """The differences that have been seen before.

        Raises:
            ConfigError: the memory file cannot be read.
        """
        path = self._folder / DRIFT_FILE
        if not path.is_file():
            return []
        try:
            return read_known(_text(path))
        except ValueError as error:
            message = sentence("link.unreadable", file=DRIFT_FILE, reason=error)
            raise ConfigError(message, fix=sentence("link.mend_row")) from error

    def compare(self, source: ItemSource, *, keep: bool = True) -> Comparison:
        """Our facts against Wikidata's; what is shown as new is remembered, so that it is shown once.

        Raises:
            ReconciliationError: the source does not answer.
        """
        items = self.items(source)
        before = _bytes(self._folder / DRIFT_FILE)
        found, known = self._differences(items), self.known()
        new = news(found, known)
        standing = {each.key for each in found}
        # An extract may lack items: of those nothing is known to have changed.
        unseen = {compress(iri, self._prefixes) for iri, qid in self.linked().items() if qid not in items}
        # What no longer stands is forgotten, unless somebody has decided about it.
        kept = [
            each
            for each in known
            if each.difference.key in standing or each.decision != "open" or each.difference.subject_id in unseen
        ]
        kept += [SeenDifference(replace(each, fact=None, changed="")) for each in new]
        if keep and (new or kept != known):
            self._remember(kept, before)
        waiting = sum(each.decision == "open" and each.difference.key in standing for each in kept)
        return Comparison(tuple(found), tuple(new), waiting)

    def _differences(self, items: Mapping[str, WikidataItem]) -> list[LinkDifference]:
        linked = self.linked()
        by_subject: dict[str, list[LinkFact]] = defaultdict(list)
        for fact in facts_of(self._triples, linked):
            by_subject[fact.subject].append(fact)
        networks = frozenset(
            linked[thing.id] for thing in self.things.values() if "network" in thing.kinds and thing.id in linked
        )
        found: list[LinkDifference] = []
        for iri, qid in sorted(linked.items()):
            item, subject = items.get(qid), compress(iri, self._prefixes)
            if item is not None and not item.missing and not item.redirect and subject in self.things:
                found += compare_facts(subject, self.things[subject].kinds, by_subject[iri], item, networks)
        return found

    def decide_difference(self, subject: str, property_: str, decision: str, *, author: str, comment: str = "") -> None:
        """Remember that ours, or theirs, is right.

        Raises:
            QueryError: no such difference has been seen.
            EditError: somebody else has changed the memory file meanwhile.
        """
        if not author.strip():
            raise QueryError(sentence("link.no_author"), fix=sentence("link.give_author"))
        before = _bytes(self._folder / DRIFT_FILE)
        try:
            known = decide_difference(
                self.known(), subject, property_, decision, author=author, day=self._today, comment=comment
            )
        except KeyError as error:
            message = sentence("link.no_difference", subject=subject, property=property_)
            raise QueryError(message, fix=sentence("link.run_compare")) from error
        self._remember(known, before)

    def _remember(self, known: Sequence[SeenDifference], before: bytes | None) -> None:
        write_files([EditedFile(DRIFT_FILE, before, write_known(known).encode())], self._folder)

    def offered(self, source: ItemSource) -> list[LinkFact]:
        """The facts that Wikidata lacks and that a public page supports."""
        decided = {each.difference.key: each.decision for each in self.known()}
        return offered(self._differences(self.items(source)), decided)

    # -- an extract -----------------------------------------------------------------------------------

    def gather(self, source: ItemSource, *, progress: Progress | None = None) -> Iterable[WikidataItem]:
        """The linked items, the candidates for everything else, and the items that those name.

        Raises:
            ReconciliationError: the source does not answer.
        """
        items = dict(self.items(source))
        todo = unlinked(self.things.values(), self.rows, self._prefixes)
        for number, thing in enumerate(todo):
            if progress:
                progress("link", number, len(todo))
            items |= {item.id: item for item in source.search(thing)}
        if not items:
            raise ReconciliationError(sentence("link.nothing_to_fetch"))
        return items.values()


# -- what has been seen -------------------------------------------------------------------------------


def read_known(text: str) -> list[SeenDifference]:
    """The rows of the memory file.

    Raises:
        ValueError: a row does not fit the heading.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    known: list[SeenDifference] = []
    for number, line in enumerate(lines[1:], start=2):
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) != len(_COLUMNS) or cells[2] not in set(DriftState) or cells[5] not in DECISIONS:
            message = f"line {number} does not have the cells {', '.join(_COLUMNS)}"
            raise ValueError(message)
        subject, property_, state, ours, theirs, decision, author, day, comment = cells
        difference = LinkDifference(subject, property_, DriftState(state), ours, theirs)
        known.append(SeenDifference(difference, decision, author, day, comment))
    return known


def write_known(known: Iterable[SeenDifference]) -> str:
    """The memory file: one row for each difference, sorted, so that two runs give the same bytes."""
    rows = sorted(
        (*each.difference.key, each.decision, each.author, each.day, each.comment) for each in dict.fromkeys(known)
    )
    plain = (tuple(" ".join(cell.split()) for cell in row) for row in rows)
    return "".join("\t".join(row) + "\n" for row in (_COLUMNS, *plain))


def news(found: Iterable[LinkDifference], known: Iterable[SeenDifference]) -> list[LinkDifference]:
    """The differences that have not been seen, each with the side that has changed since."""
    seen = {each.difference.key for each in known}
    before: dict[tuple[str, str], list[LinkDifference]] = defaultdict(list)
    for each in known:
        before[each.difference.subject_id, each.difference.property_id].append(each.difference)
    new: list[LinkDifference] = []
    for difference in found:
        if difference.state is DriftState.SAME or difference.key in seen:
            continue
        old = before[difference.subject_id, difference.property_id]
        ours = bool(old) and all(each.ours != difference.ours for each in old)
        theirs = bool(old) and all(each.theirs != difference.theirs for each in old)
        changed = "both" if ours and theirs else "ours" if ours else "theirs" if theirs else ""
        new.append(replace(difference, changed=changed))
    return new


def decide_difference(
    known: Iterable[SeenDifference],
    subject_id: str,
    property_: str,
    decision: str,
    *,
    author: str,
    day: date,
    comment: str = "",
) -> list[SeenDifference]:
    """The memory with one decision about all differences of a subject and property.

    Raises:
        KeyError: nothing is known about them.
    """
    rows = list(known)
    wanted = [
        each for each in rows if (each.difference.subject_id, each.difference.property_id) == (subject_id, property_)
    ]
    if not wanted:
        raise KeyError(subject_id, property_)
    decided = {
        each.difference.key: replace(each, decision=decision, author=author, day=day.isoformat(), comment=comment)
        for each in wanted
    }
    return [decided.get(each.difference.key, each) for each in rows]


def offered(found: Iterable[LinkDifference], decided: Mapping[tuple[str, str, str, str, str], str]) -> list[LinkFact]:
    """What can be offered: only ours, citable, and not turned down before."""
    return [
        each.fact
        for each in found
        if each.state is DriftState.OURS_ONLY
        and each.fact is not None
        and each.fact.citations
        and each.fact.is_fit
        and decided.get(each.key, "open") != "theirs"
    ]
