"""What a process uses, read from /proc."""

import os
import subprocess
import sys
from datetime import timedelta

import psutil

from engine.service.process_use import process_use


def test_a_process_is_measured_as_others_measure_it():
    other = psutil.Process()

    found = process_use(os.getpid())

    assert found is not None
    assert abs(found.memory_bytes - other.memory_info().rss) < 5_000_000
    assert abs(found.cpu_seconds - sum(other.cpu_times()[:2])) < 0.5
    assert abs(found.open_files - other.num_fds()) < 3
    assert abs(found.started.timestamp() - other.create_time()) < timedelta(seconds=2).seconds


def test_a_process_that_is_gone_is_not_measured():
    child = subprocess.Popen([sys.executable, "-S", "-c", ""])
    child.wait()

    assert process_use(child.pid) is None
