"""Say in words when a trigger sets its script off: "at 02:30 every Monday, Europe/Berlin"."""

from datetime import timedelta

from engine.model.trigger import (
    AfterOutcome,
    AfterTrigger,
    AtTrigger,
    CronTrigger,
    EveryTrigger,
    FilesTrigger,
    StartupTrigger,
    Trigger,
    UrlTrigger,
)
from engine.schedule.cron_words import cron_words

_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))

_ENDS = {
    AfterOutcome.SUCCESS: "succeeds",
    AfterOutcome.FAILURE: "fails",
    AfterOutcome.FINISH: "ends",
}


def describe(trigger: Trigger) -> str:
    """Return a few words for people. Raises InvalidCron for an expression that is none."""
    match trigger:
        case CronTrigger():
            words = f"{cron_words(trigger.expression)}, {trigger.timezone}"
        case EveryTrigger():
            words = f"every {spell(trigger.interval, bare=True)}"
        case AtTrigger():
            words = f"once, at {trigger.moment:%Y-%m-%d %H:%M:%S %Z}".rstrip()
        case StartupTrigger():
            words = "when the server starts"
        case UrlTrigger():
            words = "when its URL is called"
        case AfterTrigger():
            words = f"after {trigger.script} {_ENDS[trigger.when]}"
        case FilesTrigger():
            words = f"when a file matching {trigger.pattern} appears or changes"
        case _:
            words = str(trigger.key)
    return words


def spell(duration: timedelta, *, bare: bool = False) -> str:
    """Return "1 hour 30 minutes"; with `bare`, "1 minute" becomes "minute", as after "every"."""
    left = duration // timedelta(seconds=1)
    parts: list[str] = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}" if count == 1 else f"{count} {unit}s")
    if not parts or duration % timedelta(seconds=1):
        return f"{duration.total_seconds():g} seconds"
    words = " ".join(parts)
    return words.removeprefix("1 ") if bare and len(parts) == 1 else words
