"""What the operator is told: `/health` for people and probes, `/metrics` for Prometheus, and what is amiss with a setup.

The figures are kept by the thread of the event loop alone. No label has a value that a stranger chooses, so that what is
kept and what is written stay small whatever is asked.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from citygraph.messages import sentence
from citygraph.version import __version__
from citygraph.web.requests import Refusal, header, is_loopback, trusted_by

if TYPE_CHECKING:
    from citygraph.web.service import Service

_KINDS: Final = {
    "sparql": "sparql", "graph-store": "graph_store", "queries": "question", "reconcile": "reconcile",
    "static": "static", "health": "status", "metrics": "status",
}  # fmt: skip
_BOUNDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_PREFIX: Final = "citygraph_"


# -- what is counted ----------------------------------------------------------------------------------


class Metrics:
    """Requests by kind and status, how long they took, and what was refused, since the start."""

    def __init__(self) -> None:
        """Figures of which each is zero."""
        self.requests: Counter[tuple[str, int]] = Counter()
        self.refusals: Counter[str] = Counter()
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = defaultdict(float)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """One request was answered; `path` is the one below the prefix of the site."""
        kind = _KINDS.get(path.split("/", 2)[1] if path.startswith("/") else "", "page")
        self.requests[kind, status] += 1
        buckets = self._buckets.setdefault(kind, [0] * (len(_BOUNDS) + 1))
        buckets[bisect_left(_BOUNDS, seconds)] += 1
        self._seconds[kind] += seconds

    def refused(self, code: str) -> None:
        """Something was refused for this reason: one of the codes that error bodies have."""
        self.refusals[code] += 1

    def lines(self) -> Iterator[str]:
        """These figures as lines of Prometheus's text format (0.0.4)."""
        yield from _family(
            "requests_total", "counter", "Requests answered, by kind and status",
            (({"kind": kind, "status": str(status)}, number) for (kind, status), number in sorted(self.requests.items())),
        )  # fmt: skip
        yield from _family(
            "refusals_total", "counter", "What was refused, by the code of its error body",
            (({"code": code}, number) for code, number in sorted(self.refusals.items())),
        )  # fmt: skip
        name = f"{_PREFIX}request_seconds"
        yield f"# HELP {name} Seconds from a request to the end of its answer"
        yield f"# TYPE {name} histogram"
        for kind, buckets in sorted(self._buckets.items()):
            total = 0
            for bound, number in zip([*map(str, _BOUNDS), "+Inf"], buckets, strict=True):
                total += number
                yield f"{name}_bucket{_labels({'kind': kind, 'le': bound})} {total}"
            yield f"{name}_sum{_labels({'kind': kind})} {self._seconds[kind]:.6f}"
            yield f"{name}_count{_labels({'kind': kind})} {total}"


