"""The commands in the order of the pipeline, and the one place where errors become exit codes."""

from __future__ import annotations

import os
import sys

import typer

from citygraph.cli import commands, doctor, ingest, link, publish, query, serve, snapshot
from citygraph.cli.output import print_error
from citygraph.errors import CitygraphError
from citygraph.version import __version__

__all__ = ["app", "run"]

# Typer raises Click's usage errors and exports only this kind of them; its base is the one for all.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

_HELP = """Keep, check, reason over and ask a knowledge graph of city networks.

Start with: citygraph query

Exit codes: 0 fine, 1 there are findings that must be mended, 2 the command could not run.
"""

# What Typer makes of Ctrl-C; our own exit codes are 0, 1 and 2.
_STOPPED = 130

app = typer.Typer(
    name="citygraph",
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def citygraph(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),  # noqa: FBT001, FBT003
) -> None:
    """Keep, check, reason over and ask a knowledge graph of city networks."""
    if version:
        print(f"citygraph {__version__}")
        raise typer.Exit


app.command("new")(commands.new)
app.command("check")(commands.check)
app.command("build")(commands.build)
app.command("query", context_settings=query.CONTEXT_SETTINGS, add_help_option=False)(query.query)
app.command("sparql")(commands.sparql)
app.command("explain")(commands.explain)
app.command("compare")(commands.compare)
app.command("ingest")(ingest.ingest)
app.add_typer(link.app, name="link")
app.command("export")(commands.export)
app.command("serve")(serve.serve)
app.add_typer(snapshot.app, name="snapshot")
app.command("publish")(publish.publish)
app.command("doctor")(doctor.doctor)
app.command("format")(commands.format)
app.command("finding")(commands.finding)


def run() -> None:
    """Run the command of `sys.argv` and end the process with its exit code."""
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
        print_error(error)
        code = 2
    except BrokenPipeError:
        code = _reader_gone()
    except SystemExit as end:
        # What Typer makes of a pipe that breaks while the command still prints.
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        code = _reader_gone()
    except OSError as error:
        print_error(CitygraphError(f"{error.filename or 'A file'}: {error.strerror or error}."))
        code = 2
    except _UsageError as error:
        getattr(error, "show")(sys.stderr)  # noqa: B009  # Typer keeps the type to itself
        code = 2
    sys.stderr.flush()
    # A query past its deadline still runs in a thread that cannot be stopped; do not wait for it.
    os._exit(code if isinstance(code, int) else 0)


def _reader_gone() -> int:
    """The reader of our output (head, less) has enough, and Python would complain once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _interrupted() -> int:
    print(
        "\nStopped. What was finished is kept and no file is half-written; the version in use is whole.",
        file=sys.stderr,
    )
    return 2
