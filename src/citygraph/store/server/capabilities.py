"""What a SPARQL server can do and where it deviates, as `citygraph doctor` found it: a file and a frozen record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

from citygraph.errors import ConfigError
from citygraph.files import write_file
from citygraph.messages import reason_of, sentence

CapabilityValue: TypeAlias = bool | int | None
FORMAT: Final = 2
"""The version of the file; version 1, where `capabilities` holds the addresses too, is read as well."""
_KEY: Final = "citygraph-capabilities"
_AGAIN: Final = sentence("snapshots.make_anew")
_TRUTHS: Final = (
    "query_form_post",
    "json_results",
    "default_graph_uri",
    "trailing_values",
    "graph_store_put",
    "graph_store_post",
)
_NUMBERS: Final = ("most_graph_bytes", "most_insert_triples")
_ABOUT: Final = ("endpoint", "update_endpoint", "graph_store_endpoint", "server", "date")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One server on one day.

    citygraph loads by what `graph_store_post`, `most_graph_bytes` and `most_insert_triples` say, and does not use a server
    that lacks what it cannot do without (`project/server.py`). All else is for whoever chooses, sets up or upgrades a
    server, and stands in `others` by the name that its probe gives it.

    A yes or no is `None` as long as nobody has tried it; a number is `None` when no limit was found or tried.

    Args:
        endpoint: where it takes queries.
        update_endpoint: where it takes updates; empty when unknown.
        graph_store_endpoint: where it speaks the Graph Store Protocol; empty when unknown.
        server: what it says it is, from its header `Server`.
        date: when it was examined, UTC, ISO 8601.
        query_form_post: takes a query as a form by POST, which is how we ask.
        json_results: answers SELECT in SPARQL JSON.
        default_graph_uri: `default-graph-uri` chooses the graph that is asked.
        trailing_values: VALUES behind the query works for variables that are columns.
        graph_store_put: PUT replaces a named graph.
        graph_store_post: POST adds to a named graph.
        most_graph_bytes: takes graphs by PUT up to this size, and refused a larger one.
        most_insert_triples: takes so many triples in one INSERT DATA, and refused more.
        others: everything else that was found, by name.
    """

    endpoint: str
    update_endpoint: str = ""
    graph_store_endpoint: str = ""
    server: str = ""
    date: str = ""
    query_form_post: bool | None = None
    json_results: bool | None = None
    default_graph_uri: bool | None = None
    trailing_values: bool | None = None
    graph_store_put: bool | None = None
    graph_store_post: bool | None = None
    most_graph_bytes: int | None = None
    most_insert_triples: int | None = None
    others: Mapping[str, CapabilityValue] = field(default_factory=dict)

    @classmethod
    def of(cls, about: Mapping[str, str], found: Mapping[str, CapabilityValue]) -> Self:
        """A record from the addresses, name and date of a server, and all that was found, by name."""
        typed: dict[str, Any] = {name: value for name, value in found.items() if name in {*_TRUTHS, *_NUMBERS}}
        others = {name: value for name, value in found.items() if name not in typed}
        return cls(others=others, **typed | dict(about))

    def value(self, name: str) -> CapabilityValue:
        """What was found, by name; nothing when nobody has tried."""
        if name not in {*_TRUTHS, *_NUMBERS}:
            return self.others.get(name)
        found: CapabilityValue = getattr(self, name)
        return found


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One probe: its id, `ok`, `deviates`, `refused` or `not tried`, and what was seen."""

    id: str
    verdict: str
    seen: str = ""


def capabilities_json(capabilities: Capabilities, results: Sequence[ProbeResult] = ()) -> str:
    """The file as text: the server, what is known of it, and each probe behind that."""
    document = {
        _KEY: FORMAT,
        "server": {name: getattr(capabilities, name) for name in _ABOUT},
        "capabilities": {name: getattr(capabilities, name) for name in (*_TRUTHS, *_NUMBERS)}
        | dict(capabilities.others),
        "probes": [asdict(each) for each in results],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def write_capabilities(path: Path, capabilities: Capabilities, results: Sequence[ProbeResult] = ()) -> None:
    """Write the file.

    Raises:
        ExportError: the place cannot be written.
    """
    write_file(path, capabilities_json(capabilities, results).encode())


def read_capabilities(path: Path) -> Capabilities:
    """What the file says.

    Raises:
        ConfigError: it cannot be read, is no such file, or is of another version.
    """
    document = _document(path)
    found = document["capabilities"]
    if not isinstance(found, dict):
        raise _no_such_file(path, "it holds no capabilities")
    about = document.get("server", {}) if document[_KEY] == FORMAT else found
    if not isinstance(about, dict):
        raise _no_such_file(path, "it names no endpoint")
    about = {name: about[name] for name in _ABOUT if name in about}
    found = {name: value for name, value in found.items() if name not in _ABOUT}
    for name, value in [*about.items(), *found.items()]:
        if not _fits(name, value):
            raise _no_such_file(path, f"{name} cannot be {value!r}")
    if not about.get("endpoint"):
        raise _no_such_file(path, "it names no endpoint")
    return Capabilities.of(about, found)


def read_results(path: Path) -> tuple[ProbeResult, ...]:
    """The probes in the file, in their order.

    Raises:
        ConfigError: as for `read_capabilities`.
    """
    try:
        return tuple(ProbeResult(**each) for each in _document(path)["probes"])
    except TypeError as error:
        raise _no_such_file(path, str(error)) from error


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        message = sentence("snapshots.cannot_read", path=path, why=reason_of(error))
        raise ConfigError(message, fix=_AGAIN) from error
    except (ValueError, RecursionError) as error:
        raise _no_such_file(path, "it is not JSON") from error
    if not isinstance(document, dict) or not {_KEY, "capabilities", "probes"} <= document.keys():
        raise _no_such_file(path, "it was not written by citygraph doctor")
    if document[_KEY] not in {1, FORMAT}:
        why = f"it is of version {document[_KEY]!r}, and this program reads version {FORMAT} and the one before"
        raise _no_such_file(path, why)
    return document


def _fits(name: str, value: object) -> bool:
    """Whether a value is of the kind that its name asks for; a bool is no number."""
    if name in _ABOUT:
        return isinstance(value, str)
    kinds = {bool} if name in _TRUTHS else {int} if name in _NUMBERS else {bool, int}
    return value is None or type(value) in kinds


def _no_such_file(path: Path, why: str) -> ConfigError:
    return ConfigError(sentence("snapshots.no_capabilities", path=path, why=why), fix=_AGAIN)
