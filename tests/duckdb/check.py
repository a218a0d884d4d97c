#!/usr/bin/env python3
"""Holds saved baselines to `firstseen scan`, asked in SQL by DuckDB.

    check.py --firstseen BINARY [--docs docs/formats.md] TREE [TREE...]

The queries are those of docs/formats.md, word for word: every ```sql block, named by its first comment. The first three
must give the rows of `firstseen scan`; `merge`, asked of one baseline for each half of a tree, must give the tables of a
baseline of the whole tree; the others must run. Ends with status 1 if anything differs. Needs the packages `duckdb` and `pytz`.
"""
import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile
from datetime import timezone
from pathlib import Path

import duckdb

KINDS = {"new-action": [], "new-principal": [], "returning-action": ["--forget", "30d"]}


def queries(docs):
    blocks = re.findall(r"```sql\n-- (\S+)\n(.*?)```", docs.read_text(), re.S)
    return {name: [part for part in text.split(";") if part.strip()] for name, text in blocks}


def run(binary, *arguments):
    done = subprocess.run([binary, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 3):
        sys.exit(f"firstseen {' '.join(map(str, arguments))}: {done.stderr.decode()}")
    return done.stdout.decode()


def told(value):
    """A value of SQL as scan writes it."""
    if hasattr(value, "isoformat"):
        value = value.astimezone(timezone.utc) if value.tzinfo else value.replace(tzinfo=timezone.utc)
        digits = f".{value.microsecond:06}".rstrip("0") if value.microsecond else ""
        return value.strftime("%Y-%m-%dT%H:%M:%S") + digits + "Z"
    return "" if value in (None, "-") else str(value)


def scanned(binary, kind, flags, columns):
    text = run(binary, "scan", "case.baseline", "--warmup", "30d", "--report", kind, *flags, "--format", "csv",
               "--csv-raw", "--quiet")
    return [tuple(row[column] for column in columns) for row in csv.DictReader(text.splitlines())]


def check_kinds(binary, sql):
    columns = {"first": "time", "hour": "time"}
    for kind, flags in KINDS.items():
        answer = duckdb.sql(sql[kind][0])
        names = [columns.get(name, name) for name in answer.columns]
        rows = sorted(tuple(told(value) for value in row) for row in answer.fetchall())
        expected = sorted(scanned(binary, kind, flags, names))
        if rows != expected:
            wrong = sorted(set(rows) ^ set(expected))[:4]
            sys.exit(f"{kind}: {len(rows)} rows in SQL, {len(expected)} of scan; of one only: {wrong}")
        print(f"  {kind}: {len(rows)} rows, equal")


def check_merge(binary, sql, halves, whole):
    """Merged by SQL, the tables of two halves are those of the whole, copies apart."""
    keys = {"behaviours": ["first", "first_success", "last", "count", "errors", "event_id"],
            "activity": ["hours", "success_hours", "count", "errors"]}
    for number, half in enumerate(halves):
        run(binary, "index", *half, "-o", f"{number}.baseline", "--quiet")
    run(binary, "merge", "0.baseline", "1.baseline", "-o", "merged", "--quiet")
    run(binary, "index", *whole, "-o", "whole", "--quiet")
    for name in sorted(os.listdir("whole")):
        if Path("whole", name).read_bytes() != Path("merged", name).read_bytes():
            sys.exit(f"merge: {name} differs from indexing everything at once")
    copies = duckdb.sql("SELECT (SELECT count(*) FILTER (is_copy) FROM 'whole/records.parquet')"
                        " - (SELECT count(*) FILTER (is_copy) FROM '?.baseline/records.parquet')").fetchall()[0][0]
    for query, (table, columns) in zip(sql["merge"], keys.items()):
        by_sql = duckdb.sql(query.replace("*.baseline", "?.baseline"))
        if copies:
            columns = [column for column in columns if column not in ("count", "errors")]
        key = "account, principal, action" + (", day" if table == "activity" else "")
        chosen = f"SELECT {key}, {', '.join(columns)}"
        rows = duckdb.sql(f"{chosen} FROM by_sql ORDER BY ALL").fetchall()
        expected = duckdb.sql(f"{chosen} FROM 'whole/{table}.parquet' ORDER BY ALL").fetchall()
        if rows != expected:
            sys.exit(f"merge: {table} merged by SQL differs from indexing everything at once")
        print(f"  merge: {len(rows)} rows of {table}, equal ({copies} copies in both halves)")


def check(binary, sql, tree, zone):
    print(f"{tree}, time zone {zone}")
    accounts = sorted(path for path in (tree / "AWSLogs").iterdir() if path.is_dir())
    run(binary, "index", tree, "-o", "case.baseline", "--quiet")
    check_kinds(binary, sql)
    for name in sql.keys() - KINDS.keys() - {"merge"}:
        duckdb.sql(sql[name][0]).fetchall()
    os.rename("case.baseline", "case")
    check_merge(binary, sql, [accounts[::2], accounts[1::2]], accounts)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--firstseen", type=Path, required=True)
    parser.add_argument("--docs", type=Path, default=Path(__file__).parents[2] / "docs/formats.md")
    parser.add_argument("trees", type=Path, nargs="+")
    options = parser.parse_args()
    sql, binary = queries(options.docs), options.firstseen.resolve()
    if not sql.keys() >= KINDS.keys() | {"merge"}:
        sys.exit(f"{options.docs} lacks queries: {sorted(sql)}")
    for tree in [tree.resolve() for tree in options.trees]:
        for zone in ["UTC", "Asia/Tokyo"]:
            duckdb.sql(f"SET TimeZone = '{zone}'")
            with tempfile.TemporaryDirectory() as work:
                os.chdir(work)
                check(binary, sql, tree, zone)
                os.chdir("/")


main()
