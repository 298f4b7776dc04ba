"""Identity that lasts: what portals know a dataset by, and what a run would do to the datasets that they know.

An identifier stands in graph.toml or in the header of a question, or is made of what seldom changes: the base of the
graph and the name of the question's file. It never follows from a title.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from citygraph.config import CONFIG_FILE, Config, read_config
from citygraph.errors import ConfigError, PublishError
from citygraph.files import write_file
from citygraph.findings import Finding, finding
from citygraph.matching.names import slug
from citygraph.messages import Text, reason_of, sentence
from citygraph.namespaces import PREFIXES
from citygraph.publish.folder import FilePlan
from citygraph.rdf import Iri, Literal, Term, Triple, parse
from citygraph.saved_query import SavedQuery
from citygraph.values import is_identifier

_SHOWN: Final = 10
ANSWERS: Final = "answers"
"""What tells the series of the answers from the datasets of a graph, in its address and at the end of its identifier."""
_RESERVED: Final = ("graph", "catalog", "sparql", "queries", ANSWERS)
_QUESTION: Final = "query-"


def key_of_question(query: SavedQuery, identifier: str) -> str:
    """What tells the dataset of a question from the others of a graph, in its address and at the end of its identifier.

    Args:
        query: the question.
        identifier: what all identifiers of the graph begin with.
    """
    return query.identifier.removeprefix(f"{identifier}-") or f"{_QUESTION}{query.published_name}"


def identifier_of_question(query: SavedQuery, identifier: str) -> str:
    """The identifier of the dataset of a question."""
    return query.identifier or f"{identifier}-{key_of_question(query, identifier)}"


def file_names(queries: Iterable[SavedQuery], identifier: str) -> Mapping[str, str]:
    """The name that the files of each question are known by, by the name that it has now."""
    return {each.name: key_of_question(each, identifier).removeprefix(_QUESTION) for each in queries}


def check_identifiers(config: Config, queries: Iterable[SavedQuery]) -> Iterator[Finding]:
    """Identifiers that follow from something that may change, and questions that share one."""
    beginning = config.identifier
    if not config.values["identifier"]:
        yield finding("publish-no-identifier", file="graph.toml", key="identifier", identifier=beginning)
    known = dict.fromkeys(_RESERVED, "graph.toml")
    for query in queries:
        key, file = key_of_question(query, beginning), f"queries/{query.name}.rq"
        if key in known:
            value = identifier_of_question(query, beginning)
            yield finding("publish-same-identifier", file=file, value=value, identifier=value, other=known[key])
        known.setdefault(key, file)


def pin_identifier(folder: Path, published: Path | None = None) -> str:
    """Write into graph.toml what portals know the graph by, so that it lasts; what was written.

    Args:
        folder: the project.
        published: a published folder, whose identifiers go on; without it those that the title gave in versions in
            which they followed from it.

    Raises:
        ConfigError: graph.toml is wrong or has an identifier already, or the folder has no catalogue of ours.
        PublishError: its catalogue cannot be read.
        ExportError: graph.toml cannot be written.
    """
    config, path = read_config(folder), folder / CONFIG_FILE
    if config.values["identifier"]:
        message = sentence("files.identified", identifier=config.values["identifier"], file=path)
        raise ConfigError(message, fix=sentence("files.identified_next"))
    value = slug(config.title.en or config.title.nb) or "graph"
    if published is not None:
        known = known_of(published)
        if known is None or not is_identifier(known.identifier):
            raise ConfigError(sentence("files.no_catalog", folder=published), fix=sentence("files.name_published"))
        value = known.identifier
    text = path.read_bytes().decode("utf-8-sig")
    line = f'identifier = "{value}"' + ("\r\n" if "\r\n" in text else "\n")
    # Before the first key: behind the head of a table it would belong to that.
    start = re.search(r"(?m)^(?![ \t]*(#|$))", text)
    place = start.start() if start else 0
    written = text[:place] + line + text[place:]
    if tomllib.loads(written) != {"identifier": value, **tomllib.loads(text)}:
        raise ConfigError(
            sentence("files.not_identified", file=path, line=line.strip()), fix=sentence("files.write_line")
        )
    write_file(path, written.encode())
    return value


# -- what a published folder holds -----------------------------------------------------------------

_CATALOG: Final = "catalog/dcat-ap-no-2.ttl"
"""The catalogue that has every dataset in one file."""
_DCAT, _DCT = PREFIXES["dcat"], PREFIXES["dct"]


@dataclass(frozen=True, slots=True)
class KnownDataset:
    """A dataset, or a series of them, as a portal that has harvested a catalogue knows it.

    `said` is its description, with that of its files.
    """

    iri: str
    identifier: str
    title: Text
    modified: str
    files: frozenset[str]
    said: frozenset[Triple]

    def to_json(self) -> dict[str, object]:
        """As `publish --plan --format json` gives it."""
        return {"iri": self.iri, "identifier": self.identifier, "title": self.title.to_json()}


@dataclass(frozen=True, slots=True)
class Known:
    """The datasets of a catalogue by their addresses, and the address of its folder."""

    datasets: Mapping[str, KnownDataset]
    site: str

    @property
    def graph(self) -> KnownDataset | None:
        """The dataset that is the graph itself."""
        return self.datasets.get(f"{self.site}dataset/graph")

    @property
    def identifier(self) -> str:
        """What its identifiers begin with; empty when that cannot be told."""
        return self.graph.identifier.removesuffix("-graph") if self.graph else ""


def known_of(folder: Path) -> Known | None:
    """What portals know from the catalogue in a published folder; `None` when there is none.

    Raises:
        PublishError: it cannot be read.
    """
    path = folder / _CATALOG
    if path.is_symlink() or not path.is_file():
        return None
    try:
        parsed = parse(path.read_bytes(), format="ttl")
    except OSError as error:
        raise _unreadable(path, reason_of(error)) from error
    if parsed.problems:
        raise _unreadable(path, parsed.problems[0].message)
    about: dict[object, list[Triple]] = {}
    for quad in parsed.quads:
        about.setdefault(quad.subject, []).append(quad.triple)
    of_type = {
        name: [each for each, said in about.items() if _has(said, f"{PREFIXES['rdf']}type", _DCAT + name)]
        for name in ("Dataset", "DatasetSeries", "Catalog")
    }
    described = dict.fromkeys([*of_type["Dataset"], *of_type["DatasetSeries"]])
    datasets = {str(each).strip("<>"): _known_dataset(each, about) for each in described}
    site = next((str(each).strip("<>").removesuffix("catalog") for each in of_type["Catalog"]), "")
    return Known(datasets, site)


def _unreadable(path: Path, why: str) -> PublishError:
    return PublishError(sentence("files.unreadable_catalog", file=path, why=why), fix=sentence("files.catalog_next"))


def _has(said: Iterable[Triple], predicate: str, value: str) -> bool:
    return any(each.predicate.value == predicate and each.object == Iri(value) for each in said)


def _known_dataset(it: object, about: Mapping[object, Sequence[Triple]]) -> KnownDataset:
    def values(things: Iterable[object], predicate: str) -> list[Term]:
        return [t.object for thing in things for t in about.get(thing, ()) if t.predicate.value == predicate]

    def words(predicate: str) -> dict[str, str]:
        return {o.language or "": o.value for o in values([it], predicate) if isinstance(o, Literal)}

    files = values([it], f"{_DCAT}distribution")
    titles, dates = words(f"{_DCT}title"), words(f"{_DCT}modified")
    return KnownDataset(
        iri=str(it).strip("<>"),
        identifier=next(iter(words(f"{_DCT}identifier").values()), ""),
        title=Text(titles.get("nb", ""), titles.get("en", "")),
        modified=next(iter(dates.values()), ""),
        files=frozenset(str(each).strip("<>") for each in values(files, f"{_DCAT}downloadURL")),
        said=frozenset(triple for thing in (it, *files) for triple in about.get(thing, ())),
    )


# -- what a run would do ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does to the datasets that portals know, and to the files of the folder.

    `leave` are those that portals delete. `renamed` are among them: they have another identifier at the old address.
    `moved` are the files, by their addresses, that another dataset has from now on: where they were, and where they are.
    """

    come: tuple[KnownDataset, ...]
    change: tuple[KnownDataset, ...]
    leave: tuple[KnownDataset, ...]
    renamed: tuple[KnownDataset, ...]
    same: int
    files: FilePlan
    moved: Mapping[str, tuple[KnownDataset, KnownDataset]]

    def to_json(self) -> dict[str, object]:
        """As `publish --plan --format json` gives it."""
        moved = [
            {"file": file, "from": old.identifier, "to": new.identifier} for file, (old, new) in self.moved.items()
        ]
        datasets = {
            name: [each.to_json() for each in found]
            for name, found in (("come", self.come), ("change", self.change), ("leave", self.leave))
        }
        return {"datasets": {**datasets, "same": self.same, "moved": moved}, "files": self.files.to_json()}


