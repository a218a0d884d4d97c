#!/usr/bin/env python3
"""DuckDB: the first time of each principal and action.

    duckdb_best.py ARCHIVE ANSWER [--threads N] [--variant NAME]

The default is the variant with the least CPU; README.md has the figures of all variants. What mattered: an
explicit structure; `records = true`, without which read_json takes several times as long; a named type,
since DuckDB 2.0 reads the type's text again for every object; and, with one thread, `newline_delimited` (a
log object is one line), which saves a pass that only finds the end of an object.
"""
import argparse

import duckdb

# CloudTrail writes up to 50 MB before compression; DuckDB's own limit of 16 MiB would refuse such objects.
MAX_OBJECT = 64 << 20

RECORD_TYPE = """CREATE TYPE records AS STRUCT(
    userIdentity STRUCT(
        type VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, invokedBy VARCHAR,
        sessionContext STRUCT(sessionIssuer STRUCT(arn VARCHAR))),
    eventTime VARCHAR, eventSource VARCHAR, eventName VARCHAR, recipientAccountId VARCHAR)[]"""

STRUCTURE = """{"Records": [{
    "userIdentity": {
        "type": "VARCHAR", "principalId": "VARCHAR", "arn": "VARCHAR", "accountId": "VARCHAR",
        "invokedBy": "VARCHAR", "sessionContext": {"sessionIssuer": {"arn": "VARCHAR"}}},
    "eventTime": "VARCHAR", "eventSource": "VARCHAR", "eventName": "VARCHAR",
    "recipientAccountId": "VARCHAR"}]}"""


def read_json(objects: str, options: str) -> str:
    """Records read into a given structure."""
    return f"""SELECT unnest(Records) AS r FROM read_json({objects}, compression = 'gzip',
        maximum_object_size = {MAX_OBJECT}, columns = {{Records: 'records'}}, {options})"""


def read_text(objects: str) -> str:
    """Objects read as text, then transformed with a given structure."""
    return f"""SELECT unnest(from_json(json, '{STRUCTURE}').Records) AS r FROM read_json_objects({objects},
        compression = 'gzip', maximum_object_size = {MAX_OBJECT}, format = 'newline_delimited')"""


def read_auto(objects: str) -> str:
    """Records with the structure that DuckDB detects.

    Without `ignore_errors` it fails: some records hold both `arn` and `ARN` in one object.
    """
    return f"""SELECT unnest(Records) AS r
        FROM read_json({objects}, maximum_object_size = {MAX_OBJECT}, ignore_errors = true)"""


VARIANTS = {
    "columns": lambda objects: read_json(objects, "format = 'newline_delimited', records = true"),
    "text": read_text,
    "unstructured": lambda objects: read_json(objects, "format = 'unstructured', records = true"),
    "no-records": lambda objects: read_json(objects, "format = 'unstructured'"),
    "auto": read_auto,
}

QUESTION = """
COPY (
    SELECT coalesce(nullif(r.userIdentity.accountId, ''), nullif(r.recipientAccountId, ''), '-') AS account,
        coalesce(
            CASE WHEN r.userIdentity.type = 'AssumedRole'
                THEN nullif(r.userIdentity.sessionContext.sessionIssuer.arn, '') END,
            nullif(r.userIdentity.arn, ''), nullif(r.userIdentity.principalId, ''),
            nullif(r.userIdentity.invokedBy, ''), nullif(r.userIdentity.type, ''), '-') AS key,
        r.eventSource || ':' || r.eventName AS action,
        min(r.eventTime) AS first_time
    FROM ({records})
    WHERE r.eventSource <> '' AND r.eventName <> ''
    GROUP BY ALL
    ORDER BY ALL
) TO {answer} (FORMAT csv, HEADER)
"""


def quoted(text: str) -> str:
    """Quotes a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def main() -> None:
    """Reads the archive and writes the answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("archive")
    parser.add_argument("answer")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--variant", choices=VARIANTS)
    args = parser.parse_args()
    # With more threads, `newline_delimited` saves DuckDB 2.0 no CPU and takes longer.
    variant = args.variant or ("columns" if args.threads == 1 else "unstructured")
    records = VARIANTS[variant](quoted(f"{args.archive}/**/*.gz"))
    connection = duckdb.connect()
    connection.execute(f"SET threads = {args.threads}")
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(RECORD_TYPE)
    connection.execute(QUESTION.format(records=records, answer=quoted(args.answer)))


if __name__ == "__main__":
    main()
