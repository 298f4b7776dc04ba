"""`python -m bench [NAME …]`: measure everything, or the modules named."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from bench.report import write


def main() -> None:
    """Run each module's `measure` and write its section at once."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("measure_*.py"))
    wanted = [f"measure_{name}" for name in sys.argv[1:]] or names
    for name in wanted:
        print(f"{name} …", flush=True)
        for section in import_module(f"bench.{name}").measure():
            write(section)
            print(section.markdown(), flush=True)


main()
