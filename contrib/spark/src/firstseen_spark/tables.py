"""Tables of a baseline, and events, as views of Spark."""

from __future__ import annotations

import os
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession


def register_tables(
    spark: SparkSession,
    baseline: str | os.PathLike[str],
    *,
    events: str | os.PathLike[str] | None = None,
    prefix: str = "firstseen_",
) -> list[str]:
    """Registers the tables of a baseline as temporary views, and gives their names.

    `firstseen_behaviours`, `firstseen_values`, `firstseen_activity` and so on: docs/formats.md has the columns. With `events`, a file or a
    folder that `firstseen events` wrote as Parquet, also `firstseen_events`.
    """
    views = {path.stem: path for path in sorted(Path(os.path.abspath(baseline)).glob("*.parquet"))}
    if not views:
        raise FileNotFoundError(f"{baseline} is not a baseline: it has no tables")
    names = []
    for table, path in views.items():
        spark.read.parquet(path.as_uri()).createOrReplaceTempView(prefix + table)
        names.append(prefix + table)
    if events is not None:
        _events(spark, Path(os.path.abspath(events))).createOrReplaceTempView(f"{prefix}events")
        names.append(f"{prefix}events")
    return names


def _events(spark: SparkSession, path: Path) -> DataFrame:
    """Files below `account=…/day=…` have the whole account in a column of their own, so only they are read."""
    if path.is_dir():
        return spark.read.option("recursiveFileLookup", "true").parquet(path.as_uri())
    return spark.read.parquet(path.as_uri())
