"""What a SPARQL server can do and where it deviates, as `citygraph doctor` found it: a file and a frozen record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from citygraph.errors import ConfigError
from citygraph.files import write_file

__all__ = [
    "FORMAT",
    "Capabilities",
    "ProbeResult",
    "capabilities_json",
    "read_capabilities",
    "read_results",
    "write_capabilities",
]

FORMAT: Final = 1
"""The version of the file; a file of another version is refused."""
_KEY: Final = "citygraph-capabilities"
_AGAIN: Final = "Make it anew: citygraph doctor --endpoint … --file …"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One server on one day.

    The record is for whoever chooses, sets up or upgrades a server. citygraph itself keeps to `graph_store_post`,
    `most_graph_bytes` and `most_insert_triples` while loading, and does not use a server that lacks what
    it cannot do without (`project/server.py`); all else either works on every server, or shows in the answer when it does not.

    A yes or no is `None` as long as nobody has tried it; a number is `None` when no limit was found or tried.

    Args:
        endpoint: where it takes queries.
        update_endpoint: where it takes updates; empty when unknown.
        graph_store_endpoint: where it speaks the Graph Store Protocol; empty when unknown.
        server: what it says it is, from its header `Server`.
        date: when it was examined, UTC, ISO 8601.
        query_get: takes a query by GET.
        query_form_post: takes a query as a form by POST, which is how we ask.
        query_direct_post: takes a query as the body of a POST.
        ask_as_select: answers ASK in JSON with rows instead of `boolean`.
        typed_literal: writes `typed-literal` in JSON, which SPARQL 1.1 does not know.
        json_results: answers SELECT in SPARQL JSON.
        xml_results: answers SELECT in SPARQL XML.
        csv_results: answers SELECT in CSV.
        tsv_results: answers SELECT in TSV as specified.
        ntriples: answers CONSTRUCT in N-Triples.
        turtle: answers CONSTRUCT in Turtle.
        gzip: packs answers when asked.
        service_description: describes itself.
        federation: says that it can ask other servers (SERVICE).
        update_form: takes an update as a form by POST.
        update_direct: takes an update as the body of a POST.
        insert_where: INSERT … WHERE writes from one named graph into another.
        update_sequence: several updates in one request are done in their order.
        graph_management: COPY, MOVE and DROP of named graphs work.
        graph_store: PUT, GET and DELETE of a named graph all work.
        graph_store_put: PUT replaces a named graph.
        graph_store_post: POST adds to a named graph.
        graph_store_get: GET gives a named graph.
        graph_store_head: HEAD says whether there is one.
        graph_store_delete: DELETE removes one, and it is gone.
        graph_store_default: GET gives the default graph.
        trig: GET of the whole data set gives TriG.
        union_default_graph: the default graph is the union of the named graphs.
        counts_duplicates: a triple in two named graphs counts twice in that union.
        default_graph_uri: `default-graph-uri` chooses the graph that is asked.
        merges_default_graphs: with two `default-graph-uri`, a triple in both counts once.
        needs_default_graph_uri: every query must name its graph, or it sees others as well.
        keeps_lexical_forms: `01`, `1.50` and their like come back as they were written.
        keeps_booleans: `true` comes back as `true`.
        keeps_years: `"1"^^xsd:gYear` comes back as it is.
        keeps_durations: `P1Y12M` comes back as it is.
        keeps_precision: numbers keep all their digits.
        keeps_datatypes: narrow number types such as xsd:unsignedByte come back as they are.
        keeps_language_tags: `nb-NO` comes back with its capitals.
        keeps_text: letters of all alphabets, line ends and quotation marks come back as they were.
        keeps_long_literals: 100,000 letters come back whole.
        property_paths: paths with `*`, `+`, `?`, `|` and `^` are answered rightly.
        aggregates: COUNT, SUM, MIN, MAX with GROUP BY are answered rightly.
        group_concat: GROUP_CONCAT works without SEPARATOR.
        having_alone: HAVING works without GROUP BY.
        trailing_values: VALUES behind the query works for variables that are columns.
        trailing_values_hidden: VALUES behind the query works for variables that are no columns.
        mixed_values: an address and a text in one VALUES stay what they are.
        exists: BIND and FILTER NOT EXISTS are answered rightly.
        minus: MINUS removes only what shares a variable.
        subqueries: subqueries with DISTINCT, ORDER BY and LIMIT are answered rightly.
        decimal_division: `1/2` is 0.5.
        boolean_values: a comparison gives true, not 1.
        unicode_functions: STRLEN, UCASE and REGEX count and compare letters, not bytes.
        refuses_bad_queries: says 400 to what is no SPARQL.
        triple_terms: knows the triple terms of RDF 1.2.
        most_rows: cuts every answer after so many rows and still says 200.
        rows_tried: so many rows were asked for.
        partial_on_time_out: gives a part of the answer with 200 when it takes too long.
        most_query_bytes: takes queries up to this size, and refused a larger one.
        most_graph_bytes: takes graphs by PUT up to this size, and refused a larger one.
        most_insert_triples: takes so many triples in one INSERT DATA, and refused more.
    """

    endpoint: str
    update_endpoint: str = ""
    graph_store_endpoint: str = ""
    server: str = ""
    date: str = ""
    query_get: bool | None = None
    query_form_post: bool | None = None
    query_direct_post: bool | None = None
    ask_as_select: bool | None = None
    typed_literal: bool | None = None
    json_results: bool | None = None
    xml_results: bool | None = None
    csv_results: bool | None = None
    tsv_results: bool | None = None
    ntriples: bool | None = None
    turtle: bool | None = None
    gzip: bool | None = None
    service_description: bool | None = None
    federation: bool | None = None
    update_form: bool | None = None
    update_direct: bool | None = None
    insert_where: bool | None = None
    update_sequence: bool | None = None
    graph_management: bool | None = None
    graph_store: bool | None = None
    graph_store_put: bool | None = None
    graph_store_post: bool | None = None
    graph_store_get: bool | None = None
    graph_store_head: bool | None = None
    graph_store_delete: bool | None = None
    graph_store_default: bool | None = None
    trig: bool | None = None
    union_default_graph: bool | None = None
    counts_duplicates: bool | None = None
    default_graph_uri: bool | None = None
    merges_default_graphs: bool | None = None
    needs_default_graph_uri: bool | None = None
    keeps_lexical_forms: bool | None = None
    keeps_booleans: bool | None = None
    keeps_years: bool | None = None
    keeps_durations: bool | None = None
    keeps_precision: bool | None = None
    keeps_datatypes: bool | None = None
    keeps_language_tags: bool | None = None
    keeps_text: bool | None = None
    keeps_long_literals: bool | None = None
    property_paths: bool | None = None
    aggregates: bool | None = None
    group_concat: bool | None = None
    having_alone: bool | None = None
    trailing_values: bool | None = None
    trailing_values_hidden: bool | None = None
    mixed_values: bool | None = None
    exists: bool | None = None
    minus: bool | None = None
    subqueries: bool | None = None
    decimal_division: bool | None = None
    boolean_values: bool | None = None
    unicode_functions: bool | None = None
    refuses_bad_queries: bool | None = None
    triple_terms: bool | None = None
    most_rows: int | None = None
    rows_tried: int | None = None
    partial_on_time_out: bool | None = None
    most_query_bytes: int | None = None
    most_graph_bytes: int | None = None
    most_insert_triples: int | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One probe: its id, `ok`, `deviates`, `refused` or `not tried`, and what was seen."""

    id: str
    verdict: str
    seen: str = ""


def capabilities_json(capabilities: Capabilities, results: Sequence[ProbeResult] = ()) -> str:
    """The file as text: what is known, and each probe behind it."""
    document = {
        _KEY: FORMAT,
        "capabilities": asdict(capabilities),
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
    known = _document(path)["capabilities"]
    if not isinstance(known, dict):
        raise _no_such_file(path, "it holds no capabilities")
    kinds = {each.name: str(each.type) for each in fields(Capabilities)}
    for name, value in known.items():
        if name not in kinds:
            raise _no_such_file(path, f"nobody knows {name!r}")
        if not _fits(value, kinds[name]):
            raise _no_such_file(path, f"{name} cannot be {value!r}")
    if not known.get("endpoint"):
        raise _no_such_file(path, "it names no endpoint")
    return Capabilities(**known)


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
        message = f"{path} cannot be read: {error.strerror}."
        raise ConfigError(message, fix=_AGAIN) from error
    except (ValueError, RecursionError) as error:
        raise _no_such_file(path, "it is not JSON") from error
    if not isinstance(document, dict) or not {_KEY, "capabilities", "probes"} <= document.keys():
        raise _no_such_file(path, "it was not written by citygraph doctor")
    if document[_KEY] != FORMAT:
        raise _no_such_file(path, f"it is of version {document[_KEY]!r}, and this program reads version {FORMAT}")
    return document


def _fits(value: object, kind: str) -> bool:
    if value is None:
        return kind.endswith("None")
    return type(value).__name__ == kind.partition(" ")[0]


def _no_such_file(path: Path, why: str) -> ConfigError:
    return ConfigError(f"{path} is no file of capabilities: {why}.", fix=_AGAIN)
