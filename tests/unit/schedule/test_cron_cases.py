import json
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.model.identity import TriggerKey
from engine.model.trigger import CronTrigger
from engine.schedule.fire_times import fire_times

CASES = Path(__file__).parents[2] / "cases" / "cron"


def cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}-{number}-{case['timezone']}-{case['expr']}")
        for path in sorted(CASES.glob("*.jsonl"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for case in [json.loads(line)]
    ]


def test_there_are_cases():
    assert len(cases()) == 96


@pytest.mark.parametrize("case", cases())
def test_the_due_times_are_the_expected_ones(case: dict[str, Any]):
    zone = ZoneInfo(case["timezone"])
    trigger = CronTrigger(key=TriggerKey("k"), expression=case["expr"], timezone=case["timezone"])
    start = datetime.fromisoformat(case["start"]).replace(tzinfo=zone)

    moments = (moment for moment in fire_times(trigger, after=start) if moment.runs)
    found = [m.due.astimezone(zone).isoformat() for m in islice(moments, len(case["next"]))]

    assert found == case["next"]
