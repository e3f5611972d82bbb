"""Open what a data directory holds: its databases and its environments."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from engine.environments.catalog import UvEnvironments
from engine.environments.options import EnvironmentOptions
from engine.environments.session import BuildProgress
from engine.ports import Clock
from engine.spec.codec import decode_script, encode_script
from engine.store.audit import SqliteAuditStore
from engine.store.database import Database
from engine.store.hooks import SqliteHookStore
from engine.store.journal import SqliteJournal
from engine.store.keys import SqliteKeyStore
from engine.store.notifications import SqliteNotificationStore
from engine.store.output import SqliteOutputArchive
from engine.store.runs import SqliteRunStore
from engine.store.scripts import SqliteScriptStore
from engine.store.secrets import SqliteSecretStore
from engine.store.sessions import SqliteSessionStore
from engine.store.statistics import SqliteStatistics
from engine.store.users import SqliteUserStore
from schemas.settings import Settings

MAIN_DATABASE = "pysched.db"
CONFIRMATION = "confirm-removals"
"""In the data directory: what `pysched plan --confirm` leaves for the next pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The two databases of a data directory, and what reads and writes them."""

    main: Database
    logs: Database
    runs: SqliteRunStore
    scripts: SqliteScriptStore
    journal: SqliteJournal
    archive: SqliteOutputArchive
    keys: SqliteKeyStore
    secrets: SqliteSecretStore
    statistics: SqliteStatistics
    hooks: SqliteHookStore
    audit: SqliteAuditStore
    notifications: SqliteNotificationStore
    users: SqliteUserStore
    sessions: SqliteSessionStore

    def close(self) -> None:
        self.main.close()
        self.logs.close()


def open_stores(data: Path, clock: Clock) -> Stores:
    """Open or create the databases. Raises Unavailable or UnusableDatabase."""
    data.mkdir(parents=True, exist_ok=True)
    main, logs = Database(data / MAIN_DATABASE, quick=True), Database(data / "logs.db")
    archive = SqliteOutputArchive(logs, data / "runs" / "archive")
    return Stores(
        main=main,
        logs=logs,
        runs=SqliteRunStore(main, archive),
        scripts=SqliteScriptStore(main, encode_script, decode_script),
        journal=SqliteJournal(main, clock),
        archive=archive,
        keys=SqliteKeyStore(main),
        secrets=SqliteSecretStore(main),
        statistics=SqliteStatistics(main),
        hooks=SqliteHookStore(main),
        audit=SqliteAuditStore(main),
        notifications=SqliteNotificationStore(main),
        users=SqliteUserStore(main),
        sessions=SqliteSessionStore(main),
    )


def open_environments(
    settings: Settings, clock: Clock, tell: Callable[[BuildProgress], None] | None = None
) -> UvEnvironments:
    wanted = settings.environments
    return UvEnvironments(
        data=settings.paths.data,
        options=EnvironmentOptions(
            python_paths=tuple(wanted.python_paths),
            index_url=wanted.index_url,
            offline=wanted.offline,
            allow_options=wanted.allow_options,
            concurrent_builds=wanted.concurrent_builds,
            build_timeout=wanted.build_timeout,
            keep=timedelta(days=wanted.keep_days),
        ),
        clock=clock,
        tell=tell,
    )
