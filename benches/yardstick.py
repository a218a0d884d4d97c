#!/usr/bin/env python3
"""Compares the CPU of a scan with the least that any reader of the same files must spend.

    python3 benches/yardstick.py ARCHIVE [--runs 5] [--firstseen target/release/firstseen]

Runs in turn, so that all share the machine's moods: `cat`, `libdeflate-gzip -dc` and `firstseen scan` with one
thread and with one for each core. Prints medians as a Markdown table. Needs Linux and Debian's libdeflate-tools.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, Tuple

ROOT = Path(__file__).resolve().parent.parent
FIND = "find \"$0\" -name '*.gz' -print0 | xargs -0"
HEAD = ["", "CPU s [min..max]", "wall s", "peak MiB", "CPU to inflating", "CPU to cat"]


def contestants(archive: Path, firstseen: Path) -> Dict[str, List[str]]:
    """What runs, by name."""

    def scan(threads: int) -> List[str]:
        return [str(firstseen), "scan", str(archive), "--threads", str(threads), "--quiet"]

    def shell(tool: str) -> List[str]:
        return ["sh", "-c", f"{FIND} {tool} > /dev/null", str(archive)]

    lines = {"cat": shell("cat"), "libdeflate-gzip -dc": shell("libdeflate-gzip -dc")}
    for threads in sorted({1, os.cpu_count() or 1}):
        lines[f"firstseen scan --threads {threads}"] = scan(threads)
    return lines


def run(command: List[str]) -> Tuple[float, float, float]:
    """CPU seconds of the process and all it waited for, wall seconds, peak MiB of the largest of them."""
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    # 3: answered, but some input could not be read.
    if process.returncode not in (0, 3):
        sys.exit(f"error: {' '.join(command)}: exit status {process.returncode}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def main() -> None:
    """The whole comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each, after one to warm up")
    parser.add_argument("--firstseen", type=Path, default=ROOT / "target/release/firstseen")
    args = parser.parse_args()
    if shutil.which("libdeflate-gzip") is None:
        parser.error("libdeflate-gzip is not found. On Debian: apt-get install libdeflate-tools")
    lines = contestants(args.archive, args.firstseen)
    done: Dict[str, List[Tuple[float, float, float]]] = {name: [] for name in lines}
    for turn in range(args.runs + 1):
        for name, command in lines.items():
            result = run(command)
            if turn > 0:
                done[name].append(result)
    median = {name: [statistics.median(column) for column in zip(*runs)] for name, runs in done.items()}
    print("| " + " | ".join(HEAD) + " |")
    print("|" + "---|" * len(HEAD))
    for name, (cpu, wall, peak) in median.items():
        times = [result[0] for result in done[name]]
        cells = [f"`{name}`", f"{cpu:.3f} [{min(times):.3f}..{max(times):.3f}]", f"{wall:.2f}", f"{peak:.0f}"]
        cells += [f"{cpu / median[base][0]:.2f}" for base in ("libdeflate-gzip -dc", "cat")]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
