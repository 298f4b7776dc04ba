"""A standalone Spark cluster on loopback, one master and two workers, from the classes that the package brings."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest

from patience import PATIENCE, wait_until

_INSTALL = "pip install -e '.[spark]' and apt-get install openjdk-17-jre-headless"
# Little of everything: the graphs of the tests are small, and the machine is shared. What is run a few times is not
# worth a second compilation by Java, or one by Spark at all.
_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"
_DEFAULTS = f"""
spark.cores.max                2
spark.driver.memory            512m
spark.executor.cores           1
spark.executor.memory          512m
spark.driver.extraJavaOptions   {_JAVA}
spark.executor.extraJavaOptions {_JAVA}
spark.sql.adaptive.enabled     false
spark.sql.codegen.wholeStage   false
spark.sql.codegen.factoryMode  NO_CODEGEN
spark.ui.enabled               false
"""


@dataclass
class Cluster:
    """Its address, what a program that uses it finds in its environment, and its processes, the master first."""

    master: str
    environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """One master and two workers, ended by their ids."""
    found = find_spec("pyspark")
    if found is None or found.origin is None or shutil.which("java") is None:
        pytest.skip(f"Spark is not installed: {_INSTALL}")
    home = Path(found.origin).parent
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spark-defaults.conf").write_text(_DEFAULTS, encoding="ascii")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": "127.0.0.1"}
    cluster = Cluster(f"spark://127.0.0.1:{port}", environment)
    everything = {**os.environ, **environment, "SPARK_HOME": str(home), "SPARK_DAEMON_MEMORY": "256m"}
    everything["SPARK_DAEMON_JAVA_OPTS"] = f"{_JAVA} -Dspark.ui.enabled=false"

    def start(name: str, role: str, *arguments: str) -> Path:
        log = folder / f"{name}.log"
        command = [
            str(home / "bin" / "spark-class"),
            f"org.apache.spark.deploy.{role}",
            "--host",
            "127.0.0.1",
            *arguments,
        ]
        with log.open("wb") as stream:
            cluster.processes.append(subprocess.Popen(command, stdout=stream, stderr=stream, env=everything))
        return log

    try:
        log = start("master", "master.Master", "--port", str(port), "--webui-port", "0")
        for number in range(2):
            work = str(folder / f"work{number}")
            start(
                f"worker{number}", "worker.Worker", "--port", "0", "--webui-port", "0", "--cores", "1", "--memory", "700m",
                "--work-dir", work, cluster.master,
            )  # fmt: skip

        def are_there() -> bool:
            assert all(process.poll() is None for process in cluster.processes), log.read_text(encoding="utf-8")
            return log.read_text(encoding="utf-8").count("Registering worker") == len(cluster.processes) - 1

        wait_until(are_there, "two workers of Spark")
        yield cluster
    finally:
        for process in reversed(cluster.processes):
            process.terminate()
        for process in cluster.processes:
            process.wait(PATIENCE)
