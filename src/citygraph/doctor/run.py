"""One examination: every probe in its order, each within its time, and nothing left behind."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from citygraph.doctor.probes import Outcome, Probe, Verdict, read_probes, try_data
from citygraph.doctor.server import (
    Deviates,
    ExaminedServer,
    Fact,
    NoAnswer,
    NotTried,
    ProbeClient,
    ProbeEnd,
    Refused,
    clean_up,
    saying,
)
from citygraph.doctor.special import SPECIAL
from citygraph.errors import ConfigError, StoreError
from citygraph.http import Policy
from citygraph.messages import Sentence, sentence
from citygraph.store.server.capabilities import Capabilities, ProbeResult
from citygraph.store.server.connection import PASSWORD, TOKEN, USER, Credentials

Progress = Callable[[str, int, int], None]

_VERDICTS: Final[Mapping[type[ProbeEnd], Verdict]] = {
    Deviates: Verdict.DEVIATES,
    Refused: Verdict.REFUSED,
    NotTried: Verdict.NOT_TRIED,
    NoAnswer: Verdict.DEVIATES,
}
_DERIVED: Final = ("graph_store", "needs_default_graph_uri", "rows_tried")
"""Capabilities that follow from several probes, or beside the one that a probe settles."""
_MOST_SILENCE: Final = 3
_MOST_SEEN: Final = 300
# Where servers have their other doors when the one for queries ends so.
_DOORS: Final = (
    ("/query", "/update", "/store"),  # Oxigraph
    ("/sparql", "/sparql", ""),
    ("/sparql-auth", "/sparql-auth", "/sparql-graph-crud-auth"),  # Virtuoso, with a password
)
_VIRTUOSO_STORE: Final = "/sparql-graph-crud-auth"


@dataclass(frozen=True, slots=True)
class Options:
    """How to examine.

    Args:
        update: the address for updates; guessed from the endpoint without it.
        graph_store: the address of the graph store; guessed without it.
        write: try what writes, in graphs of a name of its own that are removed at the end.
        rows: how many rows to ask for; of 12,345 only the first digit counts, so that makes 10,000.
        timeout: seconds for each probe.
        contact: who can be written to about these requests; needed for servers elsewhere.
    """

    update: str = ""
    graph_store: str = ""
    write: bool = False
    rows: int = 20_000
    timeout: float = 10.0
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found.

    Args:
        capabilities: what the server can do, as programs read it.
        outcomes: every probe with its outcome, in order.
        left_behind: graphs of ours that the server would not let go.
        shows_password: whether a password or token was sent to another machine without encryption.
    """

    capabilities: Capabilities
    outcomes: tuple[tuple[Probe, Outcome], ...]
    left_behind: tuple[str, ...] = ()
    shows_password: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether citygraph can work with this server at all."""
        return all(outcome.verdict is Verdict.OK for probe, outcome in self.outcomes if probe.needed)

    @property
    def results(self) -> tuple[ProbeResult, ...]:
        """The probes as they stand in the file."""
        return tuple(ProbeResult(probe.id, outcome.verdict.value, outcome.seen) for probe, outcome in self.outcomes)


def examine(
    endpoint: str,
    options: Options | None = None,
    *,
    credentials: Credentials | None = None,
    progress: Progress | None = None,
) -> Examination:
    """Ask a server everything, and say what it can do.

    Raises:
        ConfigError: the server is elsewhere, and there is no contact.
        StoreError: the address is none, or nobody answers there.
    """
    chosen = options or Options()
    is_here = _is_this_machine(_address(endpoint))
    if not chosen.contact and not is_here:
        raise ConfigError(sentence("doctor.error.contact"), fix=sentence("doctor.error.add_contact"))
    policy = Policy(
        contact=chosen.contact or "on the same machine",
        timeout=chosen.timeout,
        pause=0.0 if is_here else 0.2,
        first_wait=2.0,
    )
    auth = credentials.auth() if credentials else None
    client = ProbeClient(policy, auth, is_here=is_here)
    _reach(client, endpoint)
    update, graph_store = _doors(endpoint, chosen, client.server)
    server = ExaminedServer(client, endpoint, update, graph_store, can_write=chosen.write, rows_to_ask=chosen.rows)
    server.facts = dict.fromkeys([*(probe.fact for probe in read_probes()), *_DERIVED])
    left: list[str] = []
    with _cleaned(server, left):
        outcomes = tuple(_outcomes(server, read_probes(), progress or _silent))
    _learn_of_the_store(server.facts)
    about = {
        "endpoint": endpoint,
        "update_endpoint": update,
        "graph_store_endpoint": graph_store,
        "server": _printable(client.server),
        "date": datetime.now(tz=UTC).isoformat(timespec="seconds"),
    }
    capabilities = Capabilities.of(about, server.facts)
    in_clear = bool(credentials) and not is_here and urlsplit(endpoint).scheme == "http"
    return Examination(capabilities, outcomes, tuple(left), in_clear)


def _silent(what: str, done: int, total: int) -> None:
    del what, done, total


def _outcomes(server: ExaminedServer, probes: Sequence[Probe], progress: Progress) -> Iterator[tuple[Probe, Outcome]]:
    silent, stopped = 0, ""
    for place, probe in enumerate(probes):
        progress(Sentence(probe.question.en, probe.question.nb), place, len(probes))
        server.client.begin()
        if stopped:
            outcome = Outcome(Verdict.NOT_TRIED, stopped)
        else:
            outcome = try_probe(server, probe)
            silent = silent + 1 if outcome.is_silence else 0
        _learn(server.facts, probe, outcome)
        yield probe, outcome
        if probe.needed and outcome.verdict is not Verdict.OK:
            stopped = saying("comes_first", probe=probe.id)
        elif silent == _MOST_SILENCE:
            stopped = saying("stopped")


def try_probe(server: ExaminedServer, probe: Probe) -> Outcome:
    """One probe, whatever the server does."""
    outcome = _tried(server, probe)
    return replace(outcome, seen=_printable(outcome.seen))


def _tried(server: ExaminedServer, probe: Probe) -> Outcome:
    if probe.writes and not server.can_write:
        return Outcome(Verdict.NOT_TRIED, saying("needs_write"))
    try:
        return try_data(probe, server) if probe.is_data else SPECIAL[probe.id](server)
    except ProbeEnd as end:
        return Outcome(_VERDICTS[type(end)], end.seen, is_silence=isinstance(end, NoAnswer))


def _learn(facts: dict[str, Fact], probe: Probe, outcome: Outcome) -> None:
    """Note what follows from an outcome; where several probes settle one capability, one "no" is enough."""
    found: dict[str, Fact] = dict(outcome.facts)
    if _is_truth(probe.fact) and probe.fact not in found:
        if outcome.verdict is Verdict.OK:
            found[probe.fact] = probe.fact_if_ok
        elif outcome.verdict is Verdict.DEVIATES or (outcome.verdict is Verdict.REFUSED and probe.fact_if_ok):
            found[probe.fact] = not probe.fact_if_ok
    for name, value in found.items():
        is_settled = _is_truth(name) and facts.get(name) is False
        facts[name] = False if is_settled else value


def _is_truth(name: str) -> bool:
    """Whether a capability is a yes or no, rather than a number."""
    return not name.startswith(("most_", "rows_"))


def _learn_of_the_store(facts: dict[str, Fact]) -> None:
    """The graph store as a whole is of use when graphs can be put, read and removed there."""
    if facts.get("graph_store_delete"):
        facts["graph_store"] = bool(facts.get("graph_store_put") and facts.get("graph_store_get"))


@contextmanager
def _cleaned(server: ExaminedServer, left: list[str]) -> Iterator[None]:
    """Remove our graphs when the block ends, however it ends; `left` gets the names of those that stay."""
    try:
        yield
    finally:
        if server.graphs.names:
            left += clean_up(server)


def _reach(client: ProbeClient, endpoint: str) -> None:
    """Find out whether anybody is there, and let in.

    Raises:
        StoreError: nobody answers, or the door is locked.
    """
    host = urlsplit(endpoint).netloc
    client.begin()
    try:
        reply = client.send("POST", endpoint, form={"query": "ASK {}"})
    except (NoAnswer, Refused) as error:
        message = sentence("doctor.error.silent", host=host, reason=error.seen)
        raise StoreError(message, fix=sentence("doctor.error.check_address")) from error
    if reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        fix = sentence("doctor.error.set_user", user=USER, password=PASSWORD, token=TOKEN)
        raise StoreError(sentence("doctor.error.locked", host=host, status=reply.status), fix=fix)


def _address(endpoint: str) -> str:
    """The host of an address.

    Raises:
        StoreError: it is no address of the web, or carries a password.
    """
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = sentence("doctor.error.no_address", address=repr(endpoint))
        raise StoreError(message, fix=sentence("doctor.error.begins"))
    if parts.username or parts.password:
        fix = sentence("doctor.error.set_password", user=USER, password=PASSWORD)
        raise StoreError(sentence("doctor.error.password"), fix=fix)
    return parts.hostname


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _doors(endpoint: str, options: Options, server: str) -> tuple[str, str]:
    """The addresses for updates and for the graph store: those given, else the usual ones beside the endpoint."""
    parts = urlsplit(endpoint)
    update = store = ""
    for ending, for_updates, for_graphs in _DOORS:
        if parts.path.endswith(ending):
            stem = parts.path.removesuffix(ending)
            update = stem + for_updates
            store = stem + for_graphs if for_graphs else ""
            if server.startswith("Virtuoso"):
                store = stem + _VIRTUOSO_STORE
    beside: Mapping[str, str] = {
        each: urlunsplit((parts.scheme, parts.netloc, each, "", "")) if each else "" for each in (update, store)
    }
    for given in (options.update, options.graph_store):
        if given:
            _address(given)
    return options.update or beside[update], options.graph_store or beside[store]


def _printable(text: str) -> str:
    """What a server says, without what would move the cursor of a terminal, and not too long; in both languages."""
    if isinstance(text, Sentence):
        return Sentence(_printable(str(text)), _printable(text.nb), text.key)
    plain = "".join(letter if letter.isprintable() else "·" for letter in text)
    return plain if len(plain) <= _MOST_SEEN else plain[:_MOST_SEEN] + " …"
