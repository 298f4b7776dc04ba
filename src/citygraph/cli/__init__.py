"""The command line: each command reads its arguments, calls Project, and prints.

Read in this order:

- `app`: the commands, and errors to exit codes;
- `options`: what several commands take, and their help pages; `output`: what they print; `ci`: findings for services;
- `commands`: those that are one call of Project;
- `new`, `query`, `ask`, `publish`, `link`, `ingest`, `read` and `propose`, `edit`, `serve`, `doctor`, `snapshot`: the
  others.
"""

from citygraph.cli.app import COMMANDS, app, load_command, run

__all__ = ["COMMANDS", "app", "load_command", "run"]
