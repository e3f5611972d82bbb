"""`pysched.yaml`, section by section, and what the environment adds to it.

Only settings that have a function are here. Where a value may come from and
which source wins is decided in `engine.config`.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, WithJsonSchema

from schemas.fields import (
    STRICT,
    Duration,
    FilePath,
    Network,
    PositiveDuration,
    PythonVersion,
    Size,
    Text,
    TimeZone,
    WebAddress,
)
from schemas.settings_notifications import NotificationSettings
from schemas.settings_sessions import SessionSettings
from schemas.watching import LogSettings, MetricsSettings, StatisticsSettings


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def automatic_concurrency() -> int:
    """Return twice the cores, at least 2: measured to finish a queue of short runs soonest."""
    return max(2, 2 * cores())


def _concurrency(value: Any) -> Any:
    return automatic_concurrency() if value == "auto" else value


class ServerSettings(BaseModel):
    """Where the server listens, and what it takes from whoever calls."""

    model_config = STRICT

    host: Text = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port; 0 takes a free one.")
    public_url: WebAddress | None = Field(
        default=None,
        description="Address under which people reach the server, for links and for pages behind "
        "a proxy; null: the one that is asked.",
    )
    max_file: Size = Field(
        default=5_000_000, description="Largest file of a script that the API reads or writes."
    )
    allowed_hosts: list[Text] = Field(
        default_factory=list[str],
        description="Names under which it may be called while `host` is a loopback address, beside "
        'localhost and any IP address; "*" for every name.',
    )
    trusted_proxies: list[Network] = Field(
        default_factory=list[str],
        description="Addresses or networks of reverse proxies whose X-Forwarded-For and "
        "X-Forwarded-Proto are believed.",
    )
    max_body: Size = Field(default=256_000, description="Largest body of a request.")
    max_upload: Size = Field(
        default=10_000_000, description="Largest body where a file or a payload is taken."
    )
    body_timeout: PositiveDuration = Field(
        default=timedelta(seconds=60), description="How long the body of a request may take."
    )
    max_connections: int = Field(
        default=1_000, ge=10, le=100_000, description="Most connections at once."
    )


class PathSettings(BaseModel):
    """Where things are; relative to the directory of `pysched.yaml`."""

    model_config = STRICT

    scripts: FilePath = Field(
        default=Path("./scripts"), description="The tree of script directories."
    )
    data: FilePath = Field(
        default=Path("./data"), description="Database, environments, output; not part of the tree."
    )


class DefaultSettings(BaseModel):
    """What scripts get that say nothing themselves, nor their folders."""

    model_config = STRICT

    python: PythonVersion | None = Field(
        default=None, description="Python version in quotes; null: the one the server runs on."
    )
    timezone: TimeZone = Field(default="UTC", description="IANA time zone of cron and at triggers.")
    timeout: PositiveDuration | None = Field(
        default=None, description="Longest time of a run; null: no bound."
    )
    memory: Size | None = Field(default=None, description="Most memory of a run; null: no bound.")
    output: Size | None = Field(
        default=10_000_000, description="Output kept of a run; null: all of it."
    )


class RunSettings(BaseModel):
    """How runs are started and what a stop of the server means for them."""

    model_config = STRICT

    max_concurrent: Annotated[
        int,
        BeforeValidator(_concurrency),
        Field(ge=1),
        WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1}]}),
    ] = Field(
        default_factory=automatic_concurrency,
        description="Most runs at once; auto: twice the cores, at least 2.",
    )
    on_stop: Literal["drain", "leave", "cancel"] = Field(
        default="drain",
        description="When the server stops: wait for runs, leave them going, or cancel them.",
    )
    drain_timeout: Duration = Field(
        default=timedelta(seconds=30), description="With on_stop: drain, how long to wait."
    )
    engine_restart_delay: Duration = Field(
        default=timedelta(milliseconds=500),
        description="Pause before the engine is started again after it died; grows if it goes on.",
    )


class ReconcileSettings(BaseModel):
    """How changes of the tree are noticed."""

    model_config = STRICT

    interval: PositiveDuration = Field(
        default=timedelta(minutes=1),
        description="Distance of the full passes that find what no event told; "
        "ten times that while events are complete.",
    )
    debounce: Duration = Field(
        default=timedelta(milliseconds=100),
        description="How long events are gathered before the tree is looked at.",
    )
    polling: bool = Field(
        default=False,
        description="true: look instead of waiting for events, for network file systems.",
    )


class EnvironmentSettings(BaseModel):
    """How the environments of scripts are built."""

    model_config = STRICT

    allow_options: bool = Field(
        default=False,
        description="Allow --index-url, -r, -e, local paths and the like in requirements.",
    )
    index_url: Text | None = Field(
        default=None, description="Package index for all scripts; null: the tool's default."
    )
    concurrent_builds: int = Field(default=1, ge=1, le=64, description="Most builds at once.")
    build_timeout: PositiveDuration = Field(
        default=timedelta(minutes=10), description="Longest time of one build."
    )
    keep_days: int = Field(
        default=14, ge=0, le=36_500, description="Days an environment is kept that no script uses."
    )
    python_paths: list[FilePath] = Field(
        default_factory=list[FilePath],
        description="Further interpreters, or directories that hold some.",
    )
    offline: bool = Field(default=False, description="true: never ask the network, use the cache.")


class RateSettings(BaseModel):
    """How often one caller may ask; all per minute, 0 for no bound."""

    model_config = STRICT

    enabled: bool = Field(default=True, description="false: no bound at all.")
    api: int = Field(
        default=6_000, ge=0, description="Requests of one account, or of one address without."
    )
    trigger: int = Field(
        default=300, ge=0, description="URL triggers of one script by one account or hook."
    )
    login: int = Field(default=20, ge=0, description="Attempts to log in from one address.")
    failed_keys: int = Field(
        default=30, ge=0, description="Unknown keys and hooks from one address."
    )


class AuditSettings(BaseModel):
    """The account of who changed what."""

    model_config = STRICT

    keep_days: int = Field(
        default=365, ge=1, le=36_500, description="Days an entry of the audit log is kept."
    )


class SettingsFile(BaseModel):
    """What `pysched.yaml` may say; every key is optional."""

    model_config = STRICT

    debug: bool = Field(default=False, description="true: log at level debug, with tracebacks.")
    server: ServerSettings = Field(default_factory=ServerSettings, description="Where to listen.")
    paths: PathSettings = Field(default_factory=PathSettings, description="Where things are.")
    defaults: DefaultSettings = Field(
        default_factory=DefaultSettings, description="Defaults of all scripts."
    )
    runs: RunSettings = Field(default_factory=RunSettings, description="How runs are started.")
    reconcile: ReconcileSettings = Field(
        default_factory=ReconcileSettings, description="How changes are noticed."
    )
    environments: EnvironmentSettings = Field(
        default_factory=EnvironmentSettings, description="How environments are built."
    )
    statistics: StatisticsSettings = Field(
        default_factory=StatisticsSettings, description="What runs add up to."
    )
    rates: RateSettings = Field(
        default_factory=RateSettings, description="How often one caller may ask."
    )
    audit: AuditSettings = Field(
        default_factory=AuditSettings, description="How long the audit log is kept."
    )
    notifications: NotificationSettings = Field(
        default_factory=NotificationSettings, description="How people are told."
    )
    sessions: SessionSettings = Field(
        default_factory=SessionSettings, description="How long logins last."
    )
    metrics: MetricsSettings = Field(
        default_factory=MetricsSettings, description="What /metrics tells."
    )
    log: LogSettings = Field(default_factory=LogSettings, description="Messages of the server.")


class Settings(SettingsFile):
    """All settings in force: the file's, overridden, with paths absolute."""

    api_key: SecretStr | None = Field(
        default=None,
        description="Only from PYSCHED_DEFAULT_API_KEY, so that it is never in a file.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Only from PYSCHED_SECRET_KEY; without it the file secret.key is used.",
    )
    smtp_password: SecretStr | None = Field(
        default=None, description="Only from SMTP_PASSWORD, so that it is never in a file."
    )
    admin_password: SecretStr | None = Field(
        default=None,
        description="Only from PYSCHED_ADMIN_PASSWORD; of the account that the first start makes.",
    )

    directory: FilePath = Field(
        default=Path(), exclude=True, repr=False, description="Where `pysched.yaml` is looked for."
    )
    origins: dict[str, str] = Field(
        default={},
        exclude=True,
        repr=False,
        description="Where each value that is not the default was given, by keys such as "
        "`server.port`: `pysched.yaml`, the name of a variable, or an option.",
    )

    @property
    def log_level(self) -> str:
        """Return the level in force: `debug` beats what is written in `log.level`."""
        return "debug" if self.debug else self.log.level


SECTIONS: tuple[str, ...] = tuple(name for name in SettingsFile.model_fields if name != "debug")
"""The mappings of `pysched.yaml`; `debug` is a plain key."""
