"""Servers on loopback for the tests of links: one that misbehaves, and one that is real."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from citygraph.http import Policy
from citygraph.link.items import WikidataItem, entity_json
from citygraph.link.wikidata import read_extract
from loopback import Handler, LoopbackServer, listening
from misbehaving import Misbehaving, misbehaving_server
from patience import PATIENCE
from sparql_servers import oxigraph_server

EXTRACT = Path(__file__).parent / "wikidata.nt"


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    """An HTTP server that does what it is told."""
    with misbehaving_server() as told:
        yield told


@pytest.fixture
def waits() -> list[float]:
    """The seconds that a client waited between two attempts."""
    return []


@pytest.fixture
def policy(waits: list[float]) -> Policy:
    """A policy that notes its waits instead of waiting."""
    return Policy(contact="tests@example.org", timeout=PATIENCE, sleep=waits.append)


@pytest.fixture(scope="session")
def oxigraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Oxigraph server that holds an extract shaped like Wikidata."""
    with oxigraph_server(tmp_path_factory.mktemp("oxigraph"), EXTRACT) as server:
        yield server.query


@pytest.fixture(scope="session")
def mediawiki() -> Iterator[str]:
    """The address of an API that finds and gives the items of the extract, as far as we ask it."""
    items = read_extract(EXTRACT)

    class Api(Handler):
        def respond(self) -> None:
            """Search by the beginning of a name, or give items by id."""
            asked = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            if asked["action"] == "wbsearchentities":
                wanted = asked["search"].casefold()
                names = {
                    q: [*i.labels.values(), *(t for each in i.aliases.values() for t in each)] for q, i in items.items()
                }
                found = [q for q, each in names.items() if any(n.casefold().startswith(wanted) for n in each)]
                answer: dict[str, object] = {"search": [{"id": each} for each in sorted(found)[: int(asked["limit"])]]}
            else:
                ids = asked["ids"].split("|")
                answer = {
                    "entities": {q: json.loads(entity_json(items.get(q, WikidataItem(q, missing=True)))) for q in ids}
                }
            self.answer(json.dumps(answer).encode(), "application/json; charset=utf-8")

    with listening(LoopbackServer(("127.0.0.1", 0), Api)) as server:
        yield f"{server.address}/w/api.php"
