"""Writes the results: as a table, and as JSON for programs."""
import argparse
import json
import os
import platform
import subprocess
from typing import Any, Dict, List

from measure import Contestant

HEAD = "| | runs | CPU s, median [min..max] | wall s | peak MiB | CPU ratio | wall ratio | memory ratio |"
MEASURES = ("cpu", "wall", "memory")


def table(everyone: List[Contestant]) -> List[str]:
    """The figures as a Markdown table."""
    base = everyone[0]
    lines = [HEAD, "|---|---|---|---|---|---|---|---|"]
    for one in everyone:
        if one.failure:
            lines.append(f"| {one.name} | not measured: {one.failure} | | | | | | |")
            continue
        ratios = [f"{one.median(what) / base.median(what):.1f}" for what in MEASURES]
        cells = [one.name, str(len(one.done)), f"{one.median('cpu'):.2f} {one.spread('cpu')}"]
        cells += [f"{one.median('wall'):.2f}", f"{one.median('memory'):.0f}", *ratios]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def output_of(command: List[str]) -> str:
    """The first line of a program's output, for its version."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return (done.stdout.strip().splitlines() or ["unknown"])[0]


def versions(args: argparse.Namespace, everyone: List[Contestant]) -> Dict[str, str]:
    """The versions of the compared programs."""
    found = {"firstseen": output_of([str(args.firstseen), "--version"])}
    show = "import importlib.metadata as m, sys; print(*(f'{p} {m.version(p)}' for p in sys.argv[1:]))"
    packages = {"duckdb": ["duckdb"], "chdb": ["chdb", "chdb-core"]}
    for peer, one in zip(args.peers, everyone[1:]):
        if one.failure:
            continue
        if peer.name in packages:
            found[peer.label] = output_of([one.command[0], "-c", show, *packages[peer.name]])
        else:
            found[peer.label] = output_of(["jq", "--version"])
    return {**found, "Python": platform.python_version()}


def as_json(args: argparse.Namespace, everyone: List[Contestant], facts: Dict[str, object]) -> str:
    """All results."""
    rows = []
    for one in everyone:
        row: Dict[str, Any] = {"name": one.name, "command": one.command, "not_measured": one.failure or None}
        row["runs"] = [vars(run) for run in one.done]
        if one.done and not one.failure:
            row["median"] = {what: one.median(what) for what in MEASURES}
        rows.append(row)
    whole = {"threads": args.threads, "cores": os.cpu_count(), **facts, "contestants": rows}
    return json.dumps(whole, indent=1) + "\n"
