#!/usr/bin/env python3
"""Holds baselines made by a Spark cluster to those of one machine, byte for byte.

    check.py --firstseen BINARY [--tree FOLDER]

Needs pyspark (4.3.0), ministack and boto3 in the running Python's environment, and Java 17; everything
listens on the loopback only. The cluster has two executors in processes of their own, which do not have the package. What is
checked: two archives in folders; the same in a bucket; an executor that is killed while it works; a broken object; a shard that
fails; a call that continues; the tables in SQL.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "contrib/spark/src"))
STORE = "http://127.0.0.1:14567"
BUCKET = "trail-logs"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": STORE}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--firstseen", required=True, type=Path)
    parser.add_argument("--tree", default=ROOT / "fixtures/small-archive", type=Path)
    args = parser.parse_args()
    os.environ |= KEYS | {"AWS_EC2_METADATA_DISABLED": "true"}
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        binary = shutil.copy(args.firstseen.resolve(), work / "firstseen")
        store, spark = start_store(work), start_spark()
        try:
            checks(spark, binary, args.tree.resolve(), work)
        finally:
            spark.stop()
            store.terminate()
            store.wait()


def start_spark():
    """A cluster of two executors; under load a first start may fail, so there is a second."""
    import pyspark
    from pyspark.sql import SparkSession

    os.environ |= {
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": "",
    }
    for last in (False, True):
        try:
            return (
                SparkSession.builder.master("local-cluster[2,1,1024]")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.executor.memory", "900m")
                .config("spark.ui.enabled", "false")
                .config("spark.ui.showConsoleProgress", "false")
                .config("spark.log.level", "ERROR")
                .getOrCreate()
            )
        except Exception as error:  # the kinds differ: a port, a timeout, a lost connection
            if last:
                raise
            print(f"Spark did not start, once more: {error}")
            SparkSession._instantiatedSession = None
            time.sleep(5)


def start_store(work):
    environment = os.environ | {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": STORE.rsplit(":", 1)[1]}
    program = Path(sys.executable).parent / "ministack"
    with open(work / "store.log", "wb") as log:
        store = subprocess.Popen([program], env=environment, stdout=log, stderr=log, cwd=work)
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{STORE}/_ministack/health", timeout=1).close()
            return store
        except (urllib.error.URLError, OSError):
            if store.poll() is not None:
                break
            time.sleep(0.2)
    store.terminate()
    sys.exit(f"{STORE} does not answer:\n{(work / 'store.log').read_text(errors='replace')}")


def run(binary, *arguments, allowed=(0,)):
    ended = subprocess.run([binary, *arguments], capture_output=True, check=False)
    assert ended.returncode in allowed, ended.stderr.decode()
    return ended


def same(what, one, other):
    names = sorted(path.name for path in Path(one).iterdir())
    assert names == sorted(path.name for path in Path(other).iterdir()), what
    for name in names:
        assert Path(one, name).read_bytes() == Path(other, name).read_bytes(), f"{what}: {name} differs"
    print(f"ok: {what}: {len(names)} files are equal", flush=True)


def checks(spark, binary, tree, work):
    from firstseen_spark import index_cluster

    synth = work / "synth"
    run(binary, "synth", synth, "--gb", "0.005", "--seed", "5")
    for name, archive in (("fixture", tree), ("synth", synth)):
        run(binary, "index", archive, "-o", work / f"{name}.one", "--quiet")
        made = index_cluster(spark, str(archive), work / f"{name}.cluster", binary=binary, shards=9)
        same(f"{name}, in 9 shards", work / f"{name}.one", made)
        assert not Path(f"{made}.work").exists(), "the folder of the partial baselines is left"
    made = index_cluster(spark, os.path.relpath(tree), work / "single", binary=binary, shards=1)
    same("one shard, and a relative name", work / "fixture.one", made)
    check_refusals(spark, binary, tree, work)
    check_config(spark, binary, tree, work)
    check_bucket(spark, binary, tree, work)
    check_broken(spark, binary, tree, work)
    check_failure(spark, binary, tree, work)
    check_killed(spark, binary, synth, work)
    check_tables(spark, binary, tree, work)


def check_refusals(spark, binary, tree, work):
    """Nothing is overwritten or removed that an earlier call has not made, and a plan that fails says why."""
    from firstseen_spark import FirstseenError, index_cluster

    foreign, empty = work / "foreign.work", work / "empty"
    empty.mkdir()
    foreign.mkdir()
    (foreign / "notes").touch()
    for source, output, message in (
        (tree, work / "fixture.one", "exists already"),
        (tree, work / "foreign", "not of an earlier call"),
        (empty, work / "nothing", "there are no files"),
    ):
        try:
            index_cluster(spark, str(source), output, binary=binary)
            raise AssertionError(f"no error: {message}")
        except FirstseenError as error:
            assert message in str(error), error
    assert (foreign / "notes").exists()
    print("ok: refusals", flush=True)


def check_config(spark, binary, tree, work):
    """Archives that a file describes are read without any named by the call."""
    from firstseen_spark import index_cluster

    file = work / "case.toml"
    others = ROOT / "fixtures/mixed-archive"
    file.write_text("".join(f"[[archive]]\nlabel = '{name}'\npath = '{path}'\n" for name, path in (("one", tree), ("two", others))))
    run(binary, "index", "--config", file, "-o", work / "config.one", "--quiet", allowed=(0, 3))
    made = index_cluster(spark, [], work / "config.cluster", binary=binary, shards=5, archive_options=["--config", str(file)])
    same("archives of a file", work / "config.one", made)


def check_bucket(spark, binary, tree, work):
    import boto3
    from firstseen_spark import index_cluster

    s3 = boto3.client("s3", endpoint_url=STORE, region_name="us-east-1")
    s3.create_bucket(Bucket=BUCKET)
    for path in sorted(tree.rglob("*")):
        if path.is_file():
            s3.put_object(Bucket=BUCKET, Key=path.relative_to(tree).as_posix(), Body=path.read_bytes())
    options = ["--endpoint-url", STORE]
    run(binary, "index", f"s3://{BUCKET}/AWSLogs", *options, "-o", work / "bucket.one", "--quiet")
    made = index_cluster(
        spark, f"s3://{BUCKET}/AWSLogs", work / "bucket.cluster", binary=binary, shards=4, archive_options=options
    )
    same("a bucket", work / "bucket.one", made)


def check_tables(spark, binary, tree, work):
    from firstseen_spark import register_tables

    baseline = work / "fixture.one"
    answers = set()
    for partition in ([], ["--partition"]):
        events = work / ("events" if partition else "events.parquet")
        run(binary, "events", tree, *partition, "-o", events, "--quiet")
        views = register_tables(spark, baseline, events=events)
        assert len(views) == len(list(baseline.glob("*.parquet"))) + 1
        first = spark.sql("SELECT count(*), count(account) FROM firstseen_events WHERE first_sighting").first()
        answers.add(tuple(first))
    assert len(answers) == 1 and all(answers.pop()), "events in one file and in a folder differ"
    known = spark.sql("SELECT account, principal, action, min(first) FROM firstseen_behaviours GROUP BY ALL").count()
    assert known == spark.sql("SELECT count(*) FROM firstseen_behaviours").first()[0]
    assert spark.sql("SELECT count(DISTINCT dimension) FROM firstseen_values").first()[0] > 1
    print(f"ok: {len(views)} tables in SQL, {known} behaviours", flush=True)


def check_broken(spark, binary, tree, work):
    from firstseen_spark import index_cluster

    broken = work / "broken"
    shutil.copytree(tree, broken)
    victim = sorted(broken.rglob("*_CloudTrail_*.json.gz"))[3]
    victim.write_bytes(victim.read_bytes()[:200])
    run(binary, "index", broken, "-o", work / "broken.one", "--quiet", allowed=(3,))
    made = index_cluster(spark, str(broken), work / "broken.cluster", binary=binary, shards=4)
    same("a broken object", work / "broken.one", made)
    faults = spark.read.parquet(f"{made}/faults.parquet").collect()
    assert len(faults) == 1 and faults[0].object.endswith(victim.name), faults


def check_failure(spark, binary, tree, work):
    """A program that refuses one shard: the others are kept, and a second call continues there."""
    from firstseen_spark import ClusterError, index_cluster

    refusing = work / "refusing" / "firstseen-refusing"
    refusing.parent.mkdir()
    log = work / "calls"
    refusing.write_text(
        f'#!/bin/sh\necho "$*" >> {log}\n'
        f'if [ "$1" = index ] && grep -q \'"shard":2,\' "$3" && [ ! -e {work}/mended ]; then\n'
        f'  echo "error: the disk is full" >&2\n  exit 1\nfi\nexec {binary} "$@"\n'
    )
    refusing.chmod(0o755)
    try:
        index_cluster(spark, str(tree), work / "refused", binary=refusing, shards=4)
        raise AssertionError("a shard that fails gives no error")
    except ClusterError as error:
        (failure,) = error.failures
        assert failure.what == "shard 2 of 4" and failure.status == 1, failure
        assert failure.message == "error: the disk is full" and failure.objects[0].startswith(str(tree)), failure
        assert "the disk is full" in str(error) and failure.objects[0] in str(error)
    assert not (work / "refused").exists()
    assert log.read_text().count("index --shard") == 5, "four shards, and one of them again"
    (work / "mended").touch()
    made = index_cluster(spark, str(tree), work / "refused", binary=refusing, shards=4)
    assert log.read_text().count("index --shard") == 6, "a second call reads only what is missing"
    same("a shard that failed, and a second call", work / "fixture.one", made)


def check_killed(spark, binary, synth, work):
    """One executor is killed while its task runs."""
    from firstseen_spark import index_cluster

    slow = work / "slow" / "firstseen-slow"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\n[ "$1" = index ] && touch {work}/busy && sleep 2\nexec {binary} "$@"\n')
    slow.chmod(0o755)
    killed = []

    def kill():
        while not (work / "busy").exists():
            time.sleep(0.1)
        executor = executors()[0]
        os.kill(executor, signal.SIGKILL)
        killed.append(executor)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    made = index_cluster(spark, str(synth), work / "killed", binary=slow, shards=8)
    thread.join(timeout=60)
    assert killed, "no executor was killed"
    same("an executor killed", work / "synth.one", made)


def executors():
    """Processes of the executors of this test's Spark, and of no other."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = [], [os.getpid()]
    while waiting:
        for child in children.get(waiting.pop(), []):
            waiting.append(child)
            if b"CoarseGrainedExecutorBackend" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


if __name__ == "__main__":
    main()
