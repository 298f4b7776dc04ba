"""What leaves the house: the folder that portals harvest, and the push to CKAN."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Self

from citygraph import export, query
from citygraph.errors import ConfigError, PublishError, QueryError
from citygraph.files import git
from citygraph.findings import Finding, Report
from citygraph.results import Solutions
from citygraph.saved_query import SavedQuery
from citygraph.store import MemoryStore

if TYPE_CHECKING:
    from citygraph.publish import Asked, Edition, NewFolder, Published, Pushed, Score


from citygraph.project.folder import PARTS, Progress, silent
from citygraph.project.public_copy import WRITING_SECONDS, public_copy
from citygraph.project.writing import Writing

__all__ = ["Publishing"]


class Publishing(Writing):
    """A project that can be published."""

    def publish(
        self,
        folder: Path | None,
        *,
        shapes: Path | None = None,
        profile: str = "",
        online: bool = False,
        twice: bool = False,
        site: Callable[[Self, NewFolder, Progress], Iterable[Finding]] | None = None,
        progress: Progress | None = None,
    ) -> Published:
        """Everything that an open data portal harvests, in one folder that any web server can show.

        The folder is written beside its place and moved when nothing is wrong with it. Files that
        `publish.internal` in graph.toml names stay: the rest is reasoned over again without them.

        Args:
            folder: where to write; with `None` everything is checked and nothing kept.
            shapes: a file or folder of SHACL shapes that one of the records must pass too.
            profile: the profile that the shapes are for; `dcat-ap-3` without it.
            online: try every address, so that no point is assumed.
            twice: write everything a second time and compare.
            site: writes the pages for people; it is given the public edition as a project of its own.
            progress: told of each stage.

        Raises:
            PublishError: the folder cannot be written, or holds something else.
            ReasoningError: the reasoner stopped before it was done.
        """
        from citygraph import publish  # noqa: PLC0415  # rdflib and the profiles are needed here alone

        say = progress or silent
        edition, before = self._edition(say)
        number = self.config.number

        def ask(saved: SavedQuery) -> Asked | None:
            # An edition is made of this graph alone.
            if (
                saved.code
                or saved.federates
                or any(each.required and each.default is None for each in saved.parameters)
            ):
                return None
            try:
                answered = query.run_query(
                    saved,
                    edition.store,
                    values={},
                    prefixes=self.prefixes,
                    timeout=max(number("limits.timeout"), WRITING_SECONDS),
                    most_rows=number("limits.rows"),
                )
            except QueryError:
                # The default of a parameter may be a thing that the public edition does not have.
                return None
            answer = answered.answer
            return publish.Asked(answer, answered.bound) if isinstance(answer, Solutions) else None

        def write_site(folder: NewFolder) -> list[Finding]:
            if site is None:
                return []
            with public_copy(self, edition) as public:
                return list(site(public, folder, say))

        tools = publish.Tools(
            write=lambda quads, format_, prefixes, into: export.write_graph(
                quads, into, format=format_, prefixes=prefixes
            ),
            tables=lambda quads: export.class_tables(quads, prefixes=self.prefixes),
            ask=ask,
            prefixes=self.prefixes,
            site=write_site if site is not None else None,
        )
        return publish.publish_edition(
            edition,
            folder,
            tools,
            shapes=publish.read_shapes(shapes) if shapes else (),
            shapes_for=profile or "dcat-ap-3",
            links=publish.Links() if online else None,
            twice=twice,
            before=before,
        )

    def check_catalog(
        self, path: Path, *, profile: str = "", shapes: Path | None = None, online: bool = False
    ) -> tuple[Report, Score | None]:
        """What a portal would say about a catalogue in a file, and the quality score when it is of DCAT-AP 3.

        Args:
            path: the catalogue in an RDF format, or a folder that `publish` wrote.
            profile: the name of its profile; without it the name of the file decides.
            shapes: a file or folder of SHACL shapes that it must pass too.
            online: try every address.

        Raises:
            PublishError: it cannot be read.
        """
        from citygraph import publish  # noqa: PLC0415

        return publish.check_catalog(
            path,
            profile=profile,
            base=self.config.base,
            shapes=publish.read_shapes(shapes) if shapes else (),
            links=publish.Links() if online else None,
        )

    def publish_to_ckan(
        self,
        url: str,
        token: str,
        *,
        organization: str = "",
        upload: Path | None = None,
        dry_run: bool = False,
    ) -> tuple[Pushed, ...]:
        """Make the datasets on a CKAN portal what this graph says; what was done with each, the graph first.

        Args:
            url: the first page of the portal.
            token: what the portal knows you by.
            organization: the organisation of the portal that owns the datasets.
            upload: a folder that `publish` wrote, whose files are sent; without it the portal links to them.
            dry_run: say what would change, and change nothing.

        Raises:
            PublishError: the graph may not be published, or the portal refused.
        """
        from citygraph import publish  # noqa: PLC0415

        published = self.publish(None)
        if published.report.violations:
            message = f"The catalogue has {len(published.report.violations)} violations."
            raise PublishError(message, fix="See them: citygraph publish check")
        return publish.push_to_ckan(
            published.catalog,
            publish.ckan_client(url, token),
            organization=organization,
            dry_run=dry_run,
            upload=upload,
        )

    def _edition(self, say: Progress) -> tuple[Edition, list[Finding]]:
        """What may leave, and what forbids it: the violations of the graph itself are among them."""
        from citygraph import publish, reason  # noqa: PLC0415

        checked = self.check(progress=say)
        public, internal, findings = publish.split(checked.graphs, self.config.values["publish.internal"])
        day, inferred = checked.as_of, checked.inferred
        if internal:
            day = reason.reference_date(self.config, public, as_of=None, today=self.today)
            derived = reason.infer(public, self.config, as_of=day)
            inferred, findings = derived.quads, [*findings, *derived.findings]
        asserted = list(dict.fromkeys([*public.quads(*PARTS), *self.about(day)]))
        edition = publish.Edition(
            config=self.config,
            graphs=public,
            asserted=asserted,
            inferred=inferred,
            store=MemoryStore([*asserted, *inferred]),
            queries=self.queries(),
            as_of=day,
            modified=_last_commit(self.folder, [file.path for file in public.files]) or day,
            internal=internal,
        )
        return edition, [*checked.report.violations, *findings]


def _last_commit(folder: Path, paths: Sequence[str]) -> date | None:
    """The day of the last commit that changed one of the files; `None` outside a git checkout."""
    known = [path for path in paths if (folder / path).is_file()]
    try:
        day = (git(folder, "log", "-1", "--format=%cs", "--", *known) or b"").decode().strip()
    except ConfigError:
        return None
    return date.fromisoformat(day) if day else None
