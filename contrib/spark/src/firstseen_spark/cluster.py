"""What runs on the driver: the plan, the jobs and the answer."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark import cloudpickle
from pyspark.sql import SparkSession

from . import tasks

GROUP = "firstseen"
PLAN = "shards.jsonl"
PROPERTIES = ("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel")
FAN_IN = 8
"""How many baselines one task merges."""


class FirstseenError(Exception):
    """The binary is missing or ended with an error; the message is that of the binary."""


@dataclass(frozen=True)
class Failure:
    """A task that failed in all attempts."""

    what: str
    """`shard 3 of 8`, or `merge`."""
    status: int
    """Exit status of the binary."""
    message: str
    """What the binary wrote to stderr."""
    objects: tuple[str, ...]
    """Names of the objects of the shard."""


class ClusterError(FirstseenError):
    """Some tasks failed. What the others made is kept, and the same call continues there."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        self.failures = tuple(failures)
        super().__init__("\n".join(_told(failure) for failure in failures))


def _told(failure: Failure) -> str:
    shown, more = failure.objects[:5], len(failure.objects) - 5
    objects = "".join(f"\n  {name}" for name in shown) + (f"\n  and {more} more" if more > 0 else "")
    return f"{failure.what} failed with status {failure.status}: {failure.message}{objects}"


def find_binary(binary: str | os.PathLike[str] | None = None) -> str:
    """Path of the program: the argument, else `firstseen` in PATH, else in the scripts of this Python's packages."""
    if binary is not None:
        found = shutil.which(os.fspath(binary))
    else:
        found = shutil.which("firstseen") or shutil.which("firstseen", path=sysconfig.get_path("scripts"))
    if found is None:
        raise FirstseenError(f"there is no program {binary or 'firstseen'}")
    return os.path.abspath(found)


def index_cluster(
    spark: SparkSession,
    source: str | Sequence[str],
    output: str | os.PathLike[str],
    *,
    shards: int | None = None,
    work: str | os.PathLike[str] | None = None,
    binary: str | os.PathLike[str] | None = None,
    ship_binary: bool = True,
    archive_options: Sequence[str] = (),
    plan_options: Sequence[str] = (),
    index_options: Sequence[str] = (),
    memory: str = "512M",
    attempts: int = 2,
    keep_work: bool = False,
) -> str:
    """Reads archives on all executors into the baseline `output`, and gives its path.

    The baseline is, byte for byte, the one that `firstseen index` makes on one machine.

    `source` is a folder or `s3://bucket/prefix`, or several. Folders, `output` and `work` must have the same path on the driver and on
    all executors. A folder in `work` (by default that of `output`), named as `output` and `.work`, holds the shards and partial baselines,
    and is removed at the end unless `keep_work`. A partial baseline appears by a rename and is named by the `id` of its shard, so that
    retries and speculative tasks are harmless, and the same call continues an interrupted one. Files that options name, such as
    rules, must be there, too; if one changes between two calls, remove the folder.

    `shards` is by default four for each core of the cluster. `archive_options` are flags of `plan` and `index` (such as `--role-arn`),
    `plan_options` those of `plan` alone (such as `--read-from`), `index_options` those of `index` alone (such as `--principal-key`).
    `memory` is the memory of each task for large objects. A failed task is run again in up to `attempts` jobs.
    With `ship_binary` the driver sends the program to the executors, else it must be installed there at the same path.

    Raises `ClusterError` with the objects and messages of all shards that failed, and `FirstseenError` if the plan fails.
    """
    context = spark.sparkContext
    target = Path(os.path.abspath(output))
    if target.exists():
        raise FirstseenError(f"{target} exists already")
    program = find_binary(binary)
    if ship_binary:
        context.addFile(program)
    threads = int(context.getConf().get("spark.task.cpus") or 1)
    options = [*archive_options, *index_options]
    folder = _work_folder(Path(os.path.abspath(work or target.parent)) / f"{target.name}.work")
    partials = folder / _key(_run(program, "--version"), *options)
    partials.mkdir(exist_ok=True)

    sources = [_absolute(name) for name in ([source] if isinstance(source, str) else source)]
    wanted = shards or 4 * context.defaultParallelism
    planned = _plan(program, sources, wanted, [*archive_options, *plan_options], folder)
    limits = ["--threads", str(threads), "--memory", memory]
    runner = _Runner(spark, tasks.runner(program, ship_binary), attempts)
    try:
        baselines = _index(runner, planned, [*options, *limits], partials)
        tasks.publish(_merge(runner, baselines, partials), str(target))
    finally:
        runner.close()
    if not keep_work:
        shutil.rmtree(folder, ignore_errors=True)
    return str(target)


