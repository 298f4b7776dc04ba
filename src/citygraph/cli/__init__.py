"""The command line: one module per command, each reads arguments, calls Project and prints."""

from citygraph.cli.app import app, run

__all__ = ["app", "run"]
