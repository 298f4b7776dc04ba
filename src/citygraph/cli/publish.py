"""`citygraph publish`: the folder that an open data portal harvests, checked before it leaves."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from citygraph.cli.options import (
    Language,
    OwnFolderOption,
    Quiet,
    Reference,
    ReportFormat,
    language_name,
    open_or_reference,
    open_project,
)
from citygraph.cli.output import print_report, progress_bar, report_json, say
from citygraph.messages import Text

if TYPE_CHECKING:
    from citygraph.findings import Report
    from citygraph.publish import Pushed, Score

__all__ = ["publish"]

_TOKEN: Final = "CITYGRAPH_CKAN_TOKEN"  # noqa: S105  # the name of the variable
_LONGEST: Final = 100
_OUTCOMES: Final = {
    "created": Text("Datasettet {name} er laget.", "The dataset {name} was created."),
    "updated": Text("Datasettet {name} er endret.", "The dataset {name} was updated."),
    "unchanged": Text("Datasettet {name} er uendret.", "The dataset {name} is unchanged."),
}
_WOULD: Final = {
    "created": Text("Datasettet {name} ville bli laget.", "The dataset {name} would be created."),
    "updated": Text("Datasettet {name} ville bli endret.", "The dataset {name} would be updated."),
    "unchanged": _OUTCOMES["unchanged"],
}


class ProfileName(StrEnum):
    """The profiles of the catalogue."""

    DCAT_AP_3 = "dcat-ap-3"
    DCAT_AP_NO_3 = "dcat-ap-no-3"
    DCAT_AP_NO_2 = "dcat-ap-no-2"


def publish(
    what: Annotated[str, typer.Argument(metavar="DIR|check|ckan",
        help="The folder to write, or check: what a portal would say, or ckan: push to a CKAN portal.")],
    address: Annotated[str | None, typer.Argument(metavar="URL|FILE",
        help="For ckan the address of the portal. For check a catalogue to look at instead of the graph's own.",
        show_default=False)] = None,
    shapes: Annotated[Path | None, typer.Option(metavar="PATH",
        help="SHACL shapes that the catalogue must pass too: a Turtle file or a folder.", show_default=False)] = None,
    profile: Annotated[ProfileName | None, typer.Option(
        help="The profile that --shapes are for, dcat-ap-3 without it; with check FILE its profile, "
        "without it the name of the file decides.", show_default=False)] = None,
    site: Annotated[bool, typer.Option("--site",
        help="Write every page of citygraph serve too, with search and answers: a site that needs no server.")] = False,
    prune: Annotated[bool, typer.Option("--prune",
        help="Also remove from the folder what no run wrote, and name it; .git stays.")] = False,
    online: Annotated[bool, typer.Option("--online", help="Try every address, so that no point is assumed.")] = False,
    organization: Annotated[str, typer.Option(metavar="NAME",
        help="For ckan: the organisation of the portal that owns the datasets.", show_default=False)] = "",
    upload: Annotated[Path | None, typer.Option(metavar="DIR",
        help="For ckan: send the files of this published folder; without it the portal links to them.",
        show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="For ckan: show the difference and change nothing.")] = False,
    format_: Annotated[ReportFormat, typer.Option("--format", "-f", help="Text for people or JSON.")] = ReportFormat.TEXT,
    project_folder: OwnFolderOption = None,
    reference: Reference = False,
    language: Language = None,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Write, check or push what open data portals harvest.

    A folder with the graph in every format and the catalogue that describes it; check says what a portal would
    say, ckan pushes the catalogue to a CKAN portal. When nothing is wrong, the files of the run before are replaced;
    others in the folder stay. Findings go to stderr, the quality score that data.europa.eu will give goes to stdout.

    citygraph publish public --site
    """
    words = language_name(language)
    if prune and what in {"ckan", "check"}:
        message = "--prune belongs to a folder that is written."
        raise typer.BadParameter(message)
    # A catalogue of others can be looked at from anywhere.
    foreign = what == "check" and address is not None
    project = open_or_reference(project_folder) if foreign else open_project(project_folder, reference=reference)
    if what == "ckan":
        if address is None:
            message = "ckan needs the address of the portal."
            raise typer.BadParameter(message)
        token = os.environ.get(_TOKEN, "")
        pushed = project.publish_to_ckan(address, token, organization=organization, upload=upload, dry_run=dry_run)
        for each in pushed:
            _print_pushed(each, words)
        return
    if what == "check" and address is not None:
        report, score = project.check_catalog(
            Path(address), profile=profile.value if profile else "", shapes=shapes, online=online
        )
        _finish(report, score, words, format_)
        return
    if address is not None:
        message = "A folder takes no second argument; the second one belongs to check and ckan."
        raise typer.BadParameter(message)
    checks = what == "check"
    if site:
        from citygraph.web.site import write_site  # noqa: PLC0415  # keeps `--help` fast
    with progress_bar(quiet=quiet, language=words) as progress:
        published = project.publish(
            None if checks else Path(what),
            shapes=shapes,
            profile=profile.value if profile else "",
            online=online,
            twice=checks,
            prune=prune,
            site=write_site if site else None,
            progress=progress,
        )
    for name in published.pruned:
        say(Text("fjernet: {name}", "removed: {name}").in_language(words).format(name=name))
    if published.written:
        size = sum(published.files.values())
        text = Text("{what}: {files} filer, {size} byte", "{what}: {files} files, {size} bytes")
        if not quiet:
            say(text.in_language(words).format(what=what, files=len(published.files), size=f"{size:,}"))
    elif not checks:
        say(Text("Ingenting er publisert.", "Nothing was published.").in_language(words))
    _finish(published.report, published.score, words, format_)


def _finish(report: Report, score: Score | None, language: str, format_: ReportFormat) -> None:
    if format_ is ReportFormat.JSON:
        document = {"findings": json.loads(report_json(report)), "score": score.to_json() if score else None}
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        print_report(report, language, notes=False)
        if score is not None:
            _print_score(score, language)
    if report.violations:
        raise typer.Exit(1)


def _print_score(score: Score, language: str) -> None:
    """The points of each dimension, then what would bring more, the most first."""
    from citygraph.publish import DIMENSIONS, HIGHEST  # noqa: PLC0415

    title = Text("Kvalitetspoeng på data.europa.eu", "Quality score on data.europa.eu")
    print(f"{title.in_language(language)}: {score.points:g}/{HIGHEST} ({score.rating.in_language(language)})")
    for name, label in DIMENSIONS.items():
        points, highest = score.in_dimension(name)
        print(f"  {label.in_language(language):<28} {points:>5g}/{highest}")
    if score.assumed_points:
        assumed = Text(
            "{points} av poengene forutsetter at adressene svarer; --online prøver dem.",
            "{points} of the points assume that the addresses answer; --online tries them.",
        )
        print("  " + assumed.in_language(language).format(points=f"{score.assumed_points:g}"))
    for lost in score.lost:
        what = f"{lost.metric} ({lost.path})" if lost.path else lost.metric
        where = f"  graph.toml: {lost.key}" if lost.key else ""
        print(f"  +{lost.points:g} {what}{where}")


def _print_pushed(pushed: Pushed, language: str) -> None:
    for change in pushed.changes:
        print(f"{change.field}: {_brief(change.old)} -> {_brief(change.new)}")
    outcomes = _WOULD if pushed.dry_run else _OUTCOMES
    say(outcomes[pushed.outcome].in_language(language).format(name=pushed.name))


def _brief(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
