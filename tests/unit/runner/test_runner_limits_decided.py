import pytest

from engine.runner.limits import CpuBudget, memory_text, nears, next_look


def test_a_tree_within_its_cores_never_stands_still():
    budget = CpuBudget(0.5, now=0.0)

    assert not any(budget.overdrawn(tenth / 10, tenth * 50) for tenth in range(1, 100))


def test_a_tree_ahead_of_its_cores_stands_still_until_it_is_not():
    budget = CpuBudget(0.5, now=0.0)

    standing = [budget.overdrawn(1.0, 1000)]
    standing += [budget.overdrawn(1.0 + tenth / 10, 1000) for tenth in range(1, 9)]

    assert standing[0]
    assert standing[-1] is False
    assert standing == sorted(standing, reverse=True)


def test_time_spent_idle_is_not_saved_up():
    budget = CpuBudget(1.0, now=0.0)
    budget.overdrawn(1000.0, 0)

    assert budget.overdrawn(1000.1, 400)


def test_the_share_of_time_that_was_granted_is_used():
    """Run whenever it may, for 100 s, on one core: a quarter of it is left."""
    budget = CpuBudget(0.25, now=0.0)
    used = 0.0
    standing = False
    for tenth in range(1, 1001):
        used += 0.0 if standing else 100.0
        standing = budget.overdrawn(tenth / 10, used)

    assert used == pytest.approx(25_000, rel=0.02)


def test_cpu_time_that_seems_to_shrink_earns_nothing():
    """A child that is not waited for takes its time along."""
    budget = CpuBudget(1.0, now=0.0)
    budget.overdrawn(1.0, 2000)

    assert budget.overdrawn(1.1, 500)


@pytest.mark.parametrize(
    ("limit", "peak", "text"),
    [
        (512_000_000, 530_400_000, "limit 512 MB, peak 530 MB"),
        (512 << 20, 530 << 20, "limit 512 MiB, peak 530 MiB"),
        (1_500_000, 2_000_000, "limit 1.5 MB, peak 2 MB"),
    ],
)
def test_memory_is_told_in_the_unit_of_its_limit(limit: int, peak: int, text: str):
    assert memory_text(limit, peak) == text


def test_memory_that_grows_towards_its_limit_is_looked_at_soon():
    assert nears(80, 60, 100)
    assert not nears(80, 79, 100)
    assert not nears(80, 0, 100), "the first figure says nothing of growth"
    assert not nears(80, 60, None)


def test_looks_are_frequent_only_while_a_limit_hangs_on_them():
    waits = [
        next_look(limited=True, urgent=True, cost=0.0),
        next_look(limited=True, urgent=False, cost=0.0),
        next_look(limited=False, urgent=False, cost=0.0),
    ]

    assert waits == [0.02, 0.1, 1.0]


def test_looks_take_a_fiftieth_of_the_time_at_most():
    assert next_look(limited=True, urgent=False, cost=0.01) == pytest.approx(0.5)


def test_a_limit_is_looked_at_every_second_at_least():
    assert next_look(limited=True, urgent=False, cost=0.5) == 1.0
