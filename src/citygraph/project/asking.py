"""What a question needs beside the graph: servers of others, what findings and the words of `explain` mean, another state."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from citygraph import load, query
from citygraph.compare import Changes, State, changes_between
from citygraph.config import CONFIG_FILE, Config, read_config
from citygraph.errors import ConfigError, QueryError
from citygraph.files import extract_revision
from citygraph.findings import Definition, definitions
from citygraph.messages import key_of, sentence
from citygraph.namespaces import prefixes_for
from citygraph.project.pipeline import Memory, Pipeline
from citygraph.project.stages import PARTS, Checked, Progress
from citygraph.rdf import Iri, Literal, Term, Triple
from citygraph.results import Solutions
from citygraph.saved_query import SavedQuery
from citygraph.store import MemoryStore, Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from citygraph.ask import AskedText
    from citygraph.http import Policy
    from citygraph.project.project import Project
    from citygraph.query.federate import FederatedService, Federation
    from citygraph.reason.proof.explain import Explainer

_WIKIDATA: Final = "wikidata"
_DAY: Final = 86_400
_PAUSE: Final = 0.1


def finding_codes(config: Config) -> dict[str, Definition]:
    """Every finding code of the program, and of the shapes and the check queries of a project, by code."""
    from citygraph import validate  # noqa: PLC0415  # a question of a built graph does not need it

    codes = dict(definitions()) | validate.shape_definitions(load.load_files(config).graphs)
    checks, _ = validate.read_checks(config.folder)
    for each in checks:
        message = each.message if each.message.en else each.title
        codes[each.code] = Definition(each.code, each.severity, each.title, message, each.fix)
    return dict(sorted(codes.items()))


def policy_of(config: Config, *, today: date) -> Policy:
    """How servers of others are asked, and for how long their answers are used again."""
    from citygraph.exchange import DiskCache, cache_folder  # noqa: PLC0415
    from citygraph.http import Policy  # noqa: PLC0415  # few questions need it

    days = (today - config.duration("wikidata.keep").before(today)).days
    cache = DiskCache(cache_folder(), days * _DAY)
    return Policy(contact=str(config.values["wikidata.contact"]), pause=_PAUSE, cache=cache)


def federation_of(config: Config, policy: Policy, extract: Path | None = None) -> Federation:
    """Whom saved questions may ask: Wikidata, or an extract of it, and the endpoints that graph.toml lists.

    Args:
        config: the settings of the project.
        policy: how servers are asked.
        extract: a file that answers in place of Wikidata; the one in graph.toml without it.
    """
    from citygraph.query.federate import ExtractService, Federation, RemoteService  # noqa: PLC0415  # few questions need it

    number, values = config.number, config.values
    listed = str(values["federation.extract"])
    path = extract or (config.folder / listed if listed else None)

    def open_service(name: str) -> FederatedService:
        if name == _WIKIDATA and path is not None:
            from citygraph.link import read_extract_triples  # noqa: PLC0415  # its HTTP client takes time

            return ExtractService(path, read_extract_triples(path))
        if name != _WIKIDATA and name not in values["federation.endpoints"]:
            raise ConfigError(sentence("project.may_not_ask", name=name), fix=sentence("project.allow", name=name))
        return RemoteService(str(values["wikidata.endpoint"]) if name == _WIKIDATA else name, policy)

    return Federation(
        open_service,
        batch=number("federation.batch"),
        most_values=number("federation.values"),
        most_rows=number("limits.rows"),
        timeout=number("federation.timeout"),
    )


def read_text(asked: str, project: Project, snapshot: Snapshot) -> AskedText:
    """What a text asks: the nearest of the published questions, with names and dates filled in.

    Raises:
        SnapshotError: the version has no directory of names.
        QueryError: a saved query breaks a rule of its header.
    """
    from citygraph.ask import Phrasings, read_question  # noqa: PLC0415  # no other command reads words
    from citygraph.store.directory import Directory  # noqa: PLC0415

    phrasings, prefixes = Phrasings([each for each in project.queries() if each.publish]), project.prefixes
    directory = Directory(snapshot.folder, prefixes)
    return read_question(asked, phrasings, directory, prefixes=prefixes, today=project.today)


def explainer_of(pipeline: Pipeline, *, as_of: date | None) -> tuple[Explainer, MemoryStore]:
    """What explains statements of the files as they are, and the graph to look names up in."""
    from citygraph.reason.proof.explain import Explainer  # noqa: PLC0415

    graphs = load.load_files(pipeline.config).graphs
    return Explainer(graphs, pipeline.config, as_of=as_of or pipeline.reading_day), MemoryStore(graphs.quads(*PARTS))


def meant(subject: str, predicate: str, object_: str, store: MemoryStore, *, prefixes: Mapping[str, str]) -> Triple:
    """The statement that is meant by a label, slug, CURIE, address or Wikidata id in each place.

    The object is a thing of that name, else the text or address that the graph has there, else a new literal.

    Raises:
        QueryError: the subject or the property is not known, or is the name of several.
    """
    thing = query.resolve_entity(subject, store, prefixes=prefixes)
    property_ = query.resolve_property(predicate, store, prefixes=prefixes)
    return Triple(thing, property_, _object_meant(object_, thing, property_, store, prefixes))


def _object_meant(text: str, subject: Iri, property_: Iri, store: MemoryStore, prefixes: Mapping[str, str]) -> Term:
    if not text.startswith('"'):
        try:
            return query.resolve_entity(text, store, prefixes=prefixes)
        except QueryError as error:
            if key_of(error.message) == "question.several":
                raise
    plain = text.strip('"')
    answer = store.query("SELECT ?s ?p ?o WHERE { ?s ?p ?o }", bind={"s": subject, "p": property_})
    # An address that has no name here, such as a website, is a value like a text.
    there = [row["o"] for row in answer if isinstance(row["o"], Literal | Iri)] if isinstance(answer, Solutions) else []
    return next((each for each in there if each.value == plain), Literal(plain))


# -- what has changed from one state of a project to another ----------------------------------------------


def state_named(name: str, pipeline: Pipeline, *, into: Path) -> Pipeline:
    """The project in the folder `name`, else the project of `pipeline` at that git revision, written to `into`.

    Raises:
        ConfigError: it is neither a folder with a project nor a revision.
    """
    if not (Path(name) / CONFIG_FILE).is_file():
        extract_revision(pipeline.folder, name, into)
        return Pipeline(read_config(into.resolve()), today=pipeline.today)
    return Pipeline(read_config(Path(name).resolve()), today=pipeline.today)


def compare_states(before: Pipeline, after: Pipeline, *, as_of: date | None, progress: Progress | None) -> Changes:
    """What changed; the questions are those of `after`, and both are seen on the same day.

    Raises:
        QueryError: a saved query breaks a rule of its header.
    """
    checked = after.check(as_of=as_of, progress=progress)
    day = as_of or checked.as_of
    questions = _questions(after.folder)
    return changes_between(
        _state_of(before, before.check(as_of=day, progress=progress), questions),
        _state_of(after, checked, questions),
        titles={saved.name: saved.title for saved in questions},
    )


class KeptChecks:
    """Checks of a project with other contents of some files; as long as no file changes, each is made once."""

    def __init__(self, pipeline: Pipeline) -> None:
        """Nothing is checked yet; one thread at a time may ask."""
        self._pipeline, self._memory = pipeline, Memory()
        self._stamp: object = None
        self._checks: dict[str, Checked] = {}
        self._states: dict[str, State] = {}

    def check(self, instead: Mapping[str, bytes]) -> Checked:
        """What a check finds if some files hold this, by their paths.

        Raises:
            ReasoningError: the reasoner stopped before it was done.
        """
        key = self._key(instead)
        if key not in self._checks:
            made = self._pipeline.check(memory=self._memory, instead=instead)
            # What was there before an edit, and the last of the edits that were looked at.
            for old in [each for each in self._checks if each and key]:
                self._checks.pop(old)
                self._states.pop(old, None)
            self._checks[key] = made
        return self._checks[key]

    def changes(self, instead: Mapping[str, bytes]) -> Changes:
        """What would change if some files held this; seen on the same day.

        Raises:
            QueryError: a saved query breaks a rule of its header.
            ReasoningError: the reasoner stopped before it was done.
        """
        questions = _questions(self._pipeline.folder)
        states = []
        for each in ({}, instead):
            checked, key = self.check(each), self._key(each)
            if key not in self._states:
                self._states[key] = _state_of(self._pipeline, checked, questions)
            states.append(self._states[key])
        return changes_between(*states, titles={saved.name: saved.title for saved in questions})

    def _key(self, instead: Mapping[str, bytes]) -> str:
        """Which contents these are; everything is forgotten when a file has changed."""
        stamp = load.stamp_of(self._pipeline.config)
        if stamp != self._stamp:
            self._stamp, self._checks, self._states = stamp, {}, {}
        parts = [f"{path} {hashlib.sha256(data).hexdigest()}" for path, data in sorted(instead.items())]
        return "\n".join(parts)


def _questions(folder: Path) -> list[SavedQuery]:
    """The saved questions that have an answer without more being said; what another server says is no change of ours."""
    return [
        saved
        for saved in query.find_queries(folder / "queries")
        if saved.federates is None and all(p.default or not p.required for p in saved.parameters)
    ]


def _state_of(pipeline: Pipeline, checked: Checked, questions: Sequence[SavedQuery]) -> State:
    store = MemoryStore([*checked.stated(), *pipeline.about(checked.as_of), *checked.inferred])
    answers: dict[str, Solutions] = {}
    for saved in questions:
        try:
            answered = query.run_query(saved, store, values={}, prefixes=prefixes_for(pipeline.config.base))
        except QueryError:
            # The default of a parameter may be a thing that this side does not have: then it has no answer.
            continue
        if isinstance(answered.answer, Solutions):
            answers[saved.name] = answered.answer
    return State(
        asserted=frozenset(checked.graphs.triples(*PARTS)),
        inferred=frozenset(quad.triple for quad in checked.inferred),
        findings=checked.report.findings,
        answers=answers,
    )
