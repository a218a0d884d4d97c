"""Prints CPU seconds and peak memory of commands, one line each.

    python3 benches/scale/measure.py FIRSTSEEN COMMAND…

A COMMAND is one argument, such as "scan /tmp/principals --warmup 10d". Standard output is discarded.
"""

import os
import shlex
import subprocess
import sys
import time


def main():
    program, commands = sys.argv[1], sys.argv[2:]
    print(f"{'wall s':>8}{'CPU s':>8}{'MiB':>8}  status  command")
    for command in commands:
        begun = time.monotonic()
        child = subprocess.Popen(
            [program, *shlex.split(command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, used = os.wait4(child.pid, 0)
        wall, cpu = time.monotonic() - begun, used.ru_utime + used.ru_stime
        code = os.waitstatus_to_exitcode(status)
        print(f"{wall:8.2f}{cpu:8.2f}{used.ru_maxrss / 1024:8.0f}  {code:6}  {command}", flush=True)


if __name__ == "__main__":
    main()
