"""Links to Wikidata: suggest candidates, review them, check and compare the links, offer what is missing there.

Read in this order:

- `links`: the links of one project, and every verb on them;
- `items`: items of Wikidata as data, from JSON and back, and `items_in_rdf`: from RDF and back;
- `wikidata`: where items come from, an extract on disk or Wikidata itself;
- `review`: candidates for everything without a link, and what a person decides;
- `properties`: the properties of Wikidata that fit what the graph says;
- `facts`: our facts in the words of Wikidata, and the batch of those it lacks;
- `compare`: links and facts held against Wikidata.
"""

from __future__ import annotations

from pathlib import Path

from citygraph.http import Policy
from citygraph.link.compare import DriftState, LinkDifference
from citygraph.link.facts import LinkFact, write_csv, write_v1
from citygraph.link.links import MAPPING_FILE, Links
from citygraph.link.review import LinkDecision, LinkWord, Outdated, Suggestion
from citygraph.link.wikidata import (
    ExtractSource,
    ItemSource,
    LiveSource,
    MediaWiki,
    read_extract,
    read_extract_triples,
    write_extract,
)
from citygraph.store.endpoint import RemoteStore

__all__ = [
    "MAPPING_FILE",
    "DriftState",
    "ItemSource",
    "LinkDecision",
    "LinkDifference",
    "LinkFact",
    "LinkWord",
    "Links",
    "Outdated",
    "Suggestion",
    "open_source",
    "read_extract_triples",
    "write_csv",
    "write_extract",
    "write_v1",
]


def open_source(extract: Path | None, *, policy: Policy, api: str, endpoint: str) -> ItemSource:
    """An extract on disk, else Wikidata itself, asked under `policy`.

    Raises:
        ConfigError: there is neither an extract nor a contact.
        ReconciliationError: the extract cannot be read.
    """
    if extract is not None:
        return ExtractSource(read_extract(extract))
    return LiveSource(MediaWiki(api, policy), RemoteStore(endpoint, policy))
