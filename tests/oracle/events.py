#!/usr/bin/env python3
"""Holds `firstseen events` to an independent reading of the same archive, row for row.

    events.py --oracle ORACLE.py --firstseen BINARY [--duckdb] TREE [TREE...]

ORACLE.py reads files and names principals. Here are order, copies, first sightings and filters: all records are held in memory and
looked at one by one. Every row is compared with the fields in COMPARED, without a filter and with the filters in questions(), most of
whose values come from the archive itself; with --duckdb the Parquet file, too, as DuckDB reads it. Events of Kubernetes are left out.
Ends with status 1 and the first differences if anything disagrees.
"""
import argparse
import collections
import fnmatch
import importlib.util
import ipaddress
import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

DELIVERED = re.compile(r"_(\d{8})T\d{4}Z_[^/]*$")
# Of the other fields, this oracle has no reading of its own.
COMPARED = {"time", "account", "principal", "action", "outcome", "error_code", "error_message", "region", "source_ip", "user_agent",
            "access_key_id", "read_only", "resources", "event_id", "recipient_account", "object", "record", "first_sighting"}
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def load(path):
    spec = importlib.util.spec_from_file_location("oracle", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def told(micros):
    """A time as firstseen writes it."""
    text = (EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{micros % 1_000_000:06}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else text + "Z"


def arns(value, found):
    """Strings that start with arn:, each once, in the order of the text."""
    if isinstance(value, str):
        if value.startswith("arn:") and value not in found:
            found.append(value)
    elif isinstance(value, list):
        for item in value:
            arns(item, found)
    elif isinstance(value, dict):
        for item in value.values():
            arns(item, found)
    return found


def delivery_day(name):
    match = DELIVERED.search(name)
    return datetime.strptime(match.group(1), "%Y%m%d").toordinal() if match else None


def row_of(oracle, event, name, index, proofs):
    """The row of a record, or None if it is not an event. Fields that begin with _ are not published."""
    source, action = oracle.text(event.get("eventSource")), oracle.text(event.get("eventName"))
    micros = oracle.instant2(event.get("eventTime"))
    if not source or not action or source == "aws:s3" or micros is None:
        return None
    account, key = oracle.raw_key(event, proofs)
    identity = event.get("userIdentity") if isinstance(event.get("userIdentity"), dict) else {}
    response = event.get("responseElements") if isinstance(event.get("responseElements"), dict) else {}
    code, message = oracle.text(event.get("errorCode")), oracle.text(event.get("errorMessage"))
    failed = code or message or response.get("ConsoleLogin") == "Failure"
    read_only = event.get("readOnly")
    read_only = {"true": True, "false": False}.get(read_only, read_only) if isinstance(read_only, str) else read_only
    resources = []
    for member in ("resources", "requestParameters", "responseElements"):
        arns(event.get(member), resources)
    return {
        "time": told(micros), "account": account, "principal": key, "action": f"{source}:{action}",
        "outcome": "failure" if failed else "success", "error_code": code, "error_message": message,
        "region": oracle.text(event.get("awsRegion")), "source_ip": oracle.text(event.get("sourceIPAddress")),
        "user_agent": oracle.text(event.get("userAgent")), "access_key_id": oracle.text(identity.get("accessKeyId")),
        "read_only": read_only if isinstance(read_only, bool) else None, "resources": resources or None,
        "event_id": oracle.text(event.get("eventID")), "recipient_account": oracle.text(event.get("recipientAccountId")),
        "object": name, "record": index,
        "_time": micros, "_day": delivery_day(name), "_text": json.dumps(event, ensure_ascii=False),
        "_owner": oracle.text(event.get("recipientAccountId")) or oracle.text(identity.get("accountId")) or "",
    }


def without_copies(rows):
    """Of copies on the same or adjacent days of delivery the first in order; undated copies are near all others."""
    alike = collections.defaultdict(list)
    for number, row in enumerate(rows):
        if row["event_id"]:
            alike[row["_owner"], row["event_id"], row["_text"]].append(number)
    dropped = set()
    for numbers in alike.values():
        by_day = sorted(numbers, key=lambda number: (rows[number]["_day"] is not None, rows[number]["_day"] or 0))
        chains, undated = [], rows[by_day[0]]["_day"] is None
        for number in by_day:
            if chains and (undated or rows[number]["_day"] - rows[chains[-1][-1]]["_day"] <= 1):
                chains[-1].append(number)
            else:
                chains.append([number])
        for chain in chains:
            dropped.update(set(chain) - {min(chain)})
    return [row for number, row in enumerate(rows) if number not in dropped]


def read(oracle, tree):
    """All events of an archive, in order."""
    proofs, rows, stat = collections.defaultdict(set), [], collections.Counter()
    for folder, below, names in os.walk(tree):
        below.sort()
        for name in names:
            if name.endswith((".json", ".json.gz", ".jsonl", ".ndjson", ".jsonl.gz")):
                path = os.path.join(folder, name)
                inside = os.path.relpath(path, tree)
                for index, event in enumerate(oracle.events_of(path, stat)):
                    if isinstance(event, dict):
                        rows.append(row_of(oracle, event, inside, index, proofs))
    rows = [row for row in rows if row]
    users = collections.defaultdict(set)
    for row in rows:
        match = re.fullmatch(r"arn:[^:]*:iam::(\d*):user/(?:.*/)?([^/]+)", row["principal"])
        if match and match.group(1) == row["account"]:
            users[row["account"], match.group(2)].add(row["principal"])
    for row in rows:
        row["principal"] = oracle.resolve(row["account"], row["principal"], proofs, users)
    rows.sort(key=lambda row: (row["_time"], (row["event_id"] or "").encode(), row["object"].encode(), row["record"]))
    met = set()
    for row in rows:
        what = row["account"], row["principal"], row["action"]
        row["first_sighting"] = what not in met
        met.add(what)
    rows = without_copies(rows)
    for row in rows:
        row["account"] = None if row["account"] == "-" else row["account"]
        row["principal"] = None if row["principal"] == "-" else row["principal"]
    return rows


def glob(pattern, text, fold=False):
    if text is None:
        return False
    return fnmatch.fnmatchcase(text.lower(), pattern.lower()) if fold else fnmatch.fnmatchcase(text, pattern)


def plain(text):
    return re.sub(r"([*?[])", r"[\1]", text)


def common(rows, field):
    """A value that is neither among the most frequent nor the rarest; `none` if no event has one."""
    counts = collections.Counter(row[field] for row in rows if row[field] and not isinstance(row[field], list))
    ranked = sorted(counts, key=lambda value: (-counts[value], value))
    return ranked[len(ranked) // 3] if ranked else "none"


def is_in(network, address):
    try:
        return ipaddress.ip_address(address or "") in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def questions(rows):
    """Flags, and whether they want a row."""
    yield [], lambda row: True
    principal = common(rows, "principal")
    yield ["--principal", plain(principal)], lambda row: row["principal"] == principal
    short = (principal or "").rsplit("/", 1)[-1]
    yield ["--principal", plain(short)], lambda row: short in (row["principal"], (row["principal"] or "").rsplit("/", 1)[-1])
    service = common(rows, "action").split(".", 1)[0]
    yield ["--action", f"{service}:*"], lambda row: row["action"].split(":")[0].split(".")[0].lower() == service.lower()
    account, region = common(rows, "account"), common(rows, "region")
    yield ["--account", account, "--region", region], lambda row: (row["account"], row["region"]) == (account, region)
    middle, later = rows[len(rows) // 3]["_time"], rows[len(rows) // 2]["_time"]
    yield ["--from", told(middle)], lambda row: row["_time"] >= middle
    address = common(rows, "source_ip")
    network = f"{address}/24" if re.fullmatch(r"[\d.]+", address) else "198.51.100.0/25"
    yield ["--ip", network], lambda row: is_in(network, row["source_ip"])
    key, agent = common(rows, "access_key_id"), common(rows, "user_agent")
    yield ["--access-key", key[:9] + "*"], lambda row: glob(key[:9] + "*", row["access_key_id"])
    yield ["--user-agent", plain(agent[:8].upper()) + "*"], lambda row: glob(plain(agent[:8]) + "*", row["user_agent"], True)
    yield ["--error", "accessdenied*", "--from", told(middle)], lambda row: row["_time"] >= middle and (
        glob("accessdenied*", row["error_code"], True) or glob("accessdenied*", row["error_message"], True))
    ids = sorted({row["event_id"] for row in rows if row["event_id"]})[::97]
    yield ["--event-id", "@ids"], lambda row: row["event_id"] in set(ids)
    yield ["--resource", "arn:aws:s3:::*"], lambda row: any(glob("arn:aws:s3:::*", arn) for arn in row["resources"] or [])
    yield ["--text", "bUcKeTnAmE", "--only-mutating"], lambda row: (
        "bucketname" in row["_text"].lower() and row["read_only"] is not True)


def published(row):
    return {field: value for field, value in row.items() if not field.startswith("_") and value is not None}


def compare(name, want, have):
    """Whether rows agree; prints the first that do not."""
    have = [{field: row[field] for field in row if field in COMPARED and row[field] is not None} for row in have]
    want = [published(row) for row in want]
    same = want == have
    print(f"  {name}: {len(want)} expected, {len(have)} found: {'equal' if same else 'DIFFERENT'}")
    if not same:
        for expected, found in [pair for pair in zip(want, have) if pair[0] != pair[1]][:3]:
            print("   -", expected, "\n   +", found)
    return same


def run(binary, tree, flags, work, output):
    command = [binary, "events", tree, "--source", "cloudtrail", "--quiet", "-o", output, *flags]
    done = subprocess.run(list(map(str, command)), cwd=work, check=False, stderr=subprocess.PIPE)
    if done.returncode not in (0, 3):
        sys.exit(f"{command} ended with status {done.returncode}: {done.stderr.decode()}")


def of_json_lines(path):
    with open(path, encoding="utf-8") as lines:
        return [row for row in map(json.loads, lines) if "time" in row]


def of_parquet(source, order=""):
    """The rows of Parquet files, as DuckDB reads them."""
    import duckdb
    duckdb.sql("SET TimeZone = 'UTC'")
    answer = duckdb.sql(f"SELECT * REPLACE (epoch_us(time) AS time) FROM {source} {order}")
    names = answer.columns
    rows = [dict(zip(names, values)) for values in answer.fetchall()]
    return [{**row, "time": told(row["time"])} for row in rows]


def check(oracle, binary, tree, with_duckdb):
    rows = read(oracle, tree)
    print(f"{tree}: {len(rows)} events, {sum(row['first_sighting'] for row in rows)} first sightings")
    same = True
    with tempfile.TemporaryDirectory() as work:
        ids = sorted({row["event_id"] for row in rows if row["event_id"]})[::97]
        Path(work, "ids").write_text("# ids\n" + "\n".join(ids) + "\n", encoding="utf-8")
        for number, (flags, is_wanted) in enumerate(questions(rows)):
            # One thread and two, with room for all events and for few.
            flags = [*flags, "--threads", 1 + number % 2, *(["--memory", "64K"] if number % 3 == 1 else [])]
            output = Path(work, "events.jsonl")
            run(binary, tree, flags, work, output)
            same &= compare(" ".join(map(str, flags)), filter(is_wanted, rows), of_json_lines(output))
        if with_duckdb:
            output = Path(work, "events.parquet")
            run(binary, tree, [], work, output)
            same &= compare("Parquet in DuckDB", rows, of_parquet(f"'{output}'"))
            run(binary, tree, ["--partition"], work, "parts")
            parts = f"read_parquet('{work}/parts/*/*/*.parquet', hive_partitioning = true, hive_types_autocast = false)"
            order = "ORDER BY time, coalesce(event_id, ''), object, record"
            same &= compare("Parquet by account and day in DuckDB", rows, of_parquet(parts, order))
    return same


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", required=True)
    parser.add_argument("--firstseen", type=Path, required=True)
    parser.add_argument("--duckdb", action="store_true")
    parser.add_argument("trees", nargs="+")
    options = parser.parse_args()
    oracle, binary = load(options.oracle), options.firstseen.resolve()
    same = [check(oracle, binary, str(Path(tree).resolve()), options.duckdb) for tree in options.trees]
    sys.exit(0 if all(same) else 1)


if __name__ == "__main__":
    main()
