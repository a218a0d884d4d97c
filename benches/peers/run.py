#!/usr/bin/env python3
"""Compares firstseen with DuckDB, ClickHouse (chdb) and `zcat | jq` on one archive and one question.

The question: the first time of each principal (account and key) and action. README.md says how the comparison
is kept honest. Needs Linux, PyPI for the two databases, and jq.

Exit status: 0 all answers are equal; 1 they differ or a contestant failed; 2 wrong usage.
"""
import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Tuple

import measure
import report
from contestants import PEERS, line_up, peers
from measure import Contestant

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("archive", type=Path, help="folder of CloudTrail log objects (*.gz)")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each (default: 5)")
    parser.add_argument("--jq-runs", type=int, default=2, help="counted runs of jq, a slow one (default: 2)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="for each but jq (default: all)")
    parser.add_argument("--peers", type=peers, default=PEERS, metavar="NAME[@VERSION][:VARIANT],...",
                        help="which peers; NAME is duckdb, chdb or jq (default: %(default)s)")
    parser.add_argument("--firstseen", type=Path, default=ROOT / "target/release/firstseen")
    parser.add_argument("--venv", type=Path, default=ROOT / "target/peers-venv", help="made if missing")
    parser.add_argument("--work", type=Path, default=ROOT / "target/peers", help="where the answers go")
    parser.add_argument("--json", type=Path, help="also write everything measured to this file")
    args = parser.parse_args()
    for path in ("archive", "firstseen", "venv", "work"):
        # Not `resolve`: a virtual environment is a link to the Python that made it.
        setattr(args, path, Path(os.path.abspath(getattr(args, path))))
    check(parser, args)
    return args


def check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuses arguments that cannot work."""
    if args.runs < 1 or args.jq_runs < 1 or args.threads < 1:
        parser.error("--runs, --jq-runs and --threads must be at least 1")
    if not args.archive.is_dir():
        parser.error(f"{args.archive} is not a folder")
    if set(str(args.archive)) & set("*?[]{}"):
        parser.error(f"{args.archive}: the databases take *, ?, [, ], {{ and }} in a path for a glob")
    if not args.firstseen.is_file():
        parser.error(f"{args.firstseen} is missing. Build it: cargo build --locked --release")


def survey(archive: Path) -> Dict[str, int]:
    """Counts the objects of the archive; this also brings its directories into the cache."""
    found = {"objects": 0, "bytes": 0, "others": 0}
    for folder, _, names in os.walk(archive):
        for name in names:
            if name.endswith(".gz"):
                found["objects"] += 1
                found["bytes"] += os.path.getsize(os.path.join(folder, name))
            else:
                found["others"] += 1
    return found


def digest(path: Path) -> str:
    """Digest of a file, read in pieces to keep this process small."""
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 16), b""):
            sha.update(piece)
    return sha.hexdigest()


def warm_up(running: List[Contestant]) -> Dict[str, str]:
    """Runs each contestant once without counting. Returns the digests of the answers."""
    digests = {}
    for one in running:
        print(f"warm-up: {one.name}", file=sys.stderr)
        try:
            one.memory_of_all = measure.run_once(one, watch_all=one.pipeline).memory
            digests[one.name] = digest(one.answer)
        except ChildProcessError as error:
            one.failure = str(error)
    return digests


def compare(running: List[Contestant]) -> Tuple[bool, str]:
    """Compares the answers, in a separate process."""
    paths = [str(one.answer) for one in running]
    if len(paths) < 2:
        return True, "no answers were compared: no peer is here"
    command = [sys.executable, str(HERE / "answers.py"), *paths]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    verdict = "answers are equal" if done.returncode == 0 else "answers DIFFER"
    return done.returncode == 0, f"{verdict}:\n{done.stdout.strip()}"


def count(running: List[Contestant], digests: Dict[str, str]) -> None:
    """The counted runs. Contestants take turns, so variations of the machine's speed affect all of them."""
    for turn in range(max(one.runs for one in running)):
        for one in running:
            if turn >= one.runs or one.failure:
                continue
            print(f"run {turn + 1} of {one.runs}: {one.name}", file=sys.stderr)
            try:
                one.done.append(measure.run_once(one))
                if digest(one.answer) != digests[one.name]:
                    one.failure = f"run {turn + 1} gave another answer than the warm-up"
            except ChildProcessError as error:
                one.failure = str(error)


def main() -> int:
    """Runs the whole comparison."""
    args = arguments()
    found = survey(args.archive)
    everyone = line_up(args)
    able = [one for one in everyone if not one.failure]
    digests = warm_up(able)
    running = [one for one in able if not one.failure]
    if everyone[0].failure:
        sys.exit(f"error: firstseen failed: {everyone[0].failure}")
    agreed, verdict = compare(running)
    if agreed:
        count(running, digests)
    names = report.versions(args, everyone)
    print(f"archive: {found['objects']} objects, {found['bytes'] / 1e6:.0f} MB gzip; threads: {args.threads}")
    if found["others"]:
        print(f"note: {found['others']} files without .gz are left out by the peers, not by firstseen")
    print(f"versions: {', '.join(f'{name}: {version}' for name, version in names.items())}\n{verdict}")
    if agreed:
        print("\n".join(report.table(everyone)))
    if any(run.status for run in everyone[0].done):
        print("note: firstseen could not read everything; `firstseen scan` without --quiet says what")
    if args.json:
        facts = {"archive": found, "versions": names, "equal": agreed}
        args.json.write_text(report.as_json(args, everyone, facts))
    return 0 if agreed and not any(one.failure for one in able) else 1


if __name__ == "__main__":
    sys.exit(main())
