"""Names of files: what stands in an address, as every file system and file server takes it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from citygraph.namespaces import slug

__all__ = ["file_name", "variant_name"]

_PLAIN: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}\Z")
# Names that Windows keeps for itself, and the one that a folder shows.
_KEPT: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|index\.html?)(\..*)?\Z|.*\.\Z")
_LONGEST: Final = 60


def file_name(text: str) -> str:
    """The text when it is a plain name; otherwise what is left of it, with a hash that keeps it apart from others.

    >>> file_name("eurocities"), file_name("../etc/passwd"), file_name("Oslo")
    ('eurocities', 'etc-passwd-7fef78f534', 'oslo-43152cc97f')
    """
    if _PLAIN.match(text) and not _KEPT.match(text):
        return text
    left = slug(text)[:_LONGEST].rstrip("-") or "x"
    return f"{left}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def variant_name(values: Mapping[str, str]) -> str:
    """The name of an answer by what was chosen: `network.eurocities`, several joined by `~`."""
    return "~".join(
        f"{name}.{file_name(value.removeprefix('id:').replace(':', '.'))}" for name, value in values.items()
    )
