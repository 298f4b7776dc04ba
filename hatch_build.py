"""Builds the front end into the package: our own files always, the editor, the map and the engine for browsers where npm is present."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_OWN: Final = ("site.css", "site.js", "search.js", "icon.svg")
_BUILT: Final = ("editor.js", "browser-sparql.js", "sparql-worker.js", "oxigraph.wasm", "basemap.json")


class FrontEnd(BuildHookInterface[Any]):
    """The hook that hatchling runs before it makes a wheel, or an editable install."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill `src/citygraph/web/static/`, which git does not keep and the wheel carries."""
        del version, build_data
        root = Path(self.root)
        frontend, static = root / "frontend", root / "src/citygraph/web/static"
        if not (frontend / "package.json").is_file():
            # In a source distribution the bundle is there already.
            return
        static.mkdir(parents=True, exist_ok=True)
        npm = shutil.which("npm")
        if npm and not os.environ.get("CITYGRAPH_WITHOUT_NPM") and not _is_fresh(frontend, static):
            try:
                _run(npm, frontend)
            except (OSError, subprocess.SubprocessError) as error:
                self.app.display_warning(f"The query editor, the map and the engine for browsers are left out: {error}")
        for name in _OWN:
            shutil.copy(frontend / name, static / name)


def _is_fresh(frontend: Path, static: Path) -> bool:
    """Whether the bundles are newer than everything they are made from."""
    made = [static / name for name in _BUILT]
    sources = [path for path in frontend.iterdir() if path.suffix in {".js", ".json"}]
    if not all(path.is_file() for path in made):
        return False
    return min(path.stat().st_mtime for path in made) >= max(path.stat().st_mtime for path in sources)


def _run(npm: str, frontend: Path) -> None:
    for command in ([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], [npm, "run", "build"]):
        subprocess.run(command, cwd=frontend, check=True, timeout=600, stdout=subprocess.DEVNULL)  # noqa: S603
