"""The structure of the package, measured from its source text: for CONTRIBUTING.md and for tests/test_house.py.

Nothing is imported or run. An import in a function counts like any other; one for types alone does not.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median, quantiles

SOURCE = Path(__file__).parents[1] / "src"
PACKAGE = "citygraph"


@dataclass(frozen=True)
class House:
    """The modules of the package by name, each as its syntax tree, and the number of its lines."""

    trees: dict[str, ast.Module]
    lines: dict[str, int]

    @classmethod
    def read(cls, source: Path = SOURCE) -> House:
        """The house as it stands in the files."""
        trees, lines = {}, {}
        for path in sorted((source / PACKAGE).rglob("*.py")):
            parts = path.relative_to(source).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            text = path.read_text(encoding="utf-8")
            trees[name], lines[name] = ast.parse(text), len(text.splitlines())
        return cls(trees, lines)

    @cached_property
    def imports(self) -> dict[str, set[str]]:
        """The modules that each module imports when it runs."""
        return {name: set(self._imported(name)) - {name} for name in self.trees}

    def _imported(self, name: str) -> Iterator[str]:
        for_types = {
            node
            for block in ast.walk(self.trees[name])
            if isinstance(block, ast.If) and ast.unparse(block.test).endswith("TYPE_CHECKING")
            for statement in block.body
            for node in ast.walk(statement)
        }
        for node in ast.walk(self.trees[name]):
            if isinstance(node, ast.ImportFrom) and node.module in self.trees and node not in for_types:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    yield inner if inner in self.trees else node.module

    @property
    def functions(self) -> list[int]:
        """The length in lines of each function."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        nodes = (node for tree in self.trees.values() for node in ast.walk(tree) if isinstance(node, kinds))
        return [(node.end_lineno or 0) - node.lineno + 1 for node in nodes]

    def single_importers(self) -> dict[str, str]:
        """The modules (packages left out) that one other module imports, and that module."""
        importers: dict[str, set[str]] = defaultdict(set)
        for name, imported in self.imports.items():
            for each in imported:
                importers[each].add(name)
        leaves = [name for name in self.trees if not any(other.startswith(f"{name}.") for other in self.trees)]
        return {name: next(iter(importers[name])) for name in leaves if len(importers[name]) == 1}

    def classes_of_one_name(self) -> dict[str, int]:
        """The public class names that several modules define."""
        names = [
            node.name
            for tree in self.trees.values()
            for node in tree.body
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        ]
        return {name: count for name, count in Counter(names).items() if count > 1}

    def longest_chain(self) -> list[str]:
        """The longest way from module to module along imports; there must be no circle."""
        known: dict[str, list[str]] = {}

        def chain(name: str) -> list[str]:
            if name not in known:
                known[name] = [name, *max((chain(each) for each in self.imports[name]), key=len, default=[])]
            return known[name]

        return max(map(chain, self.trees), key=len)

    def table(self) -> list[tuple[str, str]]:
        """What CONTRIBUTING.md says of the house."""
        functions, lines = self.functions, list(self.lines.values())
        return [
            ("modules", f"{len(lines)}"),
            ("lines", f"about {round(sum(lines), -3):,}"),
            (
                "lines of a module: median, nine of ten",
                f"about {round(median(lines), -1):.0f}, {round(quantiles(lines, n=10)[-1], -1):.0f}",
            ),
            (
                "lines of a function: median, nine of ten, longest",
                f"{median(functions):.0f}, {quantiles(functions, n=10)[-1]:.0f}, {max(functions)}",
            ),
            ("modules that one other module imports", str(len(self.single_importers()))),
            ("public class names of several modules", str(len(self.classes_of_one_name()))),
            ("longest chain of imports", str(len(self.longest_chain()))),
        ]
