"""`python -m citygraph` and the command `citygraph`."""

from __future__ import annotations

import sys

from citygraph.version import __version__

__all__ = ["main"]


def main() -> None:
    """Run the command line; `--version` answers before anything else is imported."""
    if sys.argv[1:] == ["--version"]:
        print(f"citygraph {__version__}")
        return
    from citygraph.cli import run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
