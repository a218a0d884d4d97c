#!/usr/bin/env python3
"""Lists a bucket of millions of objects that do not exist; prints requests, CPU, wall time and peak memory of `firstseen plan`.

    python3 benches/s3/listing.py OBJECTS... [--accounts 20] [--regions 5] [--days 365] [--shards 64] [--firstseen target/release/firstseen]

The bucket is a server on the loopback that computes the pages of ListObjectsV2 from their numbers. It is another process, and is not
counted, but it shares the processors. Linux only.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[2]
PAGE = 1000
REGIONS = ["ap-southeast-2", "ca-central-1", "eu-central-1", "eu-west-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-2"]


class Bucket:
    """Keys as CloudTrail delivers them: the same number in each account, Region and day."""

    def __init__(self, objects, accounts, regions, days):
        self.folders = [f"AWSLogs/{111100000000 + account}/CloudTrail/{region}/" for account in range(accounts) for region in REGIONS[:regions]]
        self.of_day = max(1, objects // (len(self.folders) * days))
        self.days = [date(2024, 1, 1) + timedelta(days=day) for day in range(days)]

    def __len__(self):
        return len(self.folders) * len(self.days) * self.of_day

    def key(self, folder, number):
        """The key of an object, in the order of S3."""
        _, account, _, region, _ = folder.split("/")
        day, number = self.days[number // self.of_day], number % self.of_day
        minute = number * 1440 // self.of_day
        delivered = f"{day:%Y%m%d}T{minute // 60:02}{minute % 60:02}Z"
        return f"{folder}{day:%Y/%m/%d}/{account}_CloudTrail_{region}_{delivered}_{number:016}.json.gz"

    def below(self, prefix):
        """The names one level below a prefix that lies above the days."""
        return sorted({prefix + name[len(prefix):].split("/")[0] + "/" for name in self.folders if name.startswith(prefix)})

    def page(self, prefix, start):
        """Keys from a number on, and the next number if there is one: of one Region, since nobody lists more of them at once."""
        folder = next((name for name in self.folders if prefix.startswith(name) or name.startswith(prefix)), None)
        if folder is None:
            return [], None
        last = len(self.days) * self.of_day
        keys = [self.key(folder, number) for number in range(start, min(start + PAGE, last))]
        return [key for key in keys if key.startswith(prefix)], start + PAGE if start + PAGE < last else None


def server_of(bucket):
    """A server for that bucket, which counts its requests."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.server.requests += 1
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            prefix, more = query.get("prefix", ""), None
            if "delimiter" in query and (names := bucket.below(prefix)):
                found = "".join(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in names)
            elif "delimiter" in query:
                years = sorted({f"{prefix}{day:%Y}/" for day in bucket.days}) if prefix in bucket.folders else []
                found = "".join(f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>" for name in years)
            else:
                keys, more = bucket.page(prefix, int(query.get("continuation-token", 0)))
                rest = '<LastModified>2025-01-01T00:00:00Z</LastModified><ETag>"0123456789abcdef0123456789abcdef-1"</ETag><Size>20000</Size><StorageClass>STANDARD</StorageClass>'
                found = "".join(f"<Contents><Key>{key}</Key>{rest}</Contents>" for key in keys)
            token = "" if more is None else f"<NextContinuationToken>{more}</NextContinuationToken>"
            body = (
                f'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>logs</Name><Prefix>{escape(prefix)}</Prefix>'
                f"<IsTruncated>{'false' if more is None else 'true'}</IsTruncated>{token}{found}</ListBucketResult>"
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests = 0
    return server


def serve(bucket):
    """Starts the server in a process of its own; returns its number and URL."""
    server = server_of(bucket)
    child = os.fork()
    if child == 0:
        server.serve_forever()
    return child, f"http://127.0.0.1:{server.server_port}"


def environment(url):
    """Nothing but that server is asked."""
    none = {name: os.devnull for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
    keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1"}
    return {**os.environ, **none, **keys, "AWS_ENDPOINT_URL": url, "AWS_EC2_METADATA_DISABLED": "true"}


def main():
    """Plans for each number of objects."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("objects", type=int, nargs="+")
    parser.add_argument("--accounts", type=int, default=20)
    parser.add_argument("--regions", type=int, default=5)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--shards", type=int, default=64)
    parser.add_argument("--firstseen", type=Path, default=ROOT / "target/release/firstseen")
    args = parser.parse_args()
    print("| objects | CPU s | wall s | peak MiB | plan, MB |", "|---|---|---|---|---|", sep="\n")
    for objects in args.objects:
        bucket = Bucket(objects, args.accounts, args.regions, args.days)
        child, url = serve(bucket)
        with tempfile.TemporaryDirectory() as work:
            plan = Path(work, "plan.jsonl")
            command = [str(args.firstseen), "plan", "s3://logs/AWSLogs", "--shards", str(args.shards), "-o", str(plan), "-q"]
            before = os.times().elapsed
            run = subprocess.Popen(command, env=environment(url))
            _, status, used = os.wait4(run.pid, 0)
            wall = os.times().elapsed - before
            os.kill(child, 9)
            if os.waitstatus_to_exitcode(status) != 0:
                sys.exit(f"{' '.join(command)} failed")
            cells = [f"{len(bucket):,}", f"{used.ru_utime + used.ru_stime:.1f}", f"{wall:.0f}"]
            cells += [f"{used.ru_maxrss / 1024:.0f}", f"{plan.stat().st_size / 1e6:.0f}"]
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
