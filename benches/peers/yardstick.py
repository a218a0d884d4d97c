#!/usr/bin/env python3
"""Compares the CPU of a scan with the least that any reader of the same files must spend.

    python3 benches/peers/yardstick.py ARCHIVE [--runs 5] [--firstseen target/release/firstseen]

Runs in turn, so that all share the machine's moods: `cat`, `libdeflate-gzip -dc` and `firstseen scan` with one
thread and with one for each core. Prints medians as a Markdown table. Needs Linux and Debian's libdeflate-tools.
"""
import argparse
import os
import shutil
from pathlib import Path
from typing import List

from measure import Contestant, run_once

ROOT = Path(__file__).resolve().parent.parent.parent
FIND = "find \"$0\" -name '*.gz' -print0 | xargs -0"
HEAD = "| | CPU s [min..max] | wall s | peak MiB | CPU to inflating | CPU to cat |"


def contestants(archive: Path, firstseen: Path, runs: int) -> List[Contestant]:
    """The commands: `cat`, inflating, then scans."""

    def line(name: str, command: List[str]) -> Contestant:
        # Exit status 3: answered, but some input could not be read.
        return Contestant(name, command, Path(os.devnull), runs, accepted=(0, 3))

    tools = ["cat", "libdeflate-gzip -dc"]
    lines = [line(tool, ["sh", "-c", f"{FIND} {tool} > /dev/null", str(archive)]) for tool in tools]
    for threads in sorted({1, os.cpu_count() or 1}):
        scan = [str(firstseen), "scan", str(archive), "--threads", str(threads), "--quiet"]
        lines.append(line(f"firstseen scan --threads {threads}", scan))
    return lines


def row(one: Contestant, inflating: Contestant, cat: Contestant) -> str:
    """One line of the table."""
    cells = [f"`{one.name}`", f"{one.median('cpu'):.3f} {one.spread('cpu', 3)}"]
    cells += [f"{one.median('wall'):.2f}", f"{one.median('memory'):.0f}"]
    cells += [f"{one.median('cpu') / base.median('cpu'):.2f}" for base in (inflating, cat)]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Runs the whole comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each, after one to warm up")
    parser.add_argument("--firstseen", type=Path, default=ROOT / "target/release/firstseen")
    args = parser.parse_args()
    if shutil.which("libdeflate-gzip") is None:
        parser.error("libdeflate-gzip is not found. On Debian: apt-get install libdeflate-tools")
    lines = contestants(args.archive, args.firstseen, args.runs)
    for turn in range(args.runs + 1):
        for one in lines:
            result = run_once(one)
            if turn > 0:
                one.done.append(result)
    cat, inflating = lines[:2]
    print(HEAD, "|---|---|---|---|---|---|", sep="\n")
    for one in lines:
        print(row(one, inflating, cat))


if __name__ == "__main__":
    main()
