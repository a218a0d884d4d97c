"""Runs one command and measures it: CPU of all its processes, wall time, peak memory. Linux only."""
import os
import statistics
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Dict, List, Tuple

LAUNCH = Path(__file__).resolve().with_name("launch.py")
MIB = 1024 * 1024


@dataclass
class Run:
    """One run of a command."""

    cpu: float
    """User and system seconds of the process and of all children it waited for."""
    wall: float
    memory: float
    """Peak memory in MiB: of the largest process, or the sum of all if they were watched."""
    status: int


@dataclass
class Contestant:
    """A program and its command."""

    name: str
    command: List[str]
    answer: Path
    runs: int
    pipeline: bool = False
    """Whether there are several processes, whose memory is summed during the warm-up."""
    accepted: Tuple[int, ...] = (0,)
    """Exit statuses that mean an answer."""
    done: List[Run] = field(default_factory=list)
    memory_of_all: float = 0.0
    failure: str = ""

    def median(self, what: str) -> float:
        """Median of `cpu`, `wall` or `memory` over the counted runs."""
        if what == "memory" and self.pipeline:
            return self.memory_of_all
        return statistics.median(getattr(run, what) for run in self.done)

    def spread(self, what: str, digits: int = 2) -> str:
        """Smallest and largest value over the counted runs."""
        values = [getattr(run, what) for run in self.done]
        return f"[{min(values):.{digits}f}..{max(values):.{digits}f}]"


def run_once(one: Contestant, watch_all: bool = False) -> Run:
    """Runs a contestant to its end. Raises `ChildProcessError` with its last line on stderr if it fails."""
    ours, theirs = os.pipe()
    launch = [sys.executable, "-I", "-S", str(LAUNCH), str(theirs), *one.command]
    launcher = subprocess.Popen(launch, stdout=DEVNULL, stderr=PIPE, pass_fds=[theirs])
    os.close(theirs)
    with launcher, open(ours, encoding="ascii") as report:
        session = int(report.readline() or sys.exit(f"error: cannot start {one.command[0]}"))
        watcher = GroupMemory(session) if watch_all else None
        complaint = launcher.communicate()[1].decode(errors="replace").strip()
        status, cpu, wall, peak = report.readline().split()
    memory = watcher.stop() if watcher else int(peak) * 1024 / MIB
    if int(status) not in one.accepted:
        last = complaint.splitlines()[-1] if complaint else "no message"
        raise ChildProcessError(f"exit status {status}: {last}")
    return Run(float(cpu), float(wall), memory, int(status))


class GroupMemory(threading.Thread):
    """Watches the resident memory of a session's processes, twenty times a second."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self.session = session
        self.peak = 0
        self.over = threading.Event()
        self.start()

    def run(self) -> None:
        """Takes samples until stopped."""
        while not self.over.wait(0.05):
            self.peak = max(self.peak, sum(resident_by_process(self.session).values()))

    def stop(self) -> float:
        """Stops watching and returns the peak in MiB."""
        self.over.set()
        self.join()
        return self.peak / MIB


def resident_by_process(session: int) -> Dict[int, int]:
    """Resident bytes of each process of a session."""
    page = os.sysconf("SC_PAGE_SIZE")
    resident = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            # The fields after the command's name, which may contain spaces: state, parent, group, session, ...
            fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # The process has ended.
        if int(fields[3]) == session:
            resident[int(entry)] = int(fields[21]) * page
    return resident
