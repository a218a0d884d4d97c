#!/usr/bin/env python3
"""Writes inputs for memory measurements: make.py DIR KIND…

  one-line     2 GB of Records on one line
  pretty       300 MB of Records over many lines
  brackets     two gzip files of 4.5 MB, each inflating to 4.6 GB of brackets
  text         two gzip files of 4.5 MB, each inflating to one text of 4.6 GB

Then: /usr/bin/time -v firstseen scan DIR/KIND --threads 2
"""
import json
import os
import sys
import zlib


def record(number):
    return {"eventVersion": "1.08", "eventTime": "2024-01-%02dT00:00:00Z" % (1 + number % 28),
            "eventSource": "s3.amazonaws.com", "eventName": "Action%d" % (number % 50), "awsRegion": "eu-west-1",
            "eventID": "%032x" % number, "requestParameters": {"key": "x" * 700},
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/u%d" % (number % 9),
                             "accountId": "111122223333"}, "recipientAccountId": "111122223333"}


def batch(path, size, indent):
    with open(path, "w") as file:
        written = file.write('{"Records":[')
        number = 0
        while written < size:
            written += file.write(("," if number else "") + json.dumps(record(number), indent=indent))
            number += 1
        file.write("]}")


def bomb(path, head, block):
    packer = zlib.compressobj(9, 8, 31)
    with open(path, "wb") as file:
        file.write(packer.compress(head))
        for _ in range(1100):
            file.write(packer.compress(block))
        file.write(packer.flush())


def main():
    for kind in sys.argv[2:]:
        folder = os.path.join(sys.argv[1], kind)
        os.makedirs(folder)
        if kind == "one-line":
            batch(os.path.join(folder, "a.json"), 2_000_000_000, None)
        elif kind == "pretty":
            batch(os.path.join(folder, "a.json"), 300_000_000, 2)
        else:
            head, byte = {"brackets": (b"", b"["), "text": (b'{"Records":[{"eventName":"', b"x")}[kind]
            for number in range(2):
                bomb(os.path.join(folder, "%d.json.gz" % number), head, byte * (4 << 20))


main()
