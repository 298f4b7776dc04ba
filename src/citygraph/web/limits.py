"""The limits of graph.toml, in the words of the parts that keep to them."""

from __future__ import annotations

from dataclasses import dataclass

from citygraph.config import Config
from citygraph.namespaces import prefixes_for
from citygraph.store.protocol import Bounds
from citygraph.store.turns import Share


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a stranger may go; `body` is what an HTTP request may carry at most."""

    bounds: Bounds
    share: Share
    patience: float
    connections: int
    cache: int
    trusted_proxies: str
    fast: bool
    hosts: frozenset[str]
    stopping: int

    @property
    def body(self) -> int:
        """A character has up to four bytes, and a form writes each as three."""
        return 12 * self.bounds.query_size + 20_000


def limits_of(config: Config, *, workers: int | None = None) -> Limits:
    """The limits of one project; `workers` overrides the number in graph.toml."""
    number = config.number
    return Limits(
        bounds=Bounds(
            query_size=number("limits.query_size"),
            query_depth=number("limits.query_depth"),
            query_patterns=number("limits.query_patterns"),
            rows=number("limits.rows"),
            bytes=number("limits.bytes"),
            memory=number("limits.memory"),
            in_memory=number("serve.in_memory"),
            service_allowed=tuple(config.values["serve.service_allowed"]),
            prefixes=tuple(prefixes_for(config.base).items()),
            base=config.base,
        ),
        share=Share(
            workers=workers or number("serve.workers"),
            per_client=number("serve.per_client"),
            queue=number("serve.queue"),
            timeout=number("limits.timeout"),
        ),
        patience=number("serve.patience"),
        connections=number("serve.connections"),
        cache=number("serve.cache"),
        trusted_proxies=str(config.values["serve.trusted_proxies"]),
        fast=bool(config.values["serve.fast"]),
        hosts=frozenset(each.lower() for each in config.values["serve.hosts"]),
        stopping=number("serve.stopping"),
    )
