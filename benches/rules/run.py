#!/usr/bin/env python3
"""What rules cost: a scan of an archive without rules, with each of some rule files, with the rules of the program, and with 800
rules made for this archive (many.py), in turns; medians, and ratios to the scan without rules.

    python3 benches/rules/run.py ARCHIVE [--falco FILE]… [--firstseen target/release/firstseen] [--rounds 5] [--threads 1]
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent


def run(command):
    """CPU seconds and peak memory in MiB."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        sys.exit(f"{' '.join(command)} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive")
    parser.add_argument("--falco", action="append", default=[], help="a file of Falco's rules")
    parser.add_argument("--firstseen", default="target/release/firstseen")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        actions = pathlib.Path(work, "actions.csv")
        listed = [args.firstseen, "baseline", args.archive, "--by", "action", "-f", "csv", "-q", "-o", str(actions)]
        subprocess.run(listed, check=True)
        subprocess.run([sys.executable, str(HERE / "many.py"), str(actions), f"{work}/many"], check=True)
        flags = {"no rules": []}
        flags |= {pathlib.Path(file).name: ["--rules", file] for file in args.falco}
        flags["own rules"] = ["--builtin-rules"]
        flags["800 rules"] = ["--rules", f"{work}/many/falco.yaml", "--sigma", f"{work}/many/sigma.yml"]
        scan = [args.firstseen, "scan", args.archive, "-q", "-f", "jsonl", "--threads", str(args.threads)]
        measured = {name: [] for name in flags}
        for turn in range(args.rounds + 1):
            for name, more in flags.items():
                result = run(scan + more)
                if turn:
                    measured[name].append(result)
        base = statistics.median(cpu for cpu, _ in measured["no rules"])
        print(f"{'':<28}{'CPU s':>8}{'min':>8}{'max':>8}{'MiB':>6}{'ratio':>8}")
        for name, results in measured.items():
            cpus = [cpu for cpu, _ in results]
            cpu, peak = statistics.median(cpus), statistics.median(peak for _, peak in results)
            print(f"{name:<28}{cpu:8.3f}{min(cpus):8.3f}{max(cpus):8.3f}{peak:6.0f}{cpu / base:8.3f}")


if __name__ == "__main__":
    main()
