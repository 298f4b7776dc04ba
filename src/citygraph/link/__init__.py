"""Names to candidates to reviewed links: suggest, review, check, compare, push, fetch."""

from __future__ import annotations

from pathlib import Path

from citygraph.http import Policy
from citygraph.link.compare import Difference, State
from citygraph.link.facts import Fact, write_csv, write_v1
from citygraph.link.links import MAPPING_FILE, Links
from citygraph.link.review import Decision, Outdated, Word
from citygraph.link.suggest import Suggestion
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
    "Decision",
    "Difference",
    "Fact",
    "ItemSource",
    "Links",
    "Outdated",
    "State",
    "Suggestion",
    "Word",
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
