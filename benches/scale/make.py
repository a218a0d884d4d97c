"""Makes archives that are large in one way: many principals, many tiny records, many accounts, and more.

    python3 benches/scale/make.py KIND COUNT FOLDER

See README.md for the kinds. The same arguments give the same bytes.
"""

import argparse
import datetime
import gzip
import json
import pathlib

START = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
BATCH = 5000
SERVICES = ["s3", "ec2", "iam", "sts", "kms", "lambda", "sqs", "dynamodb"]
VERBS = ["Get", "List", "Describe", "Create", "Delete", "Put", "Update", "Tag"]
THINGS = ["Bucket", "Key", "Function", "Queue", "Table", "Role", "Policy", "Image", "Alias", "Stack"]


def action(number):
    """Service and call of an action by number; the first 640 look real, later ones contain a number."""
    service = SERVICES[number % 8]
    name = VERBS[number // 8 % 8] + THINGS[number // 64 % 10]
    return service + ".amazonaws.com", name if number < 640 else f"{name}{number}"


def record(number, account, role, act, seconds, **more):
    """A call by a role session."""
    source, name = action(act)
    time = (START + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    arn = f"arn:aws:iam::{account:012}:role/{role}"
    unique = f"AROA{abs(hash_of(role)) % 10**16:016}"
    return {
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"{unique}:session",
            "arn": f"arn:aws:sts::{account:012}:assumed-role/{role}/session",
            "accountId": f"{account:012}",
            "accessKeyId": f"ASIA{number % 10**16:016}",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": unique,
                    "arn": arn,
                    "accountId": f"{account:012}",
                    "userName": role,
                }
            },
        },
        "eventTime": time,
        "eventSource": source,
        "eventName": name,
        "awsRegion": ["eu-west-1", "us-east-1"][number % 2],
        "sourceIPAddress": f"198.51.{number // 256 % 256}.{number % 256}",
        "userAgent": "aws-cli/2.15.0 Python/3.11.6 Linux/6.1.0",
        "eventID": f"{number:08x}-1111-4222-8333-{number:012x}",
        "readOnly": name.startswith(("Get", "List", "Describe")),
        "eventType": "AwsApiCall",
        "recipientAccountId": f"{account:012}",
        **more,
    }


def hash_of(text):
    """A hash of a text that is the same in every run."""
    number = 0
    for byte in text.encode():
        number = (number * 131 + byte) % (1 << 61)
    return number


def principals(count):
    """Roles of 50 accounts with four actions each, over 100 days."""
    for number in range(4 * count):
        role, turn = number % count, number // count
        seconds = turn * 25 * 86_400 + role % (20 * 86_400)
        yield record(number, 111122220000 + role % 50, f"team/role-{role}", (role + turn * 7) % 640, seconds)


def crowd(count):
    """`count` roles, one after another, all with the same action."""
    for number in range(count):
        yield record(number, 111122220000 + number % 50, f"role-{number}", 3, number * 60 % (300 * 86_400))


def accounts(count):
    """`count` accounts with one role each, which has one known action and a new one after 60 days."""
    for number in range(2 * count):
        account, turn = number % count, number // count
        yield record(number, 200000000000 + account, "Deploy", turn, turn * 60 * 86_400 + account % 86_400)


def actions(count):
    """Ten roles with `count` different actions in total."""
    for number in range(count):
        yield record(number, 111122220000, f"role-{number % 10}", number, number % (300 * 86_400))


def days(count):
    """`count` behaviours, each on 365 days."""
    for number in range(365 * count):
        behaviour, day = number % count, number // count
        yield record(number, 111122220000, f"role-{behaviour // 10}", behaviour % 10, day * 86_400 + behaviour % 86_400)


def long_names(count):
    """Roles with names of 8,000 characters."""
    for number in range(2 * count):
        role, turn = number % count, number // count
        yield record(number, 111122220000, "x" * 8000 + str(role), turn, turn * 40 * 86_400 + role)


def hits(count):
    """`count` calls of one action by 300 roles, for a rule that matches all of them."""
    for number in range(count):
        more = {"requestParameters": {"bucketName": f"bucket-{number % 1000}", "key": f"folder/object-{number}"}}
        yield record(number, 111122220000, f"role-{number % 300}", 3, number % (90 * 86_400), **more)


