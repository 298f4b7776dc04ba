"""A machine that builds, a mirror, and a machine that serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph.store import Snapshots
from citygraph.store.mirror import MirrorFolder
from replicated import Replicas


@pytest.fixture
def replicas(tmp_path: Path) -> Replicas:
    """Nothing built, nothing pushed, nothing pulled."""
    return Replicas(Snapshots(tmp_path / "built"), MirrorFolder(tmp_path / "mirror"), Snapshots(tmp_path / "served"))
