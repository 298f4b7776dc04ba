"""The keys of graph.toml that a portal asks for: what is empty, what no table has, what is a placeholder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from citygraph.config import Config, settings
from citygraph.findings import Finding, finding
from citygraph.messages import Text
from citygraph.publish.quality import Score
from citygraph.publish.vocabulary import vocabularies

__all__ = ["MISSING_COSTS_NOTHING", "check_settings"]

MISSING_COSTS_NOTHING: Final = (
    "publish.description", "publisher.type", "contact.name", "publish.frequency", "publish.availability",
    "publish.provenance",
)  # fmt: skip
"""Keys that a portal asks for and that give no points."""
_WITH_POINTS: Final = (
    "publisher.name", "contact.email", "publish.keywords", "publish.themes", "publish.spatial", "publish.access",
    "publish.issued",
)  # fmt: skip
_VOCABULARY_OF: Final = {
    "publisher.type": "publisher-type",
    "publish.themes": "data-theme",
    "publish.frequency": "frequency",
    "publish.availability": "planned-availability",
    "publish.status": "distribution-status",
    "publish.access": "access-right",
    "licence": "licence",
}
_ADDRESSES: Final = ("contact.email", "contact.url", "publisher.homepage", "publish.site", "publish.service")
_RESERVED: Final = re.compile(r"(\A|\.)(example|test|invalid|localhost|example\.(com|net|org))\Z")
"""Names that are set aside for examples and tests (RFC 2606, sections 2 and 3)."""


def check_settings(config: Config, score: Score) -> list[Finding]:
    """Keys of graph.toml that a portal asks for: empty ones with their points, values no table has, placeholders."""
    cost = {each.key: each.points for each in score.lost if each.key}
    cost["publisher.name"] = cost.get("publisher.name", 0) + cost.get("publish.attribution", 0)
    found = []
    for key in (*_WITH_POINTS, *MISSING_COSTS_NOTHING):
        value = config.values[key]
        if key == "contact.email" and config.values["contact.url"]:
            continue
        if not value:
            found.append(_missing(key, cost.get(key, 0)))
            continue
        languages = config.languages if isinstance(value, dict) else ()
        found += [_missing(f"{key}.{language}", 0) for language in languages if not value.get(language)]
    for key, name in _VOCABULARY_OF.items():
        vocabulary, value = vocabularies()[name], config.values[key]
        codes = ", ".join(vocabulary.terms)
        found += [
            finding("publish-unknown-value", file="graph.toml", key=key, word=code, codes=codes, scheme=name)
            for code in (value if isinstance(value, list | tuple) else [value])
            if code and not vocabulary.has(vocabulary.iri(code))
        ]
    return [*found, *_placeholders(config)]


def _placeholders(config: Config) -> Iterator[Finding]:
    """Addresses under names that nobody can own: they look right, and nobody reads what is sent there."""
    for key in _ADDRESSES:
        value = str(config.values[key])
        host = value.rpartition("@")[2] if key == "contact.email" else urlsplit(value).hostname or ""
        if _RESERVED.search(host.rstrip(".").lower()):
            yield finding("publish-placeholder", file="graph.toml", key=key, value=value, address=value)


def _missing(key: str, points: float) -> Finding:
    about = next((each.about for each in settings() if key.startswith(each.key) and "." in each.key), Text())
    return finding("publish-missing", file="graph.toml", key=key, points=f"{points:g}", about=about)
