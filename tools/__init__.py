"""Programs for those who work on PyScheduler; not part of what is installed."""
