#!/usr/bin/env python3
"""ClickHouse (chdb): the first time of each principal and action.

    chdb_best.py ARCHIVE ANSWER [--threads N] [--variant NAME]

The default is the variant with the least CPU; README.md has the figures of all variants. What mattered: a
tuple schema; `tupleElement` instead of paths such as `r.userIdentity.arn`, which ClickHouse turns into one
slow `getSubcolumn` each; and no parallel parsing within an object, which costs more than it saves here.
"""
import argparse

import chdb

RECORDS = """Array(Tuple(
    userIdentity Tuple(
        type String, principalId String, arn String, accountId String, invokedBy String,
        sessionContext Tuple(sessionIssuer Tuple(arn String))),
    eventTime String, eventSource String, eventName String, recipientAccountId String))"""

ELEMENTS = """
    tupleElement(r, 'userIdentity') AS who,
    tupleElement(tupleElement(tupleElement(who, 'sessionContext'), 'sessionIssuer'), 'arn') AS issuer,
    tupleElement(who, 'type') AS type, tupleElement(who, 'principalId') AS principal_id,
    tupleElement(who, 'arn') AS arn, tupleElement(who, 'accountId') AS caller,
    tupleElement(who, 'invokedBy') AS invoked_by, tupleElement(r, 'recipientAccountId') AS recipient,
    tupleElement(r, 'eventTime') AS time, tupleElement(r, 'eventSource') AS source,
    tupleElement(r, 'eventName') AS name"""

PATHS = """
    r.userIdentity.sessionContext.sessionIssuer.arn AS issuer,
    r.userIdentity.type AS type, r.userIdentity.principalId AS principal_id, r.userIdentity.arn AS arn,
    r.userIdentity.accountId AS caller, r.userIdentity.invokedBy AS invoked_by,
    r.recipientAccountId AS recipient, r.eventTime AS time, r.eventSource AS source, r.eventName AS name"""

EXTRACTS = """
    JSONExtractString(r, 'userIdentity', 'sessionContext', 'sessionIssuer', 'arn') AS issuer,
    JSONExtractString(r, 'userIdentity', 'type') AS type,
    JSONExtractString(r, 'userIdentity', 'principalId') AS principal_id,
    JSONExtractString(r, 'userIdentity', 'arn') AS arn,
    JSONExtractString(r, 'userIdentity', 'accountId') AS caller,
    JSONExtractString(r, 'userIdentity', 'invokedBy') AS invoked_by,
    JSONExtractString(r, 'recipientAccountId') AS recipient, JSONExtractString(r, 'eventTime') AS time,
    JSONExtractString(r, 'eventSource') AS source, JSONExtractString(r, 'eventName') AS name"""

DYNAMIC = """
    ifNull(r.userIdentity.sessionContext.sessionIssuer.arn.:String, '') AS issuer,
    ifNull(r.userIdentity.type.:String, '') AS type,
    ifNull(r.userIdentity.principalId.:String, '') AS principal_id,
    ifNull(r.userIdentity.arn.:String, '') AS arn,
    ifNull(r.userIdentity.accountId.:String, '') AS caller,
    ifNull(r.userIdentity.invokedBy.:String, '') AS invoked_by,
    ifNull(r.recipientAccountId.:String, '') AS recipient, ifNull(r.eventTime.:String, '') AS time,
    ifNull(r.eventSource.:String, '') AS source, ifNull(r.eventName.:String, '') AS name"""

TUPLES = f"SELECT arrayJoin(Records) AS r FROM file({{objects}}, 'JSONEachRow', 'Records {RECORDS}')"
TEXT = f"""SELECT arrayJoin(JSONExtract(text, 'Records', '{RECORDS}')) AS r
    FROM file({{objects}}, 'RawBLOB', 'text String')"""
RAW = """SELECT arrayJoin(JSONExtractArrayRaw(text, 'Records')) AS r
    FROM file({objects}, 'RawBLOB', 'text String')"""
AUTO = "SELECT arrayJoin(json.Records[]) AS r FROM file({objects}, 'JSONAsObject')"

# name: (access to the fields of a record, source of the records)
VARIANTS = {
    "tuples": (ELEMENTS, TUPLES),
    "text": (ELEMENTS, TEXT),
    "paths": (PATHS, TUPLES),
    "extracts": (EXTRACTS, RAW),
    "auto": (DYNAMIC, AUTO),
}

QUESTION = """
WITH {parts}
SELECT firstNonDefault(caller, recipient, '-') AS account,
    firstNonDefault(if(type = 'AssumedRole', issuer, ''), arn, principal_id, invoked_by, type, '-') AS key,
    concat(source, ':', name) AS action,
    min(time) AS first_time
FROM ({records})
WHERE source <> '' AND name <> ''
GROUP BY account, key, action
ORDER BY account, key, action
INTO OUTFILE {answer} TRUNCATE
FORMAT CSVWithNames
SETTINGS max_threads = {threads}, input_format_parallel_parsing = 0, input_format_try_infer_datetimes = 0
"""


def quoted(text: str) -> str:
    """Quotes a text as an SQL literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def main() -> None:
    """Reads the archive and writes the answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("archive")
    parser.add_argument("answer")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--variant", choices=VARIANTS, default="tuples")
    args = parser.parse_args()
    parts, records = VARIANTS[args.variant]
    question = QUESTION.format(
        parts=parts,
        records=records.format(objects=quoted(f"{args.archive}/**/*.gz")),
        answer=quoted(args.answer),
        threads=args.threads,
    )
    chdb.query(question)


if __name__ == "__main__":
    main()
