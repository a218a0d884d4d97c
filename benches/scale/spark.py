#!/usr/bin/env python3
"""Says what Spark adds to an index: CPU and wall time of a cluster on this machine, beside those of one process.

    python3 benches/scale/spark.py ARCHIVE [--shards 8,32,128] [--runs 3] [--firstseen target/release/firstseen]

Needs pyspark (4.3.0) in the running Python's environment, Java 17 and Linux. The cluster has two executors with one core each. CPU is that of all processes below this
one: the driver, the executors, their Python workers and the program. Starting the cluster is measured apart. The baselines must be equal, byte for byte. Prints a
Markdown table.
"""
import argparse
import contextlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "contrib/spark/src"), str(ROOT / "tests/spark"), str(ROOT / "benches/peers")]

from check import run, same, start_spark  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_below(root: int) -> float:
    """CPU seconds so far of a process and all below it, with the children that they waited for."""
    parents, used = {}, {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry)] = int(fields[1])
        used[int(entry)] = sum(map(int, fields[11:15])) / TICKS
    total = 0.0
    for process, seconds in used.items():
        above = process
        while above not in (root, 0):
            above = parents.get(above, 0)
        total += seconds if above == root else 0
    return total


def measured(work):
    """Wall and CPU seconds of a function."""
    wall, cpu = time.monotonic(), cpu_below(os.getpid())
    work()
    return time.monotonic() - wall, cpu_below(os.getpid()) - cpu


def row(what, runs):
    """A line of the table: medians."""
    wall, cpu = (statistics.median(run[which] for run in runs) for which in (0, 1))
    print(f"| {what} | {cpu:.1f} | {wall:.1f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--shards", default="8,32,128", help="numbers of shards")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each, after one to warm up")
    parser.add_argument("--firstseen", type=Path, default=ROOT / "target/release/firstseen")
    args = parser.parse_args()
    archive = str(args.archive.resolve())
    with tempfile.TemporaryDirectory() as work:
        # The driver copies the program here, and the executors get it by its name.
        compare(Path(work), shutil.copy(args.firstseen.resolve(), Path(work, "firstseen")), archive, args)


def compare(work, binary, archive, args):
    """One machine, then the cluster with each number of shards."""
    from firstseen_spark import index_cluster

    print("| | CPU s | wall s |", "|---|---|---|", sep="\n")

    def alone(threads):
        shutil.rmtree(work / "one", ignore_errors=True)
        run(binary, "index", archive, "-o", work / "one", "--quiet", "--threads", threads)

    for threads in ("1", "2"):
        row(f"one process, {threads} threads", [measured(lambda: alone(threads)) for _ in range(args.runs + 1)][1:])
    cluster = []
    row("start of the cluster", [measured(lambda: cluster.append(start_spark()))])
    try:
        for shards in map(int, args.shards.split(",")):
            def spread():
                shutil.rmtree(work / "all", ignore_errors=True)
                index_cluster(cluster[0], archive, work / "all", binary=binary, shards=shards)

            row(f"cluster, {shards} shards", [measured(spread) for _ in range(args.runs + 1)][1:])
            with contextlib.redirect_stdout(sys.stderr):
                same(f"{shards} shards", work / "one", work / "all")
    finally:
        cluster[0].stop()


if __name__ == "__main__":
    main()
