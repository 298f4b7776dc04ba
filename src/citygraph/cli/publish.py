"""`citygraph publish`: the folder that an open data portal harvests, checked before it leaves."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from citygraph.cli.options import (
    FolderOption,
    Format,
    Language,
    Quiet,
    Reference,
    ReportFormat,
    language_name,
    open_or_reference,
    open_project,
)
from citygraph.cli.output import phrase, print_report, progress_bar, report_json, say
from citygraph.messages import sentence, written_out

if TYPE_CHECKING:
    from citygraph.findings import Report
    from citygraph.publish import Published, Pushed, Score
    from citygraph.publish.identity import Plan

_TOKEN: Final = "CITYGRAPH_CKAN_TOKEN"  # noqa: S105  # the name of the variable
_SHOWN: Final = 5
"""Names of datasets in one line of a plan."""
_WORDS: Final = frozenset({"ckan", "check", "identify"})
_LONGEST: Final = 100


class ProfileName(StrEnum):
    """The profiles of the catalogue."""

    DCAT_AP_3 = "dcat-ap-3"
    DCAT_AP_NO_3 = "dcat-ap-no-3"
    DCAT_AP_NO_2 = "dcat-ap-no-2"


def publish(
    what: Annotated[str, typer.Argument(metavar="DIR|check|ckan|identify")],
    address: Annotated[str | None, typer.Argument(metavar="URL|FILE|DIR", show_default=False)] = None,
    shapes: Annotated[Path | None, typer.Option(metavar="PATH", show_default=False)] = None,
    profile: Annotated[ProfileName | None, typer.Option(show_default=False)] = None,
    site: Annotated[bool, typer.Option("--site")] = False,
    prune: Annotated[bool, typer.Option("--prune")] = False,
    plan: Annotated[bool, typer.Option("--plan")] = False,
    allow_removal: Annotated[bool, typer.Option("--allow-removal")] = False,
    online: Annotated[bool, typer.Option("--online")] = False,
    organization: Annotated[str, typer.Option(metavar="NAME", show_default=False)] = "",
    upload: Annotated[Path | None, typer.Option(metavar="DIR", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    format_: Format = ReportFormat.TEXT,
    project_folder: FolderOption = None,
    reference: Reference = False,
    language: Language = None,
    quiet: Quiet = False,
) -> None:
    """Write, check or push what open data portals harvest."""
    words = language_name(language)
    _refuse_misplaced(what, address, of_a_folder=prune or (what != "ckan" and (plan or allow_removal)))
    # A catalogue of others can be looked at from anywhere.
    foreign = what == "check" and address is not None
    project = open_or_reference(project_folder) if foreign else open_project(project_folder, reference=reference)
    name = profile.value if profile else ""
    if what == "ckan":
        token, dry_run = os.environ.get(_TOKEN, ""), dry_run or plan
        done = project.publish_to_ckan(
            address or "", token, organization=organization, upload=upload, dry_run=dry_run, allow_removal=allow_removal
        )
        for each in done:
            _print_pushed(each, words)
        if dry_run and not allow_removal and any(each.outcome == "deleted" for each in done):
            say(phrase("publish.will_stop", words))
        return
    if what == "identify":
        from citygraph.publish.identity import pin_identifier  # noqa: PLC0415

        identifier = pin_identifier(project.folder, Path(address) if address else None)
        say(phrase("publish.identified", words, identifier=identifier))
        return
    if address is not None:
        found = project.check_catalog(Path(address), profile=name, shapes=shapes, online=online)
        _finish(*found, words, format_)
        return
    checks = what == "check"
    if site:
        from citygraph.web.site import write_site  # noqa: PLC0415  # keeps `--help` fast
    with progress_bar(quiet=quiet, language=words) as progress:
        published = project.publish(
            None if checks else Path(what), shapes=shapes, profile=name, online=online, twice=checks, prune=prune,
            plan=plan, allow_removal=allow_removal, site=write_site if site else None, progress=progress,
        )  # fmt: skip
    if plan and published.plan is not None and format_ is ReportFormat.TEXT:
        _print_plan(published.plan, words)
    elif not checks and not plan:
        _say_written(published, what, words, quiet=quiet)
    _finish(published.report, published.score, words, format_, published.plan if plan else None)


def _refuse_misplaced(what: str, address: str | None, *, of_a_folder: bool) -> None:
    """Refuse what belongs to another use of the command.

    Raises:
        BadParameter: an option for a folder without one, ckan without an address, or a folder with one.
    """
    if of_a_folder and what in _WORDS:
        raise typer.BadParameter(sentence("cli.publish.prune_alone"))
    if what == "ckan" and address is None:
        raise typer.BadParameter(sentence("cli.publish.no_address"))
    if what not in _WORDS and address is not None:
        raise typer.BadParameter(sentence("cli.publish.one_argument"))


def _print_plan(plan: Plan, language: str) -> None:
    """What becomes of the datasets, what portals will delete, and what becomes of the files."""
    from citygraph.publish.identity import named  # noqa: PLC0415

    for key, datasets in (("comes", plan.come), ("changes", plan.change), ("leaves", plan.leave)):
        for each in datasets:
            print(phrase(f"publish.dataset_{key}", language, dataset=named(each)))
    for source in dict.fromkeys(old.identifier for old, _ in plan.moved.values()):
        to = list(dict.fromkeys(new.identifier for old, new in plan.moved.values() if old.identifier == source))
        count = sum(old.identifier == source for old, _ in plan.moved.values())
        print(
            phrase(
                "publish.files_move",
                language,
                count=count,
                source=source,
                to=", ".join([*to[:_SHOWN], *["…"][: len(to) > _SHOWN]]),
            )
        )
    print(phrase("publish.datasets_same", language, count=plan.same))
    for sign, names in (("+", plan.files.come), ("~", plan.files.change), ("-", plan.files.leave)):
        for name in names:
            print(f"  {sign} {name}")
    files = {"come": len(plan.files.come), "change": len(plan.files.change), "leave": len(plan.files.leave)}
    print(phrase("publish.files_plan", language, **files, same=plan.files.same))
    if plan.leave:
        print(_deleted(plan, language))
        print(phrase("publish.will_stop", language))
    print(phrase("publish.planned", language))


def _deleted(plan: Plan, language: str) -> str:
    names = ", ".join(each.identifier for each in plan.leave)
    return phrase("publish.will_delete", language, count=len(plan.leave), names=names)


def _say_written(published: Published, what: str, language: str, *, quiet: bool) -> None:
    for name in published.pruned:
        say(phrase("publish.removed", language, name=written_out(name)))
    if published.written and published.plan and published.plan.leave:
        say(_deleted(published.plan, language))
    if not published.written:
        say(phrase("publish.nothing", language))
    elif not quiet:
        size = sum(published.files.values())
        say(phrase("publish.written", language, what=what, files=len(published.files), size=size))


def _finish(
    report: Report, score: Score | None, language: str, format_: ReportFormat, plan: Plan | None = None
) -> None:
    if format_ is ReportFormat.JSON:
        document = {"findings": json.loads(report_json(report)), "score": score.to_json() if score else None}
        document |= {"plan": plan.to_json()} if plan else {}
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

    values = {"points": f"{score.points:g}", "highest": HIGHEST, "rating": score.rating}
    print(phrase("publish.score", language, **values))
    for name, label in DIMENSIONS.items():
        points, highest = score.in_dimension(name)
        print(f"  {label.in_language(language):<28} {points:>5g}/{highest}")
    if score.assumed_points:
        print(phrase("publish.assumed", language, points=f"{score.assumed_points:g}"))
    for lost in score.lost:
        what = f"{lost.metric} ({lost.path})" if lost.path else lost.metric
        where = f"  graph.toml: {lost.key}" if lost.key else ""
        print(f"  +{lost.points:g} {what}{where}")


def _print_pushed(pushed: Pushed, language: str) -> None:
    for change in pushed.changes:
        print(f"{change.field}: {_brief(change.old)} -> {_brief(change.new)}")
    key = f"would_{pushed.outcome}" if pushed.dry_run else pushed.outcome
    say(phrase(f"publish.{key}", language, name=pushed.name))


def _brief(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
