"""A SPARQL 1.1 Protocol request as it is read: which query, over which graphs; whatever would change the graph is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from starlette.types import Scope

from citygraph.namespaces import is_absolute_iri
from citygraph.sentences import sentence
from citygraph.web.refusal import Refusal
from citygraph.web.requests import header

__all__ = ["HOW_TO_CHANGE", "READ_ONLY", "SparqlRequest", "read_get", "read_plain", "read_post"]

_FORM: Final = "application/x-www-form-urlencoded"
_QUERY: Final = "application/sparql-query"
READ_ONLY: Final = "endpoint.read_only"
HOW_TO_CHANGE: Final = "next.change_files"
_MOST_PARAMETERS: Final = 200
_LONGEST_PLAIN: Final = 6_000
_FREQUENT: Final = (("+", " "), *((f"%{ord(each):02X}", each) for each in ' ?<>{}:#"/=@'))
"""What queries are full of; a pass for each of them takes half the time that a general decoder takes."""


@dataclass(frozen=True, slots=True)
class SparqlRequest:
    """What one request asks: a query, or nothing, which asks what this service is."""

    query: str | None
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()


@lru_cache(maxsize=16)
def read_plain(query_string: bytes) -> str | None:
    """The query of an address that has nothing else; `None` when there is more to it, or it cannot be read.

    Most addresses are of this kind, and each is read twice when its query needs a worker.
    """
    name, _, value = query_string.partition(b"=")
    if name != b"query" or b"&" in value or len(value) > _LONGEST_PLAIN:
        return None
    try:
        text = value.decode("ascii")
        for escaped, character in _FREQUENT:
            text = text.replace(escaped, character)
        # What is left begins another escape, or none at all: then the order of the passes would matter.
        return unquote_plus(value.decode("ascii"), errors="strict") if "%" in text else text
    except UnicodeError:
        return None


def read_get(scope: Scope) -> SparqlRequest:
    """SPARQL 1.1 Protocol, 2.1.1: everything stands in the address.

    Raises:
        Refusal: it asks for a change, or cannot be read.
    """
    plain = read_plain(scope["query_string"])
    return _asked(_pairs(scope["query_string"]), ()) if plain is None else SparqlRequest(plain)


def read_post(scope: Scope, body: bytes) -> SparqlRequest:
    """SPARQL 1.1 Protocol, 2.1.2 and 2.1.3: a form, or the query itself.

    Raises:
        Refusal: it asks for a change, or cannot be read.
    """
    media_type, _, rest = header(scope, b"content-type").partition(";")
    media_type = media_type.strip().lower()
    charset = rest.lower().partition("charset=")[2].strip(' "').partition(";")[0]
    if charset not in {"", "utf-8", "utf8"}:
        raise Refusal(415, sentence("endpoint.charset", charset=charset), sentence("endpoint.send_plain_utf"))
    if header(scope, b"content-encoding").lower() not in {"", "identity"}:
        raise Refusal(415, sentence("endpoint.compressed"), sentence("endpoint.send_plain"))
    if media_type == "application/sparql-update":
        raise Refusal(403, sentence(READ_ONLY), sentence(HOW_TO_CHANGE))
    in_address = _pairs(scope["query_string"])
    if media_type == _FORM:
        asked = _asked(_pairs(body), in_address)
        if asked.query is None:
            raise Refusal(400, sentence("endpoint.no_query"), sentence("endpoint.send_query"))
        return asked
    if media_type != _QUERY:
        what = media_type or sentence("endpoint.no_media_type")
        fix = sentence("endpoint.send_types", one=_QUERY, other=_FORM)
        raise Refusal(415, sentence("endpoint.media_type", what=what), fix)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(400, sentence("endpoint.not_utf")) from error
    return _asked([("query", text), *(pair for pair in in_address if pair[0] != "query")], ())


def _pairs(data: bytes) -> list[tuple[str, str]]:
    """Names and values, decoded once: what is decoded twice is another IRI."""
    if not data:
        return []
    try:
        return parse_qsl(data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        raise Refusal(400, sentence("endpoint.parameters"), sentence("endpoint.send_encoded")) from error


def _asked(pairs: Sequence[tuple[str, str]], more: Sequence[tuple[str, str]]) -> SparqlRequest:
    given: dict[str, list[str]] = {}
    for name, value in (*pairs, *more):
        given.setdefault(name, []).append(value)
    if "update" in given:
        raise Refusal(403, sentence(READ_ONLY), sentence(HOW_TO_CHANGE))
    queries = given.get("query", [])
    if len(queries) > 1:
        raise Refusal(400, sentence("endpoint.queries"), sentence("endpoint.send_one"))
    if not queries and pairs and "query" not in given and _has_body(pairs, more):
        raise Refusal(400, sentence("endpoint.no_query"), sentence("endpoint.send_query"))
    default, named = given.get("default-graph-uri", []), given.get("named-graph-uri", [])
    for iri in (*default, *named):
        if not is_absolute_iri(iri):
            raise Refusal(400, sentence("endpoint.no_graph", iri=iri), sentence("endpoint.in_full"))
    return SparqlRequest(queries[0] if queries else None, tuple(default), tuple(named))


def _has_body(pairs: Sequence[tuple[str, str]], more: Sequence[tuple[str, str]]) -> bool:
    """Whether something was asked that only a query makes sense of."""
    return any(name in {"default-graph-uri", "named-graph-uri"} for name, _ in (*pairs, *more))
