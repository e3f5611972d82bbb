import os
import signal
from collections.abc import Iterable

import pytest

from engine.runner.ownership import Ownership
from engine.runner.proc import Process, boot_id, has_other_children, look, parse_stat, scan

HERE = os.getpid()


def a_process(pid: int, parent: int, *, state: str = "S", started: int = 1) -> Process:
    return Process(pid, parent, pid, state, started, 0, 0)


def a_machine(processes: Iterable[Process]) -> dict[int, Process]:
    found = [a_process(1, 0), a_process(HERE, 1), *processes]
    return {each.pid: each for each in found}


def nobody(_process: Process) -> None:
    return None


def test_descendants_belong_to_the_run_of_their_first_process():
    machine = a_machine([a_process(10, HERE), a_process(11, 10), a_process(12, 11)])

    owners = Ownership[str](nobody).assign(machine, {10: "a"})

    assert owners == {10: "a", 11: "a", 12: "a"}


def test_processes_of_others_belong_to_no_run():
    machine = a_machine([a_process(10, HERE), a_process(20, 1), a_process(21, 20)])

    assert Ownership[str](nobody).assign(machine, {10: "a"}) == {10: "a"}


def test_an_orphan_and_all_below_it_belong_to_whom_the_evidence_says():
    machine = a_machine([a_process(30, HERE), a_process(31, 30), a_process(40, HERE)])
    evidence = {30: "a"}

    owners = Ownership[str](lambda each: evidence.get(each.pid)).assign(machine, {})

    assert owners == {30: "a", 31: "a"}


def test_an_orphan_that_was_seen_before_needs_no_evidence():
    ownership = Ownership[str](nobody)
    ownership.assign(a_machine([a_process(10, HERE), a_process(11, 10)]), {10: "a"})

    assert ownership.assign(a_machine([a_process(11, HERE)]), {}) == {11: "a"}


def test_a_pid_that_is_used_anew_is_another_process():
    ownership = Ownership[str](nobody)
    ownership.assign(a_machine([a_process(10, HERE), a_process(11, 10)]), {10: "a"})

    assert ownership.assign(a_machine([a_process(11, HERE, started=2)]), {}) == {}


def test_what_is_below_the_engine_stays_nobodys_once_orphaned():
    ownership = Ownership[str](nobody)
    ownership.assign(a_machine([a_process(50, HERE), a_process(51, 50)]), {})
    claims_all = Ownership[str](lambda _each: "a")
    claims_all._known = ownership._known

    assert claims_all.assign(a_machine([a_process(51, HERE)]), {}) == {}


def test_the_dead_are_left_out_but_their_children_are_not():
    machine = a_machine([a_process(10, HERE), a_process(11, 10, state="Z"), a_process(12, 11)])

    assert Ownership[str](nobody).assign(machine, {10: "a"}) == {10: "a", 12: "a"}


def test_a_parent_that_is_gone_already_makes_a_process_nobodys():
    assert Ownership[str](nobody).assign(a_machine([a_process(60, 59)]), {}) == {}


@pytest.mark.parametrize("name", ["python", "a b", "x) R 1 (", "((", ""])
def test_a_stat_line_is_read_whatever_the_name_in_it(name: str):
    fields = "S 7 8 9 0 -1 4194304 100 0 0 0 5 6 1 2 20 0 1 0 777 1000 250 18446744073709551615"
    process = parse_stat(f"42 ({name}) {fields}".encode())

    assert (process.pid, process.parent, process.session, process.state) == (42, 7, 9, "S")
    assert (process.started, process.ticks) == (777, 14)
    assert process.memory == 250 * os.sysconf("SC_PAGE_SIZE")


def test_a_scan_finds_this_very_process():
    process = scan()[HERE]

    assert process == process._replace(pid=HERE, parent=os.getppid(), session=os.getsid(0))
    assert process.memory > 1_000_000


def test_a_process_that_is_gone_is_none():
    assert look(2**22 + 1) is None


def test_children_are_told_from_those_that_are_known():
    child = os.posix_spawn("/bin/sleep", ["sleep", "30"], {})
    try:
        unknown, known = has_other_children(set()), has_other_children({child})
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    assert (unknown, known) == (True, False)


def test_the_boot_has_a_name():
    assert boot_id() == boot_id() != ""
