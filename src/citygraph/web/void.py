"""VoID: what the graph holds, counted in the version in use; editors complete from this nesting."""

from __future__ import annotations

import hashlib
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from citygraph.errors import CitygraphError
from citygraph.formats import GRAPHS, content_type, negotiate
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri
from citygraph.web.counts import Counts
from citygraph.web.refusal import Refusal, refusal_of
from citygraph.web.requests import header, origin_of
from citygraph.web.service import Service
from citygraph.web.service_description import Statements, titles

__all__ = ["WellKnownVoid"]

_VOID: Final = PREFIXES["void"]
_EXT: Final = "http://ldf.fi/void-ext#"


class WellKnownVoid:
    """`/.well-known/void`, as an ASGI application."""

    def __init__(self, service: Service) -> None:
        """The description of what `service` serves."""
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            wanted = negotiate(header(scope, b"accept"), GRAPHS) or ("ttl",)
            origin = origin_of(scope)
            # The addresses in it are those of the site as it was asked, unless graph.toml says where it is.
            here = hashlib.sha256(origin.encode()).hexdigest()[:12]
            etag = f'"{self._service.pool.version.snapshot_id}-void-{wanted[0]}-{here}"'
            headers = {
                "Content-Type": content_type(wanted[0]), "Vary": "Accept, Host", "ETag": etag, "Cache-Control": "no-cache",
                "Access-Control-Allow-Origin": "*",
            }  # fmt: skip
            if header(scope, b"if-none-match") == etag:
                await Response(status_code=304, headers=headers)(scope, receive, send)
                return
            data = _statements(self._service, origin, await self._service.counts()).write(wanted[0])
            await Response(data, headers=headers)(scope, receive, send)
        except Refusal as refusal:
            await refusal(scope, receive, send)
        except CitygraphError as error:
            await refusal_of(error)(scope, receive, send)


def _statements(service: Service, origin: str, counts: Counts) -> Statements:
    said, config = Statements(), service.project.config
    say, a, dct = said.say, PREFIXES["rdf"] + "type", PREFIXES["dct"]
    this = Iri(f"{origin}/.well-known/void#dataset")
    say(this, a, _VOID + "Dataset", PREFIXES["dcat"] + "Dataset")
    say(this, dct + "title", *titles(service))
    say(this, dct + "license", config.licence)
    say(this, _VOID + "uriSpace", config.base)
    say(this, _VOID + "sparqlEndpoint", f"{origin}/sparql")
    say(this, _VOID + "vocabulary", *_vocabularies(counts))
    say(this, _VOID + "triples", counts.triples)
    say(this, _VOID + "entities", counts.entities)
    say(this, _VOID + "classes", len(counts.classes))
    say(this, _VOID + "properties", len(counts.properties))
    for name, number in sorted(counts.properties.items()):
        part = said.blank()
        say(this, _VOID + "propertyPartition", part)
        say(part, _VOID + "property", name)
        say(part, _VOID + "triples", number)
    for name, number in sorted(counts.classes.items()):
        part = said.blank()
        say(this, _VOID + "classPartition", part)
        say(part, _VOID + "class", name)
        say(part, _VOID + "entities", number)
        _say_used(said, part, name, counts)
    for name, number in sorted(counts.graphs.items()):
        part = said.blank()
        say(this, _VOID + "subset", part)
        say(part, a, _VOID + "Dataset")
        say(part, dct + "source", name)
        say(part, _VOID + "triples", number)
    links = said.blank()
    say(this, _VOID + "subset", links)
    say(links, a, _VOID + "Linkset")
    say(links, _VOID + "target", this, "http://www.wikidata.org/")
    say(links, _VOID + "linkPredicate", PREFIXES["schema"] + "sameAs")
    say(links, _VOID + "triples", counts.wikidata)
    return said


def _say_used(said: Statements, part: object, name: str, counts: Counts) -> None:
    for property_, used in sorted(counts.used.get(name, {}).items()):
        inner = said.blank()
        said.say(part, _VOID + "propertyPartition", inner)  # type: ignore[arg-type]  # a blank node of ours
        said.say(inner, _VOID + "property", property_)
        said.say(inner, _VOID + "triples", used.triples)
        for target, number in sorted(used.targets.items()):
            node = said.blank()
            said.say(inner, _VOID + "classPartition", node)
            said.say(node, _VOID + "class", target)
            said.say(node, _VOID + "triples", number)
        for datatype, number in sorted(used.datatypes.items()):
            node = said.blank()
            said.say(inner, _EXT + "datatypePartition", node)
            said.say(node, _EXT + "datatype", datatype)
            said.say(node, _VOID + "triples", number)


def _vocabularies(counts: Counts) -> list[str]:
    used = [*counts.classes, *counts.properties]
    return sorted({iri for iri in PREFIXES.values() if any(name.startswith(iri) for name in used)})
