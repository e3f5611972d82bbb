"""The first start of a server makes the account with which its owner comes in."""

import logging

from engine.errors import EngineError
from engine.service.first_admin import FirstAdmin, Welcome
from schemas.settings import Settings
from web.auth.accounts import Accounts
from web.service import Service

logger = logging.getLogger(__name__)


async def welcome(engine: Service, accounts: Accounts, settings: Settings) -> Welcome | None:
    """Make the account where there is no user, and return what is to be told of it.

    A failure keeps nothing from running: it is logged, and the next start tries again.
    """
    given = settings.admin_password
    first = FirstAdmin(engine.users, engine.sessions, accounts.passwords, engine.now)
    try:
        return await first.welcome(
            given.get_secret_value() if given else None,
            # A collector of logs is nobody to tell a password to.
            told=settings.log.format == "text",
        )
    except EngineError as error:
        logger.warning(
            "the first account cannot be made; mend this and start again",
            extra={"error": str(error)},
        )
        return None
