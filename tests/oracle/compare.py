#!/usr/bin/env python3
"""Holds `firstseen scan` to an independent answer, row for row.

    compare.py --oracle ORACLE.py --firstseen BINARY TREE [TREE...]

ORACLE.py TREE --keys 2 --days N,... --out DIR writes first-seen-Nd.tsv: eventTime, ACCOUNT|PRINCIPAL, action, eventID, object,
birth. Compared are time, principal, action, event id and object of every `new-action` finding, in order, for each N.
Of a tree with folders of several accounts it also compares baselines: one for each of these folders, merged, must be byte for
byte the one of all of them, under every principal key, and `scan` must find the same in it as in the folders.
Ends with status 1 and the first differences if anything disagrees.
"""
import argparse
import csv
import io
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

DAYS = [0, 1, 7, 14, 30, 90]


KEYS = ["arn", "id", "session", "access-key", "sso-user"]
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))?")


def micros(text):
    """An event time as the oracle read it: microseconds since the epoch."""
    day, clock, fraction, sign, hours, minutes = TIME.fullmatch(text).groups()
    seconds = int(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=timezone.utc).timestamp())
    if sign:
        seconds -= (1 if sign == "+" else -1) * (int(hours) * 3600 + int(minutes) * 60)
    return seconds * 1_000_000 + int(((fraction or "") + "000000")[:6])


def expected(path):
    rows = []
    with open(path, encoding="utf-8", errors="surrogatepass") as lines:
        for line in lines:
            time, principal, action, event_id, obj, _birth = line.rstrip("\n").split("\t")
            account, key = principal.split("|", 1)
            rows.append((micros(time), account, key, action, event_id, obj))
    return sorted(rows)


def run(binary, *arguments):
    command = [binary, *map(str, arguments), "--quiet"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 3):
        sys.exit(f"{' '.join(command)} ended with status {done.returncode}")
    return done.stdout


def found(binary, tree, days, threads):
    out = run(binary, "scan", tree, "--warmup", f"{days}d", "--report", "new-action", "--format", "csv", "--csv-raw",
              "--threads", threads)
    rows = []
    for row in csv.DictReader(io.StringIO(out.decode(), newline="")):
        key = (micros(row["time"]), row["account"] or "-", row["principal"] or "-", row["action"],
               row["event_id"], row["object"])
        rows.append(key)
    if rows != sorted(rows, key=lambda row: row[:4]):
        sys.exit(f"{tree}, N={days}: the rows are not sorted")
    return sorted(rows)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def merged_is_whole(binary, tree, work):
    """Whether baselines of parts give what one of the whole gives."""
    parts = sorted(path for path in Path(tree).glob("AWSLogs/*") if path.is_dir())
    if len(parts) < 2:
        return True
    same = True
    for key in KEYS:
        shards = [work / f"{key}-{number}.baseline" for number in range(len(parts))]
        for part, shard in zip(parts, shards):
            run(binary, "index", part, "-o", shard, "--principal-key", key)
        merged, whole = work / f"{key}-merged.baseline", work / f"{key}-whole.baseline"
        run(binary, "merge", *reversed(shards), "-o", merged)
        run(binary, "index", *parts, "-o", whole, "--principal-key", key)
        ask = ["--warmup", "0d", "--format", "csv", "--csv-raw"]
        answers = [run(binary, "scan", merged, *ask), run(binary, "scan", *parts, "--principal-key", key, *ask),
                   run(binary, "scan", *shards, *ask)]
        equal = files(merged) == files(whole) and len(set(answers)) == 1
        print(f"{tree}: {len(parts)} parts merged, key {key}: {'equal' if equal else 'DIFFERENT'}")
        same &= equal
    return same


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", required=True)
    parser.add_argument("--firstseen", required=True)
    parser.add_argument("trees", nargs="+")
    args = parser.parse_args()
    failed = False
    for tree in args.trees:
        with tempfile.TemporaryDirectory() as out:
            days = ",".join(map(str, DAYS))
            subprocess.run([sys.executable, args.oracle, tree, "--keys", "2", "--days", days, "--out", out],
                           stdout=subprocess.DEVNULL, check=True)
            for n in DAYS:
                want = expected(Path(out) / f"first-seen-{n}d.tsv")
                have = found(args.firstseen, tree, n, 1 + n % 2)
                same = want == have
                failed |= not same
                print(f"{tree}: N={n}: {len(want)} expected, {len(have)} found: {'equal' if same else 'DIFFERENT'}")
                for sign, rows in (("-", set(want) - set(have)), ("+", set(have) - set(want))):
                    for row in sorted(rows)[:5]:
                        print("  ", sign, row)
        with tempfile.TemporaryDirectory() as work:
            failed |= not merged_is_whole(args.firstseen, tree, Path(work))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
