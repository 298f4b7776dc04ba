"""The names that differ from one name by few letters, found fast among thousands."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

__all__ = ["nearest"]


def nearest(core: str, cores: Sequence[str], *, least: float, limit: int = 5) -> list[int]:
    """The places in `cores` of the names most like `core`, best first.

    Args:
        core: a name without decorations, folded.
        cores: the names to look among.
        least: the least likeness, 0 to 1: one less the share of letters that differ.
        limit: as many at most.

    >>> nearest("trondhiem", ["oslo", "trondheim", "stockholm"], least=0.75)
    [1]
    """
    found = process.extract(
        core, cores, scorer=OSA.normalized_similarity, score_cutoff=least, limit=limit, processor=None
    )
    return [place for _, _, place in found]
