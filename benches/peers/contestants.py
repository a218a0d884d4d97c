"""The contestants: their names, and how to install and start them."""
import argparse
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import List

from measure import Contestant

HERE = Path(__file__).resolve().parent

# DuckDB 1.5.6 answers this question with less CPU than 2.0.0, so both are here.
PEERS = "duckdb,duckdb@1.5.6:columns,chdb,jq"


@dataclass
class Peer:
    """A peer on the command line: `NAME[@VERSION][:VARIANT]`."""

    label: str
    name: str
    version: str
    variant: str

    @classmethod
    def parse(cls, label: str) -> "Peer":
        """Parses one peer; raises `argparse.ArgumentTypeError`."""
        match = re.fullmatch(r"(?:(duckdb|chdb)(?:@([0-9.]+))?(?::([a-z-]+))?)|(jq)", label)
        if not match:
            raise argparse.ArgumentTypeError(f"{label!r} is no NAME[@VERSION][:VARIANT]")
        return cls(label, match[1] or match[4], match[2] or "", match[3] or "")

    def pins(self) -> List[str]:
        """The packages to install."""
        if self.version:
            return [f"{self.name}=={self.version}"]
        lines = (HERE / "requirements.txt").read_text().split()
        return [line for line in lines if line.startswith(self.name)]

    def venv(self, base: Path) -> Path:
        """The virtual environment: one for the pinned versions, another for every other version."""
        return base.with_name(f"{base.name}-{self.name}-{self.version}") if self.version else base


def peers(text: str) -> List[Peer]:
    """Parses a list of peers."""
    return [Peer.parse(label) for label in text.split(",")]


def line_up(args: argparse.Namespace) -> List[Contestant]:
    """All contestants, firstseen first; those that cannot run have a reason."""
    args.work.mkdir(parents=True, exist_ok=True)
    everyone = [firstseen(args)]
    for peer in args.peers:
        one = pipeline(args) if peer.name == "jq" else database(peer, args)
        one.failure = missing_tools() if peer.name == "jq" else missing_packages(peer, args.venv)
        everyone.append(one)
    return everyone


def firstseen(args: argparse.Namespace) -> Contestant:
    """Without warmup, every first sighting is a new action, so one report is the whole answer."""
    answer = args.work / "firstseen.csv"
    command = [str(args.firstseen), "scan", str(args.archive), "--warmup", "0s", "--report", "new-action"]
    command += ["--threads", str(args.threads), "--csv-raw", "--quiet", "--output", str(answer)]
    # 3: answered, but some input could not be read. The comparison of the answers decides.
    return Contestant("firstseen", command, answer, args.runs, accepted=(0, 3))


def pipeline(args: argparse.Namespace) -> Contestant:
    """zcat and jq."""
    answer = args.work / "jq.csv"
    command = ["bash", str(HERE / "jq_best.sh"), str(args.archive), str(answer)]
    return Contestant("zcat, jq", command, answer, args.jq_runs, pipeline=True)


def database(peer: Peer, args: argparse.Namespace) -> Contestant:
    """DuckDB or ClickHouse, each in its own Python process."""
    answer = args.work / f"{re.sub('[@:]', '-', peer.label)}.csv"
    command = [str(peer.venv(args.venv) / "bin/python"), str(HERE / f"{peer.name}_best.py")]
    command += [str(args.archive), str(answer), "--threads", str(args.threads)]
    if peer.variant:
        command += ["--variant", peer.variant]
    return Contestant(peer.label, command, answer, args.runs)


def missing_tools() -> str:
    """The reason why jq cannot be measured here, if any."""
    needed = [tool for tool in ("jq", "zcat", "awk", "bash") if shutil.which(tool) is None]
    return f"{', '.join(needed)} not found. On Debian: apt-get install jq gzip mawk bash" if needed else ""


def missing_packages(peer: Peer, base: Path) -> str:
    """Installs the packages of a peer, unless already installed. Returns the reason for a failure, if any."""
    venv, pins = peer.venv(base), peer.pins()
    stamp = venv / f"{peer.name}.installed"
    if stamp.exists() and stamp.read_text().split() == pins:
        return ""
    print(f"installing {' '.join(pins)} into {venv}", file=sys.stderr)
    steps = [[str(venv / "bin/python"), "-m", "pip", "install", "--quiet", *pins]]
    if not (venv / "bin/python").exists():
        steps.insert(0, [sys.executable, "-m", "venv", str(venv)])
    for step in steps:
        done = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            errors = [line for line in done.stdout.splitlines() if "error" in line.lower()]
            why = errors[-1:] or ["no message"]
            return f"`python {' '.join(step[1:])}` failed ({why[0].strip()}). It needs python3-venv and PyPI"
    stamp.write_text("\n".join(pins))
    return ""
