#!/usr/bin/env python3
"""Makes many rules about the actions that an archive holds, for measurements: half of them Falco's, half Sigma's.

    firstseen baseline ARCHIVE --by action --format csv --output actions.csv
    python3 benches/rules/many.py actions.csv OUT [--rules 800]

The rules are dealt over the actions, the most frequent first, so that common events have rules of their own, too. Nineteen of
twenty name an action, as rules in the field do, and two of three of these also look into the request. Every twentieth names
none and looks at the user agent, the error or the source address of every event. Rules about the action alone are made only for
the rarer half of the actions: nobody keeps a rule that matches what happens all the time."""

import argparse
import csv
import pathlib

BROAD = [
    ("userAgent", "kali"), ("userAgent", "parrot"), ("userAgent", "pentoo"), ("userAgent", "pacu"),
    ("errorCode", "UnauthorizedOperationX"), ("sourceIPAddress", "203.0.113."), ("userIdentity.arn", "backdoor"),
    ("userAgent", "ScoutSuite"), ("userAgent", "prowler"), ("userIdentity.type", "SAMLUserX"),
]
FALCO = {"userAgent": "ct.useragent", "errorCode": "ct.error", "sourceIPAddress": "ct.srcip",
         "userIdentity.arn": "ct.user.arn", "userIdentity.type": "ct.user.identitytype"}


def actions(path):
    counts = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            if ":" in row["action"] and ".amazonaws.com" in row["action"]:
                counts[row["action"]] = counts.get(row["action"], 0) + int(row["count"])
    return sorted(counts, key=lambda action: (-counts[action], action))


def falco(number, action, is_common):
    if action is None:
        field, text = BROAD[number % len(BROAD)]
        condition = f'{FALCO[field]} contains "{text}{number}"'
    else:
        source, name = action.split(":")
        condition = f"ct.src={source} and ct.name={name} and not ct.error exists"
        if number % 3 == 0 and is_common:
            condition += f' and ct.useragent contains "tool-{number}"'
        elif number % 3:
            condition += f' and (json.value[/requestParameters/name]="x{number}" or ct.request contains "evil-{number}")'
    return f"""- rule: Falco {number}
  desc: Made for a measurement
  condition: {condition}
  output: user=%ct.user.arn
  priority: NOTICE
  source: aws_cloudtrail
"""


def sigma(number, action, is_common):
    if action is None:
        field, text = BROAD[number % len(BROAD)]
        selection = f"        {field}|contains: {text}{number}\n"
    else:
        source, name = action.split(":")
        selection = f"        eventSource: {source}\n        eventName: {name}\n"
        if number % 3 == 0 and is_common:
            selection += f"        userAgent|contains: tool-{number}\n"
        elif number % 3:
            selection += f"        requestParameters.policyDocument|contains:\n            - evil{number}\n            - bad{number}\n"
    return f"""title: Sigma {number}
logsource:
    product: aws
    service: cloudtrail
detection:
    selection:
{selection}    filter:
        userIdentity.arn|endswith: /expected{number}
    condition: selection and not filter
level: medium
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("actions")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--rules", type=int, default=800)
    args = parser.parse_args()
    known = actions(args.actions)
    texts = {"falco": [], "sigma": []}
    for number in range(args.rules):
        place = number // 2 % len(known)
        action = None if number % 20 == 0 else known[place]
        language = "falco" if number % 2 else "sigma"
        texts[language].append((falco if language == "falco" else sigma)(number, action, place < len(known) / 2))
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "falco.yaml").write_text("".join(texts["falco"]))
    (args.out / "sigma.yml").write_text("---\n".join(texts["sigma"]))
    print(f"{args.rules} rules about {len(known)} actions")


if __name__ == "__main__":
    main()
