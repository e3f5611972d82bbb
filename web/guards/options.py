"""The guard as the settings want it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from schemas.settings import ServerSettings, Settings
from web.guards.addresses import is_loopback
from web.guards.exchange import BodyLimits
from web.guards.guard import GuardOptions
from web.guards.rates import Limits


def guard_options(settings: Settings) -> GuardOptions:
    server, rates = settings.server, settings.rates
    limits = Limits(
        api=rates.api,
        trigger=rates.trigger,
        login=rates.login,
        failed_keys=rates.failed_keys,
    )
    return GuardOptions(
        allowed_hosts=tuple(_names(server)),
        any_host=not is_loopback(server.host),
        trusted_proxies=tuple(server.trusted_proxies),
        bodies=BodyLimits(
            most=server.max_body,
            most_upload=max(server.max_upload, server.max_file),
            seconds=server.body_timeout.total_seconds(),
        ),
        rates=limits if rates.enabled else Limits(),
    )


def _names(server: ServerSettings) -> Iterator[str]:
    yield from server.allowed_hosts
    public = urlsplit(server.public_url).hostname if server.public_url else None
    if public:
        yield public
