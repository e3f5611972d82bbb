"""Secrets in memory: sealed ones in a FakeSecretStore, open ones in FakeSecrets."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from engine.errors import InvalidInput, NameTaken, NotFound, OtherKey
from engine.model.account import script_patterns
from engine.model.secret import (
    SealedSecret,
    Secret,
    check_secret_name,
    check_secret_value,
    why_not,
)

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def a_secret(name: str = "TOKEN", **values: object) -> Secret:
    """A secret for all scripts that was never used, unless said otherwise."""
    secret = Secret(name=name, created=NOON, created_by="ada", updated=NOON, updated_by="ada")
    return replace(secret, **values)  # pyright: ignore[reportArgumentType]


class FakeSecretStore:
    """A SecretStore in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, SealedSecret] = {}
        self.uses: list[tuple[str, datetime]] = []
        self.failure: Exception | None = None
        """Raised when a use is noted."""

    def all(self) -> Sequence[Secret]:
        return [self.kept[name].secret for name in sorted(self.kept)]

    def find(self, names: Collection[str]) -> Sequence[SealedSecret]:
        return [self.kept[name] for name in names if name in self.kept]

    def key_id(self) -> str | None:
        return next((each.key_id for each in self.kept.values()), None)

    async def put(self, sealed: SealedSecret, *, new: bool) -> None:
        name = sealed.secret.name
        if new and name in self.kept:
            raise NameTaken(f"there is a secret {name} already")
        if not new:
            self._there(name)
        if self.key_id() not in (None, sealed.key_id):
            raise OtherKey("sealed with another key")
        self.kept[name] = sealed

    async def describe(self, secret: Secret) -> None:
        before = self._there(secret.name)
        told = replace(
            before.secret,
            scripts=secret.scripts,
            description=secret.description,
            updated=secret.updated,
            updated_by=secret.updated_by,
        )
        self.kept[secret.name] = replace(before, secret=told)

    async def remove(self, name: str) -> None:
        self._there(name)
        del self.kept[name]

    async def used(self, names: Collection[str], at: datetime) -> None:
        if self.failure:
            raise self.failure
        for name in names:
            self.uses.append((name, at))
            each = self.kept.get(name)
            if each and (each.secret.last_used is None or each.secret.last_used < at):
                self.kept[name] = replace(each, secret=replace(each.secret, last_used=at))

    async def reseal(self, again: Callable[[SealedSecret], SealedSecret]) -> int:
        self.kept = {name: again(each) for name, each in self.kept.items()}
        return len(self.kept)

    def _there(self, name: str) -> SealedSecret:
        if name not in self.kept:
            raise NotFound(f"there is no secret {name!r}")
        return self.kept[name]


@dataclass
class FakeSecrets:
    """Implements ports.Secrets without any sealing; `values` are those that were put in."""

    told: dict[str, Secret] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict, repr=False)

    def all(self) -> Sequence[Secret]:
        return [self.told[name] for name in sorted(self.told)]

    def find(self, name: str) -> Secret:
        if name not in self.told:
            raise NotFound(f"there is no secret {name!r}")
        return self.told[name]

    async def add(
        self,
        name: str,
        value: str,
        *,
        scripts: Iterable[str] = (),
        description: str = "",
        by: str,
    ) -> Secret:
        if check_secret_name(name) in self.told:
            raise NameTaken(f"there is a secret {name} already")
        self.values[name] = check_secret_value(value)
        self.told[name] = a_secret(
            name,
            scripts=script_patterns(scripts),
            description=description,
            created_by=by,
            updated_by=by,
        )
        return self.told[name]

    async def change(
        self,
        name: str,
        *,
        value: str | None = None,
        scripts: Iterable[str] | None = None,
        description: str | None = None,
        by: str,
    ) -> Secret:
        before = self.find(name)
        if value is not None:
            self.values[name] = check_secret_value(value)
        self.told[name] = replace(
            before,
            scripts=before.scripts if scripts is None else script_patterns(scripts),
            description=before.description if description is None else description,
            updated_by=by,
        )
        return self.told[name]

    async def remove(self, name: str) -> None:
        self.find(name)
        del self.told[name], self.values[name]

    def reveal(self, script: str, names: Collection[str]) -> Mapping[str, str]:
        for name in names:
            reason = why_not(script, name, self.told.get(name))
            if reason:
                raise InvalidInput(reason)
        return {name: self.values[name] for name in names}

    def mask(self, values: Collection[str]) -> Sequence[str]:
        return tuple(values)
