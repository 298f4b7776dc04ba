"""Content negotiation: which of the things we have does an `Accept` header want most (RFC 9110, 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["chosen_format"]

_RANGE: Final = re.compile(r"\s*([\w!#$&^.+*-]+)/([\w!#$&^.+*-]+)\s*(.*)\Z")
_WEIGHT: Final = re.compile(r";\s*q\s*=\s*([01](?:\.\d{0,3})?)", re.IGNORECASE)


def chosen_format(header: str, offered: Mapping[str, str]) -> str | None:
    """The name of the best format, by media type in `offered`; the first when all are welcome; `None` when none is."""
    if not header.strip():
        return next(iter(offered.values()))
    wanted = [each for part in header[:2000].split(",") if (each := _read(part))]
    best: tuple[float, int] | None = None
    name = None
    for position, (media_type, format_) in enumerate(offered.items()):
        weight = _weight(media_type, wanted)
        if weight > 0 and (best is None or weight > best[0]):
            best, name = (weight, position), format_
    return name


def _read(part: str) -> tuple[str, str, float] | None:
    match = _RANGE.match(part)
    if match is None:
        return None
    weight = _WEIGHT.search(match[3])
    return (match[1].lower(), match[2].lower(), float(weight[1]) if weight else 1.0)


def _weight(media_type: str, wanted: list[tuple[str, str, float]]) -> float:
    """The weight of the most precise range that covers the type."""
    main, _, sub = media_type.partition("/")
    covering = [
        ((kind != "*") + (part != "*"), weight)
        for kind, part, weight in wanted
        if kind in {main, "*"} and part in {sub, "*"}
    ]
    return max(covering, default=(0, 0.0))[1]
