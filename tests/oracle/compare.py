#!/usr/bin/env python3
"""Holds `firstseen scan` to an independent answer, row for row.

    compare.py --oracle ORACLE.py --firstseen BINARY TREE [TREE...]

ORACLE.py TREE --days N,... --out DIR writes first-seen-Nd.tsv: eventTime, ACCOUNT|PRINCIPAL, action, eventID, object,
birth. Compared are time, principal, action, event id and object of every `new-action` finding, in order, for each N.
Ends with status 1 and the first differences if the two disagree.
"""
import argparse
import csv
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

DAYS = [0, 1, 7, 14, 30, 90]


def micros(text):
    """An event time as the oracle read it: microseconds since the epoch."""
    body, fraction = text, "0"
    zone = "Z" if text.endswith("Z") else text[-6:]
    body = text[: -len(zone)]
    if "." in body:
        body, fraction = body.split(".")
    seconds = int(datetime.fromisoformat(body).replace(tzinfo=timezone.utc).timestamp())
    if zone != "Z":
        sign = 1 if zone[0] == "+" else -1
        seconds -= sign * (int(zone[1:3]) * 3600 + int(zone[4:6]) * 60)
    return seconds * 1_000_000 + int((fraction + "000000")[:6])


def expected(path):
    rows = []
    with open(path, encoding="utf-8", errors="surrogatepass") as lines:
        for line in lines:
            time, principal, action, event_id, obj, _birth = line.rstrip("\n").split("\t")
            account, key = principal.split("|", 1)
            rows.append((micros(time), account, key, action, event_id, obj))
    return sorted(rows)


def found(binary, tree, days, threads):
    command = [binary, "scan", tree, "--warmup", f"{days}d", "--report", "new-action", "--format", "csv",
               "--csv-raw", "--quiet", "--threads", str(threads)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 3):
        sys.exit(f"{' '.join(command)} ended with status {done.returncode}")
    rows = []
    for row in csv.DictReader(done.stdout.decode().splitlines()):
        key = (micros(row["time"]), row["account"] or "-", row["principal"] or "-", row["action"],
               row["event_id"], row["object"])
        rows.append(key)
    if rows != sorted(rows, key=lambda row: row[:4]):
        sys.exit(f"{tree}, N={days}: the rows are not sorted")
    return sorted(rows)


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
            subprocess.run([sys.executable, args.oracle, tree, "--days", days, "--out", out],
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
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
