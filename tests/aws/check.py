#!/usr/bin/env python3
"""Checks the files in contrib/aws without an account of AWS.

    check.py --firstseen BINARY [--tree FOLDER]

Needs cfn-lint, sqlglot, duckdb and pytz in the running Python's environment. What is checked: the template by cfn-lint; that roles may do
what is listed here and nothing else; the states of the state machine; that an array job, run here with the variables that Batch
sets, makes the baseline of one machine; that the tables of Athena have the columns and types of the tables that the program
writes, and that their partitions are projected onto the folders that it writes.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import sqlglot
from cfnlint.decode import cfn_yaml
from sqlglot import exp

ROOT = Path(__file__).resolve().parents[2]
AWS = ROOT / "contrib/aws"
ACTIONS = {
    "TaskRole": {"s3:ListBucket", "s3:GetObject", "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"},
    "StateMachinePolicy": {
        "batch:SubmitJob", "batch:DescribeJobs", "batch:TerminateJob", "events:PutTargets", "events:PutRule",
        "events:DescribeRule", "states:StartExecution", "states:DescribeExecution", "states:StopExecution",
    },
}  # fmt: skip
WITHOUT_RESOURCE = {"batch:DescribeJobs", "batch:TerminateJob"}
TYPES = {
    "VARCHAR": "STRING", "BIGINT": "BIGINT", "INTEGER": "INT", "DATE": "DATE", "BOOLEAN": "BOOLEAN",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP", "VARCHAR[]": "ARRAY<STRING>",
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--firstseen", required=True, type=Path)
    parser.add_argument("--tree", default=ROOT / "fixtures/small-archive", type=Path)
    args = parser.parse_args()
    binary, tree = args.firstseen.resolve(), args.tree.resolve()
    check_template()
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        (work / "bin").mkdir()
        (work / "bin/firstseen").symlink_to(binary)
        run([binary, "index", tree, "-o", work / "one", "--quiet"])
        run([binary, "events", tree, "--partition", "-o", work / "events", "--quiet"])
        check_array_job(tree, work)
        check_broken(binary, tree, work)
        check_tables(work)


def run(command, status=0, **environment):
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    assert ended.returncode == status, f"{command}: status {ended.returncode}: {ended.stderr}"
    return ended.stdout + ended.stderr


def check_template():
    run([Path(sys.executable).parent / "cfn-lint", AWS / "stack.yaml"])
    print("ok: stack.yaml, by cfn-lint")
    resources = cfn_yaml.load(str(AWS / "stack.yaml"))["Resources"]
    granted = {name: statements(resource["Properties"]) for name, resource in resources.items()}
    granted = {name: found for name, found in granted.items() if found}
    assert granted.keys() == ACTIONS.keys(), granted.keys()
    for name, found in granted.items():
        allowed = [action for statement in found for action in listed(statement["Action"])]
        assert sorted(allowed) == sorted(ACTIONS[name]), (name, allowed)
        for statement in found:
            assert statement["Effect"] == "Allow"
            assert statement["Resource"] != "*" or set(listed(statement["Action"])) <= WITHOUT_RESOURCE, statement
    print("ok: roles may do what they need, and nothing else")
    machine = resources["StateMachine"]["Properties"]
    assert states(machine["Definition"]) == ["Plan", "Number", "Index", "Shard", "Merge"]
    given = set(re.findall(r"\$\{(\w+)\}", str(machine["Definition"])))
    assert given == machine["DefinitionSubstitutions"].keys(), given
    steps = set(re.findall(r"'step': '(\w+)'", str(machine["Definition"])))
    assert steps == {"plan", "index", "merge"} and all(f"\n{step})\n" in (AWS / "task.sh").read_text() for step in steps)
    print("ok: the states of the state machine")


def listed(value):
    return [value] if isinstance(value, str) else value


def statements(properties):
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    documents += [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
    return [statement for document in documents for statement in document["Statement"]]


def states(machine):
    """Names of the states in the order in which they run: each is reached once, and the last one ends."""
    order, name = [], machine["StartAt"]
    while True:
        state = machine["States"][name]
        assert name not in order, f"{name} is reached twice"
        order.append(name)
        if state["Type"] == "Task":
            assert state["Resource"] == "arn:aws:states:::batch:submitJob.sync"
            assert {"JobName", "JobQueue", "JobDefinition"} <= state["Parameters"].keys()
        if state["Type"] == "Map":
            processor = state["ItemProcessor"]
            assert processor["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
            order += states(processor)
        assert ("Next" in state) != (state.get("End") is True), f"{name} needs Next or End"
        if "Next" not in state:
            break
        name = state["Next"]
    reached = [name for name in order if name in machine["States"]]
    assert sorted(reached) == sorted(machine["States"]), "not every state is reached"
    return order


def task(step, work, case, status=0, **environment):
    path = f"{work / 'bin'}:{os.environ['PATH']}"
    return run([AWS / "task.sh", step], status, PATH=path, CASE=str(work / case), **environment)


def check_array_job(tree, work):
    for case, shards in (("case", 4), ("one-shard", 1)):
        task("plan", work, case, SOURCE=str(tree), SHARDS=str(shards))
        for index in range(shards):
            if case == "case" and index == 3:
                assert "there is no" in task("merge", work, case, status=1), "a merge without a shard"
            for _ in range(2):  # a job that runs again
                task("index", work, case, AWS_BATCH_JOB_ARRAY_INDEX=str(index))
        assert "there is no shard" in task("index", work, case, SHARD_NUMBER=str(shards + 1))
        for _ in range(2):
            task("merge", work, case)
        same(work / "one", work / case / "all.baseline")
    task("other", work, "case", status=2)
    print("ok: an array job makes the baseline of one machine")


def check_broken(binary, tree, work):
    """A broken object is a fault in the baseline, not a failure of the job."""
    broken = work / "broken"
    shutil.copytree(tree, broken)
    victim = sorted(broken.rglob("*_CloudTrail_*.json.gz"))[3]
    victim.write_bytes(victim.read_bytes()[:200])
    run([binary, "index", broken, "-o", work / "broken-one", "--quiet"], 3)
    task("plan", work, "broken-case", SOURCE=str(broken), SHARDS="2")
    for number in "12":
        task("index", work, "broken-case", SHARD_NUMBER=number)
    task("merge", work, "broken-case")
    same(work / "broken-one", work / "broken-case/all.baseline")
    print("ok: a broken object is no failure of a job")


def same(one, other):
    assert sorted(os.listdir(one)) == sorted(os.listdir(other))
    for name in os.listdir(one):
        assert (one / name).read_bytes() == (other / name).read_bytes(), f"{other / name} differs"


def check_tables(work):
    tables = {created.this.this.name: created for created in sqlglot.parse((AWS / "athena.sql").read_text(), dialect="athena") if created}
    written = {path.stem: path for path in (work / "one").glob("*.parquet") if path.stem != "records"}
    written["events"] = next((work / "events").rglob("*.parquet"))
    assert tables.keys() == {f"firstseen_{name}" for name in written}, tables.keys()
    for name, path in written.items():
        partitions = ["account", "day"] if name == "events" else ["baseline"]
        created = tables[f"firstseen_{name}"]
        assert isinstance(created, exp.Create) and created.kind == "TABLE"
        columns = [(column.name, column.kind.sql(dialect="hive")) for column in created.this.expressions]
        described = duckdb.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}', hive_partitioning = false)").fetchall()
        expected = [(row[0], TYPES[row[1]]) for row in described if row[0] not in partitions or name != "events"]
        assert columns == expected, f"{name}: {set(columns) ^ set(expected)}"
        check_projection(name, created, partitions)
    below = next((work / "events").rglob("*.parquet")).relative_to(work / "events").parts
    assert [part.split("=")[0] for part in below[:-1]] == ["account", "day"]
    print(f"ok: {len(tables)} tables of Athena have the columns that the program writes")


def check_projection(name, created, partitions):
    properties = {one.name: one.args["value"].name for one in created.find_all(exp.Property) if type(one) is exp.Property}
    location = created.find(exp.LocationProperty).this.name
    assert location == f"s3://BUCKET/firstseen/{name}/" and created.find(exp.FileFormatProperty), name
    declared = created.find(exp.PartitionedByProperty).this.expressions
    assert [(column.name, column.kind.sql(dialect="hive")) for column in declared] == [(one, "STRING") for one in partitions]
    assert properties.pop("projection.enabled") == "true"
    folders = "".join(f"{one}=${{{one}}}/" for one in partitions)
    assert properties.pop("storage.location.template") == location + folders, name
    for partition in partitions:
        kind = properties.pop(f"projection.{partition}.type")
        assert kind == ("date" if partition == "day" else "injected")
        if kind == "date":
            assert properties.pop("projection.day.format") == "yyyy-MM-dd"
            assert re.fullmatch(r"\d{4}-\d\d-\d\d,NOW", properties.pop("projection.day.range"))
            assert properties.pop("projection.day.interval") == "1" and properties.pop("projection.day.interval.unit") == "DAYS"
    assert not properties, properties


if __name__ == "__main__":
    main()
