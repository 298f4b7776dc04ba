"""`citygraph new`: a small working project folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from citygraph.cli.options import Language, language_name
from citygraph.cli.printing import say
from citygraph.messages import Text

__all__ = ["new"]


def new(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The folder to make, such as my-city.", show_default=False)
    ],
    base: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="The address that the names of your graph begin with; you can change it later."
        ),
    ] = "",
    title: Annotated[str, typer.Option(metavar="NAME", help="The name of your graph.")] = "",
    language: Language = None,
) -> None:
    """Start a project folder that passes every check.

    The folder must not exist yet, or be empty.

    citygraph new my-city --base https://data.my-city.example/
    """
    from citygraph.project import Project  # noqa: PLC0415  # keeps `--help` fast

    words = language_name(language)
    Project.new(folder, base=base, title=title)
    text = Text(
        f"{folder} er klar. Slik går du videre:\n"
        f"    cd {folder}\n    citygraph build\n    citygraph query members\n"
        "Skriv dine egne nettverk i data/networks/, og kjør citygraph check.",
        f"{folder} is ready. How to go on:\n"
        f"    cd {folder}\n    citygraph build\n    citygraph query members\n"
        "Write your own networks in data/networks/, and run citygraph check.",
    )
    say(text.in_language(words))