def removed(before: Known | None, after: Known | None) -> tuple[KnownDataset, ...]:
    """The datasets that portals know and that are gone afterwards, or are there under another name."""
    now = after.datasets if after else {}
    return tuple(
        each
        for each in (before.datasets.values() if before else ())
        if each.iri not in now or now[each.iri].identifier != each.identifier
    )


def plan_of(before: Known | None, after: Known | None, files: FilePlan) -> Plan:
    """What becomes of each dataset; one whose file has other bytes changes."""
    old, new = (known.datasets if known else {} for known in (before, after))
    leave = removed(before, after)
    lost = {each.iri for each in leave}
    site = after.site if after else ""
    touched = {site + name for name in files.change}
    stay = [each for iri, each in new.items() if iri in old and iri not in lost]
    change = tuple(each for each in stay if each.said != old[each.iri].said or each.files & touched)
    come = tuple(each for iri, each in new.items() if iri not in old or iri in lost)
    renamed = tuple(each for each in leave if each.iri in new)
    return Plan(come, change, leave, renamed, len(stay) - len(change), files, _moved(old, new))


def _moved(
    old: Mapping[str, KnownDataset], new: Mapping[str, KnownDataset]
) -> Mapping[str, tuple[KnownDataset, KnownDataset]]:
    places = {file: each for each in old.values() for file in each.files}
    return {
        file: (places[file], each)
        for each in new.values()
        for file in sorted(each.files)
        if file in places and places[file].iri != each.iri
    }


def refuse_removal(
    lost: Sequence[KnownDataset], folder: Path, *, renamed: bool, message: str = "files.would_remove"
) -> None:
    """Stop a run after which portals would delete datasets, or keep some that nobody changes any more.

    Raises:
        PublishError: there are some; the next step is how they stay, or how they go.
    """
    if not lost:
        return
    names = [named(each) for each in lost[:_SHOWN]]
    some = Text(*(", ".join(name.in_language(each) for name in names) for each in ("nb", "en")))
    more = " …" if len(lost) > _SHOWN else ""
    fix = sentence("files.keep_identifier" if renamed else "files.keep_question", folder=folder)
    raise PublishError(sentence(message, folder=folder, count=len(lost), datasets=some, more=more), fix=fix)


def named(dataset: KnownDataset) -> Text:
    """A dataset as a sentence speaks of it: its title and its identifier."""
    nb, en = dataset.title.in_language("nb"), dataset.title.in_language("en")
    return Text(f"«{nb}» ({dataset.identifier})", f"'{en}' ({dataset.identifier})")
