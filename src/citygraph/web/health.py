"""`/health`: whether queries are answered, from which version, by how many workers; nothing about anyone."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from citygraph.version import VERSION
from citygraph.web.service import Service

__all__ = ["health"]


async def health(request: Request) -> Response:
    """200 when at least one worker is there, else 503."""
    service: Service = request.app.state.service
    state = service.pool.state
    body = {
        "ok": bool(state["workers"]),
        "version": VERSION,
        "snapshot": service.pool.version.snapshot_id,
        "as_of": service.manifest.as_of,
        "current": service.is_current,
        "pool": state,
        "cache_bytes": service.cache.size,
    }
    return JSONResponse(body, 200 if body["ok"] else 503, {"Cache-Control": "no-store"})