def _family(name: str, kind: str, about: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> Iterator[str]:
    yield f"# HELP {_PREFIX}{name} {about}"
    yield f"# TYPE {_PREFIX}{name} {kind}"
    for labels, value in samples:
        yield f"{_PREFIX}{name}{_labels(labels)} {value}"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    escaped = (value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for value in labels.values())
    return "{" + ",".join(f'{name}="{value}"' for name, value in zip(labels, escaped, strict=True)) + "}"


# -- health -------------------------------------------------------------------------------------------


async def health(request: Request) -> Response:
    """`/health`: 200 when at least one worker is there, else 503; nothing about anyone."""
    body = await _state(request.app.state.service)
    body["warnings"] = [*body["warnings"], *sorted(request.app.state.noticed)]
    return JSONResponse(body, 200 if body["ok"] else 503, {"Cache-Control": "no-store"})


async def _state(service: Service) -> dict[str, Any]:
    state = service.pool.state
    built = service.built_at
    last = service.project.snapshots.last_build()
    return {
        "ok": bool(state["workers"]),
        "version": __version__,
        "snapshot": service.pool.version.snapshot_id,
        "as_of": service.manifest.as_of,
        "commit": service.manifest.git_commit or None,
        "edition": service.project.config.edition,
        "built_at": _moment(built),
        "age_seconds": None if built is None else max(round(time.time() - built), 0),
        "current": service.is_current and last.get("ok", True) is True,
        "files_differ": await service.files_differ(),
        "last_build": {"at": _moment(last["at"]), "ok": last["ok"]} if last else None,
        "settings_read": _moment(service.began),
        "pool": state,
        "cache_bytes": service.cache.size,
        "warnings": warnings_of(service),
    }


def _moment(when: float | None) -> str | None:
    """A time as ISO 8601, in UTC."""
    return None if when is None else datetime.fromtimestamp(when, tz=UTC).isoformat(timespec="seconds")


def warnings_of(service: Service) -> list[str]:
    """What is amiss with how the server was started, by the keys of `serve.warnings` in `messages/cli.toml`."""
    state = service.pool.state
    is_ours = service.project.held is None and bool(state["workers"])
    found = {
        "root": is_root(),
        "no_fence": is_ours and not state["fenced"],
        "open_files": is_ours and not state["confined"],
    }
    return [name for name, holds in found.items() if holds]


def is_root() -> bool:
    """Whether this process may do everything on the machine."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


# -- metrics ------------------------------------------------------------------------------------------


async def metrics(request: Request) -> Response:
    """`/metrics` in Prometheus's text format, for the addresses that `serve.metrics` names.

    Raises:
        Refusal: somebody else asks. Whoever comes through a proxy is never this machine, whatever a header says.
    """
    service: Service = request.app.state.service
    if not _may_read(request.scope, str(service.project.config.values["serve.metrics"])):
        raise Refusal(403, sentence("request.metrics"), sentence("endpoint.metrics"))
    kept: Metrics = request.app.state.metrics
    connections: Mapping[str, int] = request.app.state.connections
    state = await _state(service)
    lines = [*kept.lines(), *_gauges(state, service, sum(connections.values()))]
    return Response(
        "\n".join(lines) + "\n", headers={"Cache-Control": "no-store"}, media_type="text/plain; version=0.0.4"
    )


def _may_read(scope: Scope, allowed: str) -> bool:
    client = scope.get("client")
    address = client[0] if client else ""
    is_through_proxy = bool(header(scope, b"x-forwarded-for") or header(scope, b"forwarded"))
    return trusted_by(allowed)(address) and not (is_through_proxy and is_loopback(address))


def _gauges(state: Mapping[str, Any], service: Service, connections: int) -> Iterator[str]:
    pool = state["pool"]
    of_workers = [({"state": "idle"}, pool["idle"]), ({"state": "busy"}, max(pool["workers"] - pool["idle"], 0))]
    yield from _family("workers", "gauge", "Processes that answer queries, by state", of_workers)
    names = {"snapshot": state["snapshot"], "commit": state["commit"] or "", "version": __version__}
    yield from _family("version_info", "gauge", "The version served", [({**names, "edition": state["edition"]}, 1)])
    last = state["last_build"]
    plain: tuple[tuple[str, str, str, float | None], ...] = (
        ("workers_replaced_total", "counter", "Processes that ended and were replaced", pool["replaced"]),
        ("queries_waiting", "gauge", "Queries that wait for a process", pool["waiting"]),
        ("connections_open", "gauge", "Connections that are open, but for those of proxies", connections),
        ("fenced", "gauge", "Whether the kernel keeps the processes from the network", pool["fenced"]),
        ("confined", "gauge", "Whether the kernel keeps the processes from other files", pool["confined"]),
        ("cache_bytes", "gauge", "Bytes of answers that are kept", state["cache_bytes"]),
        ("version_age_seconds", "gauge", "Seconds since the version served was built", state["age_seconds"]),
        (
            "version_current",
            "gauge",
            "Whether the version in use is served and the last build passed",
            state["current"],
        ),
        ("files_differ", "gauge", "Whether files have changed since the version served", state["files_differ"]),
        ("last_build_ok", "gauge", "Whether the last build passed", last["ok"] if last else None),
        ("start_time_seconds", "gauge", "When the settings were read", round(service.began, 3)),
    )
    for name, kind, about, value in plain:
        if value is not None:
            yield from _family(name, kind, about, [({}, float(value) if isinstance(value, float) else int(value))])
