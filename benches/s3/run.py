"""Scans a folder and the same folder as a bucket on the loopback; prints requests, bytes, CPU and memory.

    python3 benches/s3/run.py FOLDER [--runs N] [--concurrency 1,8,32] [--delay MS]

Medians of N runs, one after another in turn. The store (benches/s3/store.rs) is another process and is not counted, but it
shares the processors, so that wall times are those of both. Findings are compared byte for byte.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--concurrency", default="1,4,8,16,32,64,128")
    parser.add_argument("--delay", type=int, default=0, help="milliseconds that the store takes for each answer")
    args = parser.parse_args()
    firstseen, store = build()
    levels = [int(level) for level in args.concurrency.split(",")]
    with tempfile.TemporaryDirectory() as work:
        os.symlink(args.folder.resolve(), pathlib.Path(work) / "logs")
        server = subprocess.Popen([store, work, str(args.delay)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            measure(firstseen, args.folder, server.stdout.readline().strip(), levels, args.runs)
        finally:
            server.stdin.close()
            server.wait()


def build():
    """Builds the program and the server in release mode."""
    found = {}
    for command in (["build", "--release"], ["bench", "--no-run", "--bench", "s3-store"]):
        out = subprocess.run(["cargo", *command, "--locked", "--message-format=json"], cwd=ROOT, check=True, capture_output=True)
        for line in out.stdout.splitlines():
            message = json.loads(line)
            if message.get("executable"):
                found[message["target"]["name"]] = message["executable"]
    return found["firstseen"], found["s3-store"]


def measure(firstseen, folder, url, levels, runs):
    environment = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench-secret",
        "AWS_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }
    local = [firstseen, "scan", str(folder)]
    ways = {"folder": local} | {
        f"bucket, {level} at once": [firstseen, "scan", "s3://logs", "--concurrency", str(level)] for level in levels
    }
    costs = {way: [] for way in ways}
    answers = {}
    for _ in range(runs + 1):
        for way, command in ways.items():
            cost, answer, said = run([*command, "--format", "csv", "--warmup", "0d"], environment)
            costs[way].append(cost)
            answers.setdefault(way, (answer, said))
    if len({answer for answer, _ in answers.values()}) != 1:
        sys.exit("the answers differ")
    objects = sum(path.is_file() for path in folder.rglob("*"))
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{objects} objects, {size / 1e6:.1f} MB as stored; medians of {runs} runs; all answers are equal")
    print(f"{'':24} {'wall s':>8} {'CPU s':>8} {'ratio':>7} {'objects/s':>10} {'MB/s':>7} {'MiB peak':>9}")
    base = None
    for way, values in costs.items():
        wall, cpu, peak = (statistics.median(values) for values in zip(*values[1:]))
        base = base or cpu
        rate = objects / wall
        print(f"{way:24} {wall:8.2f} {cpu:8.2f} {cpu / base:7.2f} {rate:10.0f} {size / wall / 1e6:7.1f} {peak / 1024:9.0f}")
    print(next(line for line in answers[way][1].splitlines() if line.startswith("S3: ")))


def run(command, environment):
    """Runs a scan; returns wall and CPU seconds, peak memory in KiB, the answer, and standard error."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        begin = time.monotonic()
        child = subprocess.Popen(command, stdout=out, stderr=said, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - begin
        out.seek(0)
        said.seek(0)
        if child.returncode != 0:
            sys.exit(f"{command} ended with {child.returncode}: {said.read().decode()}")
        return (wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss), out.read(), said.read().decode()


if __name__ == "__main__":
    main()
