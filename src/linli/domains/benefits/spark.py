"""Apache Spark as the engine of scans: the authority's cluster, or one of this machine.

It reckons the same stages over the same frozen facts, each written out in its dialect. The bureau's own files stay one for each subject: what the
workers wrote in parts is put together in the order of the subjects, so that a repetition ends with the same bytes.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from linli.domains.benefits.dialects import SPARK
from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import Message, msg, noop

DIALECT = SPARK
PARTS = 4


class SparkMissing(LinliError):
    """Spark is asked for and not there."""

    code = "benefits.spark_missing"
    kind = Kind.UNAVAILABLE
    template = noop("这台机器还不能用 Spark 比对：%(why)s。")
    remedy = noop("请按运行手册安装 Java 和 Spark，或者改用内置的 DuckDB。")


def lacking() -> Message | None:
    """What Spark needs and is not here; None when it can start."""
    if importlib.util.find_spec("pyspark") is None:
        return msg("没有安装 pyspark（requirements-spark.txt）")
    home = os.environ.get("JAVA_HOME")
    if not (Path(home, "bin", "java").exists() if home else shutil.which("java")):
        return msg("没有找到 Java")
    return None


@contextmanager
def session(scratch: Path, *, master: str) -> Iterator[Any]:
    """A session with a cluster (``spark://…``) or with this machine (``local[*]``). Raises :class:`SparkMissing`."""
    if why := lacking():
        raise SparkMissing(why=why)
    from pyspark.sql import SparkSession

    wanted = {
        "spark.app.name": "linli",
        "spark.local.dir": str(scratch),
        "spark.log.level": "ERROR",
        "spark.sql.ansi.enabled": "true",  # an overflow is an error, never another number
        # What Java does not compile, as a method of more than 8,000 bytes, runs several times slower than in the small steps that Spark falls back to.
        "spark.sql.codegen.hugeMethodLimit": "8000",
        "spark.sql.files.openCostInBytes": "1m",  # facts lie closely packed: a part of few bytes is many people
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if master.startswith("local"):
        wanted |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    builder = SparkSession.builder.master(master)
    for name, value in wanted.items():
        builder = builder.config(name, value)
    scratch.mkdir(parents=True, exist_ok=True)
    spark = builder.getOrCreate()
    # Several parts for each worker: with one each, all wait for whoever has the most rows.
    spark.conf.set("spark.sql.files.minPartitionNum", str(PARTS * spark.sparkContext.defaultParallelism))
    try:
        yield spark
    finally:
        spark.stop()


def evaluate(spark: Any, subject: str, facts: Path, statements: Sequence[tuple[Sequence[str], str]], into: Path) -> list[Path]:
    """Write the verdict of every subject in parts, a folder for each group of places; gives the folders in their order."""
    folders = []
    for place, (places, sql) in enumerate(statements):
        table = spark.read.parquet(facts.resolve().as_uri())
        if len(statements) > 1:
            table = table.where(table["region"].isin(list(places)))
        table.createOrReplaceTempView(f"facts_{subject}")
        folder = into / f"{subject}_{place}"
        spark.sql(f"WITH {sql}").write.mode("overwrite").parquet(folder.resolve().as_uri())
        folders.append(folder)
    return folders
