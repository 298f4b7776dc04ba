"""Style sheet, scripts and map: from the built bundle, else our own files as they lie in the checkout."""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["BROWSER_SPARQL", "asset_version", "basemap", "has_browser_sparql", "has_editor", "static_file"]

_BUILT: Final = Path(__file__).parents[1] / "static"
_CHECKOUT: Final = Path(__file__).parents[4] / "frontend"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*\.(css|js|svg|json|wasm)\Z")
_OWN: Final = frozenset({"site.css", "site.js", "search.js", "icon.svg"})
BROWSER_SPARQL: Final = ("browser-sparql.js", "sparql-worker.js", "oxigraph.wasm")
"""The page script, the worker and the engine that answer queries in a browser."""
_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "json": "application/json",
    "wasm": "application/wasm",
}


def _asset(name: str) -> Path | None:
    """The file behind a name, or `None`; names hold no path."""
    if not _NAME.match(name):
        return None
    candidates = [_BUILT / name]
    if name in _OWN:
        # In a checkout the file that is being edited counts, not the copy of the last build.
        candidates.insert(0, _CHECKOUT / name)
    return next((path for path in candidates if path.is_file()), None)


@lru_cache(maxsize=64)
def _hash(path: Path, changed: int) -> str:
    del changed
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def asset_version(name: str) -> str:
    """A short hash of the file, for its address: a new file has a new address."""
    path = _asset(name)
    return _hash(path, path.stat().st_mtime_ns) if path else ""


def has_editor() -> bool:
    """Whether the scripts of the query editor have been built."""
    return _asset("editor.js") is not None


def has_browser_sparql() -> bool:
    """Whether the query engine for browsers has been built."""
    return all(_asset(name) is not None for name in BROWSER_SPARQL)


@lru_cache(maxsize=1)
def basemap() -> tuple[tuple[tuple[float, float], ...], ...]:
    """The outlines of the land as rings of longitude and latitude; nothing when the map has not been built."""
    path = _asset("basemap.json")
    if path is None:
        return ()
    rings = json.loads(path.read_bytes())
    return tuple(tuple((flat[i] / 100, flat[i + 1] / 100) for i in range(0, len(flat), 2)) for flat in rings)


def static_file(request: Request) -> Response:
    """One file; kept by browsers for a year when its address carries its version."""
    name = str(request.path_params["name"])
    path = _asset(name)
    if path is None:
        return Response("Not found", status_code=404, media_type="text/plain")
    version = asset_version(name)
    headers = {"ETag": f'"{version}"', "X-Content-Type-Options": "nosniff"}
    fixed = request.query_params.get("v") == version
    headers["Cache-Control"] = "public, max-age=31536000, immutable" if fixed else "public, max-age=0, must-revalidate"
    if f'"{version}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(path.read_bytes(), media_type=_TYPES[name.rpartition(".")[2]], headers=headers)
