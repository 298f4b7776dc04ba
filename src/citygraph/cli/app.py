"""The commands in the order of the pipeline, and the one place where errors become exit codes."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from importlib import import_module
from typing import Any, Final

import typer

from citygraph.cli.options import TYPER_SETTINGS, Command, Group, frame, print_usage_error, spoken_language
from citygraph.cli.output import print_error
from citygraph.errors import CitygraphError
from citygraph.messages import reason_of, sentence
from citygraph.version import __version__

COMMANDS: Final = {
    "new": "new",
    "check": "commands",
    "build": "commands",
    "query": "query",
    "ask": "ask",
    "sparql": "commands",
    "explain": "commands",
    "compare": "commands",
    "ingest": "ingest",
    "read": "read",
    "edit": "edit",
    "link": "link",
    "export": "commands",
    "serve": "serve",
    "snapshot": "snapshot",
    "publish": "publish",
    "doctor": "doctor",
    "format": "commands",
    "upgrade": "new",
    "rebase": "commands",
    "migrate": "commands",
    "finding": "commands",
}
"""Each command with the module that has it; only the one that is asked for is imported."""

# Typer raises Click's usage errors and exports only this kind of them; its base is the one for all.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
# What Typer makes of Ctrl-C; our own exit codes are 0, 1 and 2.
_STOPPED: Final = 130
_COLLECTED: Final = (100_000, 20, 100)
_CRASHED: Final = 70
"""A fault of the program (EX_SOFTWARE of sysexits.h), so that nobody takes it for findings."""


def load_command(name: str) -> Any:  # noqa: ANN401  # Typer keeps the class of all commands to itself
    """The command of that name, imported now.

    Raises:
        KeyError: there is none.
    """
    module = import_module(f"citygraph.cli.{COMMANDS[name]}")
    group = getattr(module, "app", None)
    made = group or typer.Typer(**TYPER_SETTINGS)
    if group is None:
        made.command(name, cls=Command, **getattr(module, "SETTINGS", {}))(getattr(module, name))
    command = typer.main.get_command(made)
    command.name = name
    return command


class _Commands(Group):
    """All commands, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002  # as Typer has it
        """The names of all commands, in order."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
        """The command of that name; for a wrong name all are there, so that Typer can suggest one."""
        for name in [cmd_name] if cmd_name in COMMANDS else COMMANDS:
            if name not in self.commands:
                self.commands[name] = load_command(name)
        return super().get_command(ctx, cmd_name)


app = typer.Typer(
    cls=_Commands,
    name="citygraph",
    no_args_is_help=True,
    **TYPER_SETTINGS,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def citygraph(
    version: bool = typer.Option(False, "--version"),  # noqa: FBT001, FBT003
) -> None:
    """Keep, check, reason over and ask a knowledge graph of city networks."""
    if version:
        print(f"citygraph {__version__}")
        raise typer.Exit


def run() -> None:
    """Run the command of `sys.argv` and end the process with its exit code."""
    # Terms and statements hold no circles: looking through all of them again and again took a fifth of a build.
    gc.set_threshold(*_COLLECTED)
    try:
        code = app(standalone_mode=False)
        if code == _STOPPED:
            code = _interrupted()
        sys.stdout.flush()
    except typer.Exit as end:
        code = end.exit_code
    except typer.Abort:
        code = _interrupted()
    except KeyboardInterrupt:
        code = _interrupted()
    except CitygraphError as error:
        print_error(error, spoken_language())
        code = 2
    except BrokenPipeError:
        code = _reader_gone()
    except SystemExit as end:
        # What Typer makes of a pipe that breaks while the command still prints.
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        code = _reader_gone()
    except OSError as error:
        file = error.filename or sentence("help.frame.some_file")
        message = sentence("help.frame.file", file=file, reason=reason_of(error))
        print_error(CitygraphError(message), spoken_language())
        code = 2
    except _UsageError as error:
        print_usage_error(error)
        code = 2
    except Exception:  # noqa: BLE001  # a fault of ours, whatever it is, has an exit code of its own
        traceback.print_exc()
        print(frame("crashed"), file=sys.stderr)
        code = _CRASHED
    sys.stderr.flush()
    # A query past its deadline still runs in a thread that cannot be stopped; do not wait for it.
    os._exit(code if isinstance(code, int) else 0)


def _reader_gone() -> int:
    """The reader of our output (head, less) has enough, and Python would complain once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _interrupted() -> int:
    print(f"\n{frame('stopped')}", file=sys.stderr)
    return 2
