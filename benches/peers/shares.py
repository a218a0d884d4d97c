#!/usr/bin/env python3
"""Says on what a scan spends its CPU, by sampling it, and its ratio to inflating alone.

    python3 benches/peers/shares.py ARCHIVE [--runs 5] [--firstseen target/release/firstseen] [-- FLAGS of scan]

Samples `firstseen scan --threads 1` with Linux perf, and sums samples by function into stages. Differences between runs with and without a
stage are no measure of it: what a stage leaves in the caches, another finds there. A function that the compiler has put into its caller counts as
the caller. Needs Debian's linux-perf and libdeflate-tools. Prints a Markdown table.
"""
import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import run_once
from yardstick import ROOT, contestants

# The first that matches counts. Names as perf prints them: of functions, or of what they are in.
STAGES = [
    ("kernel", r"^\[k\]"),
    ("inflating", r"deflate_decompress|build_decode_table|libdeflate_|zlib_rs|decode::unpack"),
    ("checksum", r"crc32|crc_fast"),
    ("UTF-8", r"simdutf8"),
    ("skipping nested values", r"vectorize|decode::record::simd|decode::record::json"),
    ("reading records", r"decode::record|decode::find|decode::"),
    ("meaning", r"firstseen::event|firstseen::time|firstseen::actions"),
    ("copies", r"duplicates|fingerprint|quicksort|smallsort|foldhash"),
    ("principals and actions", r"firstseen::observe|firstseen::learn|firstseen::model|firstseen::baseline|hashbrown|core::hash"),
    ("listing and opening", r"firstseen::source|walkdir|std::sys::fs|std::fs"),
    ("allocating, moving and comparing memory", r"libc|malloc|free|mem(cpy|move|cmp|set|chr)|alloc::"),
]


def stage(place: str) -> str:
    """The stage of a function."""
    return next((name for name, pattern in STAGES if re.search(pattern, place)), "other")


def shares(command: list) -> "collections.Counter[str]":
    """Samples for each stage."""
    with tempfile.TemporaryDirectory() as work:
        data = os.path.join(work, "perf.data")
        record = ["perf", "record", "--quiet", "--event", "cpu-clock", "--freq", "2999", "--output", data, *command]
        done = subprocess.run(record, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode not in (0, 3):
            sys.exit(f"error: {done.stderr.strip().splitlines()[-1]}")
        script = ["perf", "script", "--input", data, "--fields", "ip,sym,dso"]
        lines = subprocess.run(script, capture_output=True, text=True, check=True).stdout.splitlines()
    counts: "collections.Counter[str]" = collections.Counter()
    for line in lines:
        _, _, place = line.strip().partition(" ")
        in_kernel = "kernel" in place.rsplit("(", 1)[-1]
        counts[stage(f"[k] {place}" if in_kernel else place)] += 1
    return counts


def main() -> None:
    """Measures both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each, after one to warm up")
    parser.add_argument("--firstseen", type=Path, default=ROOT / "target/release/firstseen")
    parser.add_argument("flags", nargs="*", help="more flags of scan, after --")
    args = parser.parse_args()
    inflating, scan = contestants(args.archive, args.firstseen, args.runs)[1:3]
    scan.command += args.flags
    samples: "collections.Counter[str]" = collections.Counter()
    for turn in range(args.runs + 1):
        for one in (inflating, scan):
            result = run_once(one)
            if turn > 0:
                one.done.append(result)
        if turn > 0:
            samples += shares(scan.command)
    yardstick = inflating.median("cpu")
    ratio = scan.median("cpu") / yardstick
    all_samples = sum(samples.values())
    print(f"scan {scan.median('cpu'):.3f} s {scan.spread('cpu', 3)}, inflating {yardstick:.3f} s {inflating.spread('cpu', 3)}: {ratio:.2f}\n")
    print("| stage | share of the scan | in units of inflating alone |", "|---|---|---|", sep="\n")
    for name, count in samples.most_common():
        print(f"| {name} | {100 * count / all_samples:.1f} % | {ratio * count / all_samples:.3f} |")


if __name__ == "__main__":
    main()
