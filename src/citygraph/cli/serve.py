"""`citygraph serve`: the site in a server, with the pages that write when the operator asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from citygraph.cli.options import (
    Edition,
    EditionName,
    Folder,
    Language,
    Quiet,
    language_name,
    open_or_reference,
)
from citygraph.cli.output import phrase, print_report, progress_bar, say
from citygraph.errors import ConfigError
from citygraph.messages import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from citygraph.project import Project
    from citygraph.web.app import Site


def serve(
    folder_or_reference: Folder = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS")] = ("127.0.0.1"),
    port: Annotated[int, typer.Option("--port", "-p", metavar="PORT", min=0, max=65535)] = 8000,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, max=256, show_default="graph.toml")
    ] = None,
    root_path: Annotated[str, typer.Option("--root-path", metavar="PATH")] = "",
    edition: Edition = EditionName.PUBLIC,
    edit: Annotated[bool, typer.Option("--edit")] = False,
    review: Annotated[bool, typer.Option("--review")] = False,
    show_restricted: Annotated[bool, typer.Option("--show-restricted")] = False,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Show the graph in a browser, and answer SPARQL for programs."""
    from citygraph.web.app import create_site  # noqa: PLC0415  # keeps `--help` fast
    from citygraph.web.requests import is_loopback  # noqa: PLC0415
    from citygraph.web.server import run  # noqa: PLC0415
    from citygraph.web.status import is_root  # noqa: PLC0415

    words = language_name(language)
    reviewing = None
    if review:
        from citygraph.web.pages.review import LinkReview  # noqa: PLC0415

        reviewing = LinkReview(host, root_path=root_path)
    if show_restricted and not is_loopback(host):
        raise ConfigError(sentence("cli.serve.restricted_elsewhere", host=host), fix=sentence("cli.serve.leave_out"))
    project = open_or_reference(folder_or_reference).in_edition(edition.value)
    _refuse_hidden(project, {"--review": review, "--edit": edit})

    def site_of(opened: Project) -> Site:
        desk = None
        if edit:
            from citygraph.web.desk.pages import Desk  # noqa: PLC0415

            desk = Desk(opened, host, root_path=root_path)
        return create_site(
            opened, workers=workers, root_path=root_path, review=reviewing, desk=desk, show_restricted=show_restricted
        )

    site = site_of(project)
    _build_first(project, words, quiet=quiet)

    def say_where(actual: int) -> None:
        if not quiet:
            _say_address(words, host, actual, root_path, review=review, edit=edit)
            if project.config.internal:
                say(phrase(f"serve.{edition.value}", words))
        # With --quiet the line of the log that tells the start says it.
        if is_root() and not quiet:
            say(phrase("serve.warnings.root", words))

    def again() -> Site:
        opened = type(project).open(project.folder).in_edition(edition.value)
        _refuse_hidden(opened, {"--review": review, "--edit": edit})
        return site_of(opened)

    if not run(site, host=host, port=port, ready=say_where, again=again):
        raise typer.Exit(2)


def _refuse_hidden(project: Project, writing: Mapping[str, bool]) -> None:
    """Pages that write show the files as they are: not where some of them are not for everybody."""
    option = next((each for each, is_wanted in writing.items() if is_wanted), "")
    if option and project.config.hidden:
        message = sentence("cli.serve.writes_public", option=option)
        raise ConfigError(message, fix=sentence("cli.serve.writes_internal", option=option))


def _build_first(project: Project, words: str, *, quiet: bool) -> None:
    """Make a version when there is none; exit code 1 when something must be mended first."""
    if project.current() is not None:
        return
    with progress_bar(quiet=quiet, language=words) as progress:
        outcome = project.build(progress=progress)
    if outcome.report.violations:
        print_report(outcome.report, words, notes=False)
        raise typer.Exit(1)


def _say_address(words: str, host: str, port: int, root_path: str, *, review: bool, edit: bool) -> None:
    path = f"/{root_path.strip('/')}/" if root_path.strip("/") else "/"
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}{path}"
    say(phrase("serve.at", words, address=address))
    if review:
        say(phrase("serve.review_at", words, address=address))
    if edit:
        say(phrase("serve.edit_at", words, address=address))
