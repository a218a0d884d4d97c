#!/usr/bin/env python3
"""Compares answers: CSV files with the first time of each account, key and action.

    answers.py ANSWER OTHER...

Every OTHER is compared with ANSWER, row by row. Prints the number of rows, or the number of differences and
the first ten. Exit status: 0 all equal, 1 not. A program of its own: the one that measures stays small.
"""
import csv
import datetime
import sys
from typing import Dict, List, Tuple

Behaviour = Tuple[str, str, str]
Answer = Dict[Behaviour, datetime.datetime]

SHOWN = 10


def instant(text: str) -> datetime.datetime:
    """Parses a time such as 2024-03-01T10:00:00Z."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def behaviour(row: Dict[str, str]) -> Tuple[Behaviour, str]:
    """Account, key, action and time of a row. Findings of firstseen have other column names."""
    if "finding" in row:
        return (row["account"] or "-", row["principal"], row["action"]), row["time"]
    return (row["account"], row["key"], row["action"]), row["first_time"]


def read_answer(path: str) -> Answer:
    """Reads one file; a duplicate row is an error."""
    answer: Answer = {}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key, time = behaviour(row)
            if key in answer:
                sys.exit(f"error: {path}: {key} is there twice")
            answer[key] = instant(time)
    return answer


def differences(name: str, answer: Answer, other_name: str, other: Answer) -> List[str]:
    """Descriptions of the differences."""
    lines = [f"only in {name}: {', '.join(key)}" for key in sorted(answer.keys() - other.keys())]
    lines += [f"only in {other_name}: {', '.join(key)}" for key in sorted(other.keys() - answer.keys())]
    for key in sorted(answer.keys() & other.keys()):
        if answer[key] != other[key]:
            times = f"{answer[key].isoformat()} in {name}, {other[key].isoformat()} in {other_name}"
            lines.append(f"{times}: {', '.join(key)}")
    return lines


def main(paths: List[str]) -> int:
    """Compares all files with the first."""
    answer = read_answer(paths[0])
    if not answer:
        print(f"{paths[0]} is empty: nothing to compare")
        return 1
    status = 0
    for path in paths[1:]:
        found = differences(paths[0], answer, path, read_answer(path))
        if found:
            status = 1
            print(f"{len(found)} differences between {paths[0]} and {path}", *found[:SHOWN], sep="\n  ")
        else:
            print(f"{path}: equal, {len(answer)} rows")
    return status


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
