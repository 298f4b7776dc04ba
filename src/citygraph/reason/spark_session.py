"""A session on a Spark cluster: what must be installed, which addresses there are, and who is waited for how long."""

from __future__ import annotations

import os
import re
import shutil
import socket
import time
from pathlib import Path
from typing import Any, Final

from citygraph.errors import ReasoningError

__all__ = ["open_session", "partitions"]

_INSTALL: Final = "Install it with: pip install 'citygraph[spark]'"
_JAVA: Final = "Install Java 17 or 21, on Debian with: apt-get install openjdk-17-jre-headless"
_MASTER: Final = re.compile(r"local(\[(\d{1,3}|\*)\])?|spark://[^/\s]+|yarn|k8s://\S+", re.ASCII)
_PATIENCE: Final = 60.0
"""Seconds that the first worker may take to come."""
_CONNECT: Final = 5.0
_PARTITIONS: Final = "spark.sql.shuffle.partitions"
_ROWS: Final = 100_000
"""So many of the given statements are one part of a join; what follows from them comes on top."""


def open_session(master: str, folder: Path) -> Any:  # noqa: ANN401  # a type of Spark, which need not be installed
    """A session of its own, whose tables nobody else sees; the connection to the cluster is shared and kept.

    Whatever else Spark can be told stands in its own file: `spark-defaults.conf` in `SPARK_CONF_DIR`.

    Args:
        master: `local`, `local[N]`, `spark://host:port`, `yarn` or `k8s://…`.
        folder: where Spark may put what it writes for itself.

    Raises:
        ReasoningError: Spark or Java is not installed, or the cluster does not answer.
    """
    if not _MASTER.fullmatch(master):
        message = f"{master!r} is no address of a Spark cluster."
        raise ReasoningError(
            message, fix="Write it like spark://master.example.org:7077, or local[4] for this machine."
        )
    try:
        import duckdb  # noqa: F401, PLC0415
        from py4j.protocol import Py4JError  # noqa: PLC0415
        from pyspark.errors import PySparkException  # noqa: PLC0415
        from pyspark.sql import SparkSession  # noqa: PLC0415
    except ImportError as error:
        message = f"The engine spark needs the package {error.name}, which is not installed."
        raise ReasoningError(message, fix=_INSTALL) from error
    home = os.environ.get("JAVA_HOME", "")
    if shutil.which("java") is None and not (home and (Path(home) / "bin" / "java").is_file()):
        message = "The engine spark needs Java, which is not installed."
        raise ReasoningError(message, fix=_JAVA)
    _answers(master)
    active = SparkSession.getActiveSession()
    if active is not None and active.sparkContext.master != master:
        active.stop()
    builder = SparkSession.builder.master(master).appName("citygraph")
    for key, value in _settings(master, folder).items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate().newSession()
        _wait_for_workers(session, master)
    except (PySparkException, Py4JError) as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]
        message = f"Spark cannot be started: {reason}"
        raise ReasoningError(message, fix=f"Check the address {master}, and Java. {_JAVA}") from error
    return session


def partitions(session: Any, rows: int) -> tuple[str, str]:  # noqa: ANN401
    """The setting that says into how many parts a join is cut, for so many statements.

    What `spark-defaults.conf` says stands. Otherwise there is a part for every core, and more when they would be
    large: Spark's own number, two hundred, is right for no graph that is small, and for none that is very large.
    """
    context = session.sparkContext
    told = context.getConf().get(_PARTITIONS, None)
    return _PARTITIONS, told or str(max(context.defaultParallelism, -(-rows // _ROWS)))


def _settings(master: str, folder: Path) -> dict[str, str]:
    settings = {
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.showConsoleProgress": "false",
    }
    if master.startswith("local"):
        # On one machine nothing listens to others.
        settings |= {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
    return settings


def _answers(master: str) -> None:
    """One of the masters takes connections; Spark itself would try for minutes, and then end the program."""
    if not master.startswith("spark://"):
        return
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT):
                return
        except (OSError, ValueError, OverflowError):
            continue
    message = f"No Spark cluster answers at {master}."
    raise ReasoningError(message, fix="Start the master and its workers, or use another engine: --reasoner duckdb")


def _wait_for_workers(session: Any, master: str) -> None:  # noqa: ANN401
    """A cluster without a free worker takes the work and never begins it."""
    if master.startswith("local"):
        return
    tracker = session.sparkContext._jsc.sc().statusTracker()  # noqa: SLF001  # Python has no other way to ask
    end = time.monotonic() + _PATIENCE
    while len(tracker.getExecutorInfos()) < 2:  # noqa: PLR2004  # the first one is this program
        if time.monotonic() > end:
            session.stop()
            message = f"No worker of {master} had room for the reasoner within {_PATIENCE:.0f} seconds."
            raise ReasoningError(message, fix="Start workers there, or wait until others have finished.")
        time.sleep(0.2)
