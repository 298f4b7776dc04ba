"""`python -m bench [--soak SECONDS] [NAME …]`: measure everything, or the modules named."""

from __future__ import annotations

import argparse
import os
from importlib import import_module
from pathlib import Path

from bench.report import write


def main() -> None:
    """Run each module's `measure` and write its section at once."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="serve for bench/measure_serve.py; all without it")
    parser.add_argument(
        "--soak", type=float, default=300, metavar="SECONDS", help="how long load is held; 300 without it"
    )
    asked = parser.parse_args()
    os.environ["CITYGRAPH_SOAK_SECONDS"] = str(asked.soak)
    names = sorted(path.stem for path in Path(__file__).parent.glob("measure_*.py"))
    wanted = [f"measure_{name}" for name in asked.names] or names
    for name in wanted:
        print(f"{name} …", flush=True)
        for section in import_module(f"bench.{name}").measure():
            write(section)
            print(section.markdown(), flush=True)


main()
