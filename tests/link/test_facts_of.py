"""Our facts with the public pages that say so: what is not for everybody supports nothing outside."""

from __future__ import annotations

import pytest

from citygraph.link.facts import PublicPage, facts_of
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Triple, parse

NETWORK = "https://example.org/id/network"
PREFIX = "".join(f"@prefix {name}: <{PREFIXES[name]}> .\n" for name in ("cg", "dct", "foaf", "prov", "rdf", "schema"))
RIGHTS = "http://publications.europa.eu/resource/authority/access-right/"
DOCUMENT = "https://example.org/source/memo"


def triples(text: str) -> list[Triple]:
    parsed = parse((PREFIX + text).encode(), format="ttl")
    assert not parsed.problems
    return [quad.triple for quad in parsed.quads]


def cited(text: str) -> list[tuple[PublicPage, ...]]:
    """What the facts about the network rest on."""
    return [fact.citations for fact in facts_of(triples(text), {NETWORK: "Q1"}) if fact.subject == NETWORK]


def document(name: str, rights: str = "", page: str = "https://example.org/page", seen: str = "") -> str:
    lines = [f"<{DOCUMENT}-{name}> foaf:page <{page}> ."]
    if rights:
        lines.append(f"<{DOCUMENT}-{name}> dct:accessRights <{RIGHTS}{rights}> .")
    if seen:
        lines.append(f'<{DOCUMENT}-{name}> cg:dateNotAfter "{seen}" .')
    return "\n".join(lines) + "\n"


FOUNDED = f'<{NETWORK}> schema:foundingDate "1986" ; prov:wasDerivedFrom <{DOCUMENT}-one#char=1,9> .\n'


@pytest.mark.parametrize("rights", ["", "PUBLIC"])
def test_a_public_page_is_named_with_the_day_it_was_seen(rights: str) -> None:
    text = FOUNDED + document("one", rights, seen="2020-11-05")
    assert cited(text) == [(PublicPage("https://example.org/page", "2020-11-05"),)]


@pytest.mark.parametrize("rights", ["RESTRICTED", "NON_PUBLIC", "CONFIDENTIAL", "SENSITIVE"])
def test_a_page_of_a_document_that_is_not_for_everybody_is_not_named(rights: str) -> None:
    assert cited(FOUNDED + document("one", rights)) == [()]


@pytest.mark.parametrize("page", ["file:///srv/memo", "urn:isbn:0"])
def test_what_is_no_address_of_the_web_is_not_named(page: str) -> None:
    assert cited(FOUNDED + document("one", page=page)) == [()]


def test_a_claim_about_the_very_value_counts_before_what_is_said_of_the_network() -> None:
    claim = (
        f"<{NETWORK}-claim> rdf:subject <{NETWORK}> ; rdf:predicate schema:foundingDate ; "
        f'rdf:object "{{}}" ; prov:wasDerivedFrom <{DOCUMENT}-two> .\n'
    )
    documents = document("one", page="https://example.org/one") + document("two", page="https://example.org/two")
    assert cited(FOUNDED + claim.format("1986") + documents) == [(PublicPage("https://example.org/two", ""),)]
    assert cited(FOUNDED + claim.format("1990") + documents) == [(PublicPage("https://example.org/one", ""),)]
