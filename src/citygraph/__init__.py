"""citygraph: keep, check, reason over and publish a knowledge graph of city networks.

```python
from citygraph import Project

project = Project.open(".")
report = project.check().report
project.build()
answer = project.query("norwegian-participants", {"network": "Eurocities"}, cite=True)
```
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from citygraph.errors import CitygraphError, ConfigError, QueryError, ReasoningError, StoreError
    from citygraph.findings import Finding, Report, Severity
    from citygraph.project import Build, Project
    from citygraph.query import Answered
    from citygraph.results import Graph, Solutions, Truth
    from citygraph.version import __version__

__all__ = [
    "Answered",
    "Build",
    "CitygraphError",
    "ConfigError",
    "Finding",
    "Graph",
    "Project",
    "QueryError",
    "ReasoningError",
    "Report",
    "Severity",
    "Solutions",
    "StoreError",
    "Truth",
    "__version__",
]

_HOMES = {
    **dict.fromkeys(("CitygraphError", "ConfigError", "QueryError", "ReasoningError", "StoreError"), "errors"),
    **dict.fromkeys(("Finding", "Report", "Severity"), "findings"),
    **dict.fromkeys(("Build", "Project"), "project"),
    **dict.fromkeys(("Graph", "Solutions", "Truth"), "results"),
    "Answered": "query",
    "__version__": "version",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # PEP 562: names are imported when they are first used
    """Import a public name on first use, so that `citygraph --version` does not load an RDF engine."""
    if name not in _HOMES:
        message = f"module 'citygraph' has no attribute {name!r}"
        raise AttributeError(message)
    module = import_module(f"citygraph.{_HOMES[name]}")
    return getattr(module, name)
