"""An archive in which every text that an attacker can choose attacks the page that shows it."""

import gzip
import json
import pathlib

# Each would set a mark, ask for an address, end an element, or turn the page around.
ATTACKS = [
    "<script>window.pwned=1</script>",
    "</script><script>window.pwned=1</script>",
    "\"><img src=x onerror=window.pwned=1>",
    "' onmouseover='window.pwned=1' autofocus onfocus='window.pwned=1",
    "javascript:window.pwned=1",
    "<a href=javascript:window.pwned=1>x</a>",
    "[x](javascript:window.pwned=1) <https://attacker.invalid/x>",
    "https://attacker.invalid/pixel.png",
    "<svg onload=window.pwned=1><style>body{display:none}</style>",
    "<!-- --><![CDATA[ ]]></textarea></title></style></svg></details></article>",
    "{{ 7 * 7 }}{% raw %}${7*7}<%= 7*7 %>#{7*7}",
    "&lt;script&gt;window.pwned=1&lt;/script&gt;&#60;b&#62;",
    "\u202egnp.exe\u2066x\u2069\u200f\u200b\u00ad",
    "a\u0000b\u001b[2Jc\u2028d\u2029e\r\nf",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d" * 40,
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 100% (1)",
    "W" * 5000,
    "=cmd|' /C calc'!A0",
    "__proto__",
    "constructor",
]


def record(time, user, action, attack, **changes):
    """A record whose texts are all the attack, but for those that must be sound to be read as one."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "principalId": f"AIDA{attack}", "arn": f"arn:aws:iam::111122223333:user/{user}",
                         "accountId": "111122223333", "accessKeyId": f"ASIA{attack}", "userName": user,
                         "sessionContext": {"attributes": {"creationDate": time}}},
        "eventTime": time, "eventSource": f"{attack}.amazonaws.com", "eventName": action, "awsRegion": attack,
        "sourceIPAddress": attack, "userAgent": attack, "errorCode": attack, "errorMessage": attack,
        "eventID": f"{time}{attack}", "readOnly": False, "recipientAccountId": "111122223333",
    } | changes


def quiet(time, user):
    """What a user does every day."""
    return record(time, user, "ListBuckets", "s3", eventSource="s3.amazonaws.com", awsRegion="eu-west-1",
                  sourceIPAddress="198.51.100.7", userAgent="aws-cli/2.15", errorCode=None)


def write(folder):
    """Writes the archive: quiet days, then every attack by a user of its own name, and a file that is no log."""
    root = pathlib.Path(folder)
    users = [f"u{number}{attack}" for number, attack in enumerate(ATTACKS)]
    days = [f"2024-0{month}-{day:02}" for month in (1, 2, 3) for day in range(1, 28, 3)]
    for day in days:
        deliver(root, "eu-west-1", day, [quiet(f"{day}T10:00:00Z", user) for user in users])
    for number, (user, attack) in enumerate(zip(users, ATTACKS)):
        day = f"2024-04-{number + 1:02}"
        records = [record(f"{day}T{hour:02}:00:0{hour % 10}Z", user, f"{attack}{hour}", attack) for hour in range(9, 12)]
        records.append(record(f"{day}T12:00:00Z", user, "CreateAccessKey", attack, eventSource="iam.amazonaws.com",
                              errorCode=None))
        deliver(root, "eu-west-1", day, records)
    broken = root / "AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/01/<img src=x onerror=window.pwned=1>.json.gz"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"\x1f\x8bgarbage")


def deliver(root, region, day, records):
    """Writes one log object."""
    name = f"111122223333_CloudTrail_{region}_{day.replace('-', '')}T1205Z_0123456789abcdef.json.gz"
    path = root / f"AWSLogs/111122223333/CloudTrail/{region}/{day.replace('-', '/')}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode(), mtime=0))
