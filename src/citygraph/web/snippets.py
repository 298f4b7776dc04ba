"""How to get an answer from a program: curl, Python, R, and the endpoint with plain SPARQL."""

from __future__ import annotations

import json
import shlex

__all__ = ["snippets"]


def snippets(address: str, *, endpoint: str, query: str) -> list[tuple[str, str, str]]:
    """Name, language for the highlighter, and text of each snippet; `address` is that of the CSV file."""
    quoted = json.dumps(address)
    return [
        ("curl", "sh", f"curl --fail --location --output answer.csv {shlex.quote(address)}\n"),
        ("Python", "python", f"import pandas\n\nanswer = pandas.read_csv({quoted})\nprint(answer.head())\n"),
        ("R", "r", f'answer <- read.csv({quoted}, encoding = "UTF-8")\nhead(answer)\n'),
        ("SPARQL", "sparql", f"# POST this text to {endpoint} as application/sparql-query\n{query}"),
    ]
