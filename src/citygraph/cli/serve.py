"""`citygraph serve`: the graph over HTTP, pages and endpoint, until Ctrl-C."""

from __future__ import annotations

from typing import Annotated

import typer

from citygraph.cli.options import Folder, Language, Quiet, language_name, open_or_reference
from citygraph.cli.output import print_report, progress_bar, say
from citygraph.errors import ConfigError
from citygraph.messages import Text

__all__ = ["serve"]


def serve(
    folder: Folder = None,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on; this machine alone without it.")
    ] = ("127.0.0.1"),
    port: Annotated[
        int, typer.Option("--port", "-p", metavar="PORT", min=0, max=65535, help="Port to listen on.")
    ] = 8000,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", metavar="N", min=1, max=256, help="Processes that answer queries.", show_default="graph.toml"
        ),
    ] = None,
    root_path: Annotated[
        str, typer.Option("--root-path", metavar="PATH", help="The path that a proxy puts in front, such as /graph.")
    ] = "",
    review: Annotated[
        bool, typer.Option("--review", help="Decide about links to Wikidata in the browser, on this machine alone.")
    ] = False,
    show_restricted: Annotated[
        bool,
        typer.Option(
            "--show-restricted",
            help="Show the text of documents that are not for everybody, to readers on this machine alone.",
        ),
    ] = False,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Show the graph in a browser, and answer SPARQL for programs.

    Only reads: a new version appears here as soon as `citygraph build` has made one. With --review the page
    /review writes decisions about links into the mapping file. The access log goes to stderr, one line of
    JSON for each answer.

    citygraph serve my-city --port 8080
    """
    from citygraph.web.app import create_site  # noqa: PLC0415  # keeps `--help` fast
    from citygraph.web.requests import is_loopback  # noqa: PLC0415
    from citygraph.web.server import run  # noqa: PLC0415

    words = language_name(language)
    reviewing = None
    if review:
        from citygraph.web.pages.review import LinkReview  # noqa: PLC0415

        reviewing = LinkReview(host, root_path=root_path)
    if show_restricted and not is_loopback(host):
        message = f"--show-restricted shows texts that are not for everybody, and {host} can be reached from elsewhere."
        raise ConfigError(message, fix="Leave --host out, or leave --show-restricted out.")
    project = open_or_reference(folder)
    if project.snapshots.current() is None:
        with progress_bar(quiet=quiet, language=words) as progress:
            outcome = project.build(progress=progress)
        if outcome.report.violations:
            print_report(outcome.report, words, notes=False)
            raise typer.Exit(1)

    def say_where(actual: int) -> None:
        if quiet:
            return
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{actual}{'/' + root_path.strip('/') if root_path.strip('/') else ''}/"
        text = Text(f"Grafen vises på {address} Stopp med Ctrl-C.", f"The graph is at {address} Stop with Ctrl-C.")
        say(text.in_language(words))
        if reviewing:
            say(Text(f"Lenker avgjøres på {address}review", f"Links are decided at {address}review").in_language(words))

    site = create_site(project, workers=workers, root_path=root_path, review=reviewing, show_restricted=show_restricted)
    if not run(site, host=host, port=port, ready=say_where):
        raise typer.Exit(2)
