#!/usr/bin/env python3
"""Makes an archive of callers of every kind, named in every way that records name them.

    principals.py -o FOLDER [--seed N] [--records N]

Every identity type that AWS documents, with any of its fields missing, empty or of another type; unique ids that stand beside
an ARN in one record and alone in another, of one account or two; users that were renamed or share a name; event times in every
form that is read. The records are spread over the folders of three accounts, whatever account they are of, so that what
one folder names another one may prove. The same seed makes the same archive.
"""
import argparse
import gzip
import json
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path

ACCOUNTS = ["111122223333", "000123456789", "444455556666"]
NAMES = ["eva", "bob", "zoë", "jo@example.org", "a b"] + ["name-%02d" % n for n in range(99)]
PATHS = ["", "team/", "team/ci/"]
UIDS = ["AIDAEXAMPLE%02d" % n for n in range(30)] + ["AROAEXAMPLE%02d" % n for n in range(30)] + ["AIDASHORT", "AROA"]
PEOPLE = ["11111111-aaaa-4bbb-8ccc-00000000000%d" % n for n in range(4)]
TYPES = ["Root", "IAMUser", "AssumedRole", "Role", "FederatedUser", "Directory", "AWSAccount", "AWSService",
         "IdentityCenterUser", "Unknown", "SAMLUser", "WebIdentityUser", None]
ACTIONS = ["s3:GetObject", "iam:CreateUser", "sts:AssumeRole", "kms:Decrypt", "sso:Authenticate"]
NO_TEXT = [None, "", 7, True, {}, []]
START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def event_time(chance, time):
    zone = chance.choice([timezone.utc, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
    local = time.astimezone(zone)
    offset = local.strftime("%z")
    fraction = chance.choice(["", "", ".5", ".123456789"])
    form = chance.randrange(8)
    if form < 4:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ")
    if form == 4:
        return time.strftime("%Y-%m-%d %H:%M:%S") + fraction
    if form == 5:
        return time.strftime("%Y-%m-%dT%H:%M:%S") + fraction + chance.choice(["z", ""])
    colon = offset if form == 6 else offset[:3] + ":" + offset[3:]
    return local.strftime(chance.choice(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"])) + fraction + colon


class World:
    """What is true of the accounts: mostly one ARN for an id, now and then two."""

    def __init__(self, chance):
        self.chance = chance
        self.arns = {}
        for account in ACCOUNTS:
            for uid in UIDS:
                kind = "role" if uid.startswith("AROA") else "user"
                arns = ["arn:aws:iam::%s:%s/%s%s" % (account, kind, chance.choice(PATHS), chance.choice(NAMES))
                        for _ in range(1 + (chance.random() < 0.2))]
                self.arns[account, uid] = arns

    def arn(self, account, uid):
        return self.chance.choice(self.arns[account, uid])

    def identity(self):
        pick = self.chance.choice
        account, uid, session = pick(ACCOUNTS), pick(UIDS), pick(["build-1", "build-2", "jo@example.org"])
        typ, arn = pick(TYPES), self.arn(account, uid)
        name = arn.rsplit("/", 1)[1]
        who = {"type": typ, "accountId": account, "principalId": uid, "userName": name}
        if typ == "Root":
            who.update(principalId=account, arn="arn:aws:iam::%s:root" % account)
        elif typ == "AssumedRole":
            who.update(principalId=uid + ":" + session, arn="arn:aws:sts::%s:assumed-role/%s/%s" % (account, name, session))
            who["sessionContext"] = {"sessionIssuer": {"type": "Role", "principalId": uid, "arn": arn, "accountId": account}}
        elif typ in ("IAMUser", "Role"):
            who["arn"] = arn
        elif typ == "FederatedUser":
            who.update(principalId=account + ":" + name, arn="arn:aws:sts::%s:federated-user/%s" % (account, name))
        elif typ == "AWSAccount":
            who["principalId"] = pick([uid, uid + ":" + session, account, ""])
            who["accountId"] = pick([account] * 4 + ["anonymous", "ANONYMOUS_PRINCIPAL"])
        elif typ in ("IdentityCenterUser", "Unknown"):
            person = {"userId": pick(PEOPLE), "identityStoreArn": "arn:aws:identitystore::1:identitystore/d-1"}
            who.update(principalId=pick([uid, person["userId"], None]), onBehalfOf=person, credentialId=pick(["c1", "c2"]))
        elif typ in ("AWSService", None):
            who = {"type": typ, "accountId": account, "invokedBy": pick(["ec2.amazonaws.com", "AWS Internal"])}
        elif typ in ("SAMLUser", "WebIdentityUser"):
            who.update(principalId=pick(["idp:" + name, "arn:aws:iam::1:oidc-provider/x:app:" + name]), identityProvider="idp")
        return self.spoiled(who)

    def spoiled(self, who):
        """The same with some fields missing, of no use, or where others have theirs."""
        chance = self.chance
        if chance.random() < 0.1:
            who["userName"] = "HIDDEN_DUE_TO_SECURITY_REASONS"
        if chance.random() < 0.05:
            who["invokedBy"] = "cloudformation.amazonaws.com"
        for field in list(who):
            if chance.random() < 0.25:
                del who[field]
            elif chance.random() < 0.05:
                who[field] = chance.choice(NO_TEXT)
        issuer = who.get("sessionContext")
        issuer = issuer.get("sessionIssuer") if isinstance(issuer, dict) else None
        if issuer and chance.random() < 0.3:
            issuer.pop(chance.choice(["principalId", "arn"]))
        return who

    def record(self, number):
        chance = self.chance
        service, name = chance.choice(ACTIONS).split(":")
        time = START + timedelta(seconds=chance.randrange(60 * 86400))
        record = {"eventVersion": "1.11", "userIdentity": self.identity(), "eventTime": event_time(chance, time),
                  "eventSource": service + ".amazonaws.com", "eventName": name, "awsRegion": "eu-west-1",
                  "eventID": "event-%06d" % number, "readOnly": False, "recipientAccountId": chance.choice(ACCOUNTS)}
        if chance.random() < 0.05:
            record["userIdentity"] = chance.choice(NO_TEXT)
        if chance.random() < 0.05:
            del record["recipientAccountId"]
        return record


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--records", type=int, default=6000)
    args = parser.parse_args()
    world = World(random.Random(args.seed))
    for start in range(0, args.records, 50):
        records = [world.record(start + index) for index in range(min(50, args.records - start))]
        account, day = world.chance.choice(ACCOUNTS), START + timedelta(days=start // 50 % 60)
        folder = args.output / "AWSLogs" / account / "CloudTrail" / "eu-west-1" / day.strftime("%Y/%m/%d")
        folder.mkdir(parents=True, exist_ok=True)
        name = "%s_CloudTrail_eu-west-1_%s_%016d.json.gz" % (account, day.strftime("%Y%m%dT%H%MZ"), start)
        text = json.dumps({"Records": records}, ensure_ascii=world.chance.random() < 0.5).encode()
        (folder / name).write_bytes(gzip.compress(text, mtime=0))


if __name__ == "__main__":
    main()
