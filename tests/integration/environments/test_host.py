"""The figures of the machine, and finding a process again."""

import os
import subprocess
import sys
from pathlib import Path

from engine import host


def test_memory_and_disk_figures_are_plausible(tmp_path: Path):
    memory, disk = host.memory(), host.disk_space(tmp_path)

    assert 0 < memory.available <= memory.total
    assert 0 <= disk.free <= disk.total
    assert host.cpu_count() >= 1


def test_a_live_process_has_one_identity_and_a_dead_one_has_none():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    first, second = host.identity(child.pid), host.identity(child.pid)
    child.communicate()

    assert first == second
    assert first is not None
    assert first.startswith(f"{child.pid}:")
    assert host.identity(child.pid) is None


def test_processes_are_found_by_a_variable_and_killed():
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"],
        env=os.environ | {"PYSCHED_TEST_MARK": str(os.getpid())},
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.readline()

    found = [p.pid for p in host.processes_with("PYSCHED_TEST_MARK") if p.value == str(os.getpid())]
    host.kill(child.pid, wait=5)

    assert found == [child.pid]
    assert host.identity(child.pid) is None
    child.stdout.close()
    child.wait()