def clusters(count):
    """`count` users of a Kubernetes cluster that are IAM roles, and those roles in CloudTrail."""
    for number in range(count):
        yield record(number, 111122220000, f"role-{number}", 3, number % (90 * 86_400))
    for number in range(count):
        time = (START + datetime.timedelta(seconds=number % (90 * 86_400))).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        yield {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "Metadata",
            "auditID": f"{number:08x}-aaaa-4bbb-8ccc-{number:012x}",
            "stage": "ResponseComplete",
            "requestURI": "/api/v1/namespaces/shop/secrets",
            "verb": "list",
            "user": {
                "username": f"user-{number}",
                "extra": {"arn": [f"arn:aws:sts::111122220000:assumed-role/role-{number}/session"]},
            },
            "sourceIPs": ["198.51.100.7"],
            "objectRef": {"resource": "secrets", "namespace": "shop", "apiVersion": "v1"},
            "responseStatus": {"code": 200},
            "requestReceivedTimestamp": time,
            "stageTimestamp": time,
        }


def write_batches(records, folder):
    """Writes batches with CloudTrail's file names, one per 5,000 records, in the order of the records."""
    batch, number = [], 0

    def flush():
        nonlocal batch, number
        if batch:
            day = START + datetime.timedelta(minutes=10 * number)
            name = f"111122220000_CloudTrail_eu-west-1_{day:%Y%m%dT%H%MZ}_{number:016}.json.gz"
            path = folder / f"AWSLogs/111122220000/CloudTrail/eu-west-1/{day:%Y/%m/%d}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"Records": batch}, separators=(",", ":")).encode()
            path.write_bytes(gzip.compress(text, 1, mtime=0))
            batch, number = [], number + 1

    for one in records:
        batch.append(one)
        if len(batch) == BATCH:
            flush()
    flush()


def write_lines(records, folder):
    """Writes one file of JSON lines, whose name has no delivery time."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "events.jsonl", "w", encoding="utf-8") as file:
        for one in records:
            file.write(json.dumps(one, separators=(",", ":")) + "\n")


def write_tiny(count, folder):
    """Writes minimal records to one file of JSON lines."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "events.jsonl", "w", encoding="utf-8") as file:
        for number in range(count):
            minute = number * 7 // 60 % 60
            file.write(
                f'{{"eventTime":"2025-03-{number % 28 + 1:02}T{number % 24:02}:{minute:02}:00Z",'
                f'"eventSource":"s3.amazonaws.com","eventName":"GetObject","eventID":"{number}",'
                f'"userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/u{number % 100}",'
                f'"accountId":"111122223333"}}}}\n'
            )


def write_objects(count, folder):
    """Writes `count` objects of one record each."""
    for number in range(count):
        day = START + datetime.timedelta(minutes=number % 400_000)
        name = f"111122220000_CloudTrail_eu-west-1_{day:%Y%m%dT%H%MZ}_{number:016}.json.gz"
        path = folder / f"AWSLogs/111122220000/CloudTrail/eu-west-1/{day:%Y/%m/%d}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        one = record(number, 111122220000, f"role-{number % 100}", number % 50, number % 400_000 * 60)
        path.write_bytes(gzip.compress(json.dumps({"Records": [one]}).encode(), 1, mtime=0))


BATCHES = {
    "principals": principals,
    "crowd": crowd,
    "accounts": accounts,
    "actions": actions,
    "days": days,
    "long-names": long_names,
    "hits": hits,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=[*BATCHES, "clusters", "tiny", "objects"])
    parser.add_argument("count", type=int)
    parser.add_argument("folder", type=pathlib.Path)
    args = parser.parse_args()
    if args.kind == "tiny":
        write_tiny(args.count, args.folder)
    elif args.kind == "objects":
        write_objects(args.count, args.folder)
    elif args.kind == "clusters":
        write_lines(clusters(args.count), args.folder)
    else:
        write_batches(BATCHES[args.kind](args.count), args.folder)


if __name__ == "__main__":
    main()
