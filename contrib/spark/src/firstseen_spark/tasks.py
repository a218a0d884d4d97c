"""What runs on the executors: the binary, in a scratch folder, and the move of its baseline to the shared folder.

Only the standard library and pyspark are used. The driver sends these functions with the tasks, so that this package need
not be installed on the executors.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

OK = (0, 3)
"""Exit statuses of the binary with a baseline: everything read, and something could not be read."""


Task = tuple[int, list[str], str]
"""Its number, the arguments of the binary without the output, and the path of the baseline that it makes."""

Outcome = tuple[int, int, str]
"""Number of the task, exit status of the binary, and its message; without a message the baseline is in place."""


def runner(binary: str, shipped: bool) -> Callable[[Task], Outcome]:
    """The function that runs one task. It takes and gives only lists, texts and numbers, which need no classes there."""

    def run(task: Task) -> Outcome:
        number, arguments, target = task
        if os.path.isdir(target):
            return number, 0, ""
        program = _shipped(binary) if shipped else binary
        with tempfile.TemporaryDirectory(prefix="firstseen-") as scratch:
            baseline = os.path.join(scratch, "task.baseline")
            status, message = _run([program, *arguments, "--quiet", "-o", baseline])
            if not message:
                publish(baseline, target)
        return number, status, message

    return run


def _run(command: list[str]) -> tuple[int, str]:
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    except OSError as error:
        return -1, f"{command[0]} does not run: {error}"
    if ended.returncode in OK:
        return ended.returncode, ""
    said = ended.stderr.decode(errors="replace").strip()
    return ended.returncode, said[-4000:] or "it wrote no message"


def publish(baseline: str, target: str) -> None:
    """Copies a baseline beside `target`, then renames it. If another task was first, its baseline is the same and stays."""
    incoming = f"{target}.incoming-{uuid.uuid4().hex}"
    try:
        shutil.copytree(baseline, incoming)
        os.rename(incoming, target)
    except OSError:
        if not os.path.isdir(target):
            raise
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _shipped(binary: str) -> str:
    from pyspark import SparkFiles

    return SparkFiles.get(Path(binary).name)
