"""Read one trigger that is in no file yet, such as one that is being typed into a form.

It is put into a manifest of its own, so that it is taken, and refused, in the very
words in which a `script.yaml` would be.
"""

import json
from collections.abc import Mapping

from engine.errors import InvalidCron, InvalidInput
from engine.model.identity import ScriptId
from engine.model.tree import Severity
from engine.model.trigger import Trigger
from engine.spec.parse import parse_script
from engine.spec.trigger_rules import check_triggers
from engine.spec.triggers import CheckCron

_NO_SCRIPT = ScriptId("")


def unsaved_trigger(
    item: Mapping[str, object], default_zone: str, check_cron: CheckCron
) -> Trigger:
    """Return the trigger that an item of `triggers` describes; `item` is plain JSON.

    Raises InvalidCron when all that is wrong is the expression, else InvalidInput with
    every mistake.
    """
    # JSON is YAML; half a surrogate pair becomes the escape that YAML refuses as text.
    text = json.dumps({"triggers": [item]}, ensure_ascii=False)
    parsed = parse_script("script.yaml", text.encode(errors="backslashreplace"))
    triggers, mistakes = check_triggers(_NO_SCRIPT, parsed, default_zone, check_cron)
    errors = [
        problem for problem in (*parsed.problems, *mistakes) if problem.severity is Severity.ERROR
    ]
    if errors:
        is_cron = all(problem.code == InvalidCron.code for problem in errors)
        kind = InvalidCron if is_cron else InvalidInput
        raise kind("; ".join(problem.message for problem in errors))
    return triggers[0]