def _work_folder(folder: Path) -> Path:
    """The folder, new or of an earlier call; it is removed at the end, so it must not be anything else."""
    if folder.exists() and any(folder.iterdir()) and not (folder / PLAN).exists():
        raise FirstseenError(f"{folder} exists already, and is not of an earlier call")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PLAN).touch()
    return folder


def _absolute(source: str) -> str:
    """Executors have other working folders."""
    return source if source.startswith("s3://") else os.path.abspath(source)


def _run(program: str, *arguments: str) -> str:
    ended = subprocess.run([program, *arguments], capture_output=True, check=False, text=True, errors="replace")
    if ended.returncode not in tasks.OK:
        raise FirstseenError(f"firstseen {arguments[0]}: {ended.stderr.strip()}")
    return ended.stdout


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class _Shard:
    number: int
    of: int
    id: str
    path: str

    def name(self) -> str:
        return f"shard {self.number} of {self.of}"

    def objects(self) -> tuple[str, ...]:
        shard = json.loads(Path(self.path).read_text())
        archives = [name.rstrip("/") for name in shard["archives"]]
        return tuple(f"{archives[one['archive'] - 1]}/{one['path']}" for one in shard["objects"])


def _plan(program: str, sources: list[str], wanted: int, options: list[str], folder: Path) -> list[_Shard]:
    """Lists the archives, and writes each shard to a file of its own, so that a task reads no other."""
    plan = folder / PLAN
    _run(program, "plan", *sources, "--shards", str(wanted), *options, "--quiet", "-o", str(plan))
    planned = []
    with plan.open() as lines:
        for line in lines:
            shard = json.loads(line)
            path = folder / f"{shard['id']}.json"
            path.write_text(line)
            planned.append(_Shard(shard["shard"], shard["of"], shard["id"], str(path)))
    return planned


def _index(runner: _Runner, planned: list[_Shard], options: list[str], partials: Path) -> list[str]:
    targets = [str(partials / f"{shard.id}.baseline") for shard in planned]
    jobs = [
        (number, ["index", "--shard", shard.path, *options], target)
        for number, (shard, target) in enumerate(zip(planned, targets))
    ]
    failed = runner.run(f"firstseen: index {len(jobs)} shards", jobs)
    if failed:
        shards = [(planned[number], status, message) for number, status, message in failed]
        raise ClusterError([Failure(shard.name(), status, message, shard.objects()) for shard, status, message in shards])
    return targets


def _merge(runner: _Runner, baselines: list[str], partials: Path) -> str:
    """Merges as a tree: each round leaves an eighth of the baselines."""
    while len(baselines) > 1:
        parts = [baselines[start : start + FAN_IN] for start in range(0, len(baselines), FAN_IN)]
        targets = [part[0] if len(part) == 1 else str(partials / f"{_key(*part)}.baseline") for part in parts]
        jobs = [
            (number, ["merge", *part], target)
            for number, (part, target) in enumerate(zip(parts, targets))
            if len(part) > 1
        ]
        failed = runner.run(f"firstseen: merge {len(baselines)} baselines", jobs)
        if failed:
            raise ClusterError([Failure("merge", status, message, ()) for _, status, message in failed])
        baselines = targets
    return baselines[0]


class _Runner:
    """Runs tasks as jobs of one group in the Spark UI."""

    def __init__(self, spark: SparkSession, run: Callable[[tasks.Task], tasks.Outcome], attempts: int) -> None:
        self.context = spark.sparkContext
        self.function = run
        self.attempts = max(attempts, 1)
        self.before = {name: self.context.getLocalProperty(name) for name in PROPERTIES}
        # The functions are sent by value: the executors need not have this package.
        cloudpickle.register_pickle_by_value(tasks)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        cloudpickle.unregister_pickle_by_value(tasks)  # type: ignore[no-untyped-call]
        for name, value in self.before.items():
            self.context.setLocalProperty(name, value)  # type: ignore[arg-type]

    def run(self, description: str, jobs: list[tasks.Task]) -> list[tasks.Outcome]:
        """Runs all tasks, then again those that failed; gives what failed to the end."""
        failed: list[tasks.Outcome] = []
        for attempt in range(1, self.attempts + 1):
            again = f" (attempt {attempt})" if attempt > 1 else ""
            self.context.setJobGroup(GROUP, description + again, interruptOnCancel=True)
            outcomes = self.context.parallelize(jobs, len(jobs)).map(self.function).collect()
            failed = [outcome for outcome in outcomes if outcome[2]]
            if not failed:
                break
            numbers = {number for number, _, _ in failed}
            jobs = [job for job in jobs if job[0] in numbers]
        return failed
