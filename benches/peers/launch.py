"""Runs one command and reports its resource use. It is small, because a process starts with its parent's peak memory.

    launch.py DESCRIPTOR COMMAND...

Writes two lines to the open file descriptor: the pid; exit status, CPU seconds, wall seconds and peak KiB.
CPU includes the process and all children it waited for; the peak is that of the largest of them.
"""
import os
import sys
import time


def main() -> None:
    """Starts the command in its own session, waits for it, and reports."""
    report = int(sys.argv[1])
    os.set_inheritable(report, False)
    start = time.monotonic()
    child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ, setsid=True)
    os.write(report, f"{child}\n".encode())
    _, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - start
    cpu = usage.ru_utime + usage.ru_stime
    os.write(report, f"{os.waitstatus_to_exitcode(status)} {cpu} {wall} {usage.ru_maxrss}\n".encode())


main()
