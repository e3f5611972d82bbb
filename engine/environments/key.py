"""The hashes that name environments, locks and requests.

An environment is what its lock and its interpreter make of it, so equal ones
get the same name and are built once, whatever scripts ask for them.
"""

import platform
import sys
from hashlib import blake2b

from engine.environments.choice import Interpreter
from engine.environments.requirements import normalised_lock
from engine.model.environment import EnvironmentRequest
from engine.model.identity import EnvironmentKey

FORMAT = 1
"""Raised when environments of an older release must not be used any more."""
PLATFORM = f"{sys.platform}-{platform.machine()}"

_BYTES = 12


def lock_hash(lock: str) -> str:
    """Name the pinned requirements; comments and layout change nothing."""
    return _hash(normalised_lock(lock))


def request_hash(request: EnvironmentRequest) -> str:
    """Name a request: its build log and its place on disk."""
    return _hash(repr(request.python), request.requirements)


def resolution_hash(request: EnvironmentRequest, interpreter: Interpreter) -> str:
    """Name what a lock is the answer to: requirements, and the Python they were resolved for."""
    return _hash(request.requirements, *_facts(interpreter))


def environment_key(
    lock: str, interpreter: Interpreter, *, generation: int = 0, on: str = PLATFORM
) -> EnvironmentKey:
    """Name the environment of a lock.

    A later generation is another copy of the same, built beside one that is
    damaged or was asked to be rebuilt while runs may still be using it.
    """
    name = _hash(normalised_lock(lock), *_facts(interpreter), on, str(FORMAT))
    return EnvironmentKey(f"{name}-{generation}" if generation else name)


def generation_of(key: EnvironmentKey) -> int:
    """Return which copy an environment's name stands for; the first is 0."""
    return int(key.partition("-")[2] or 0)


def _facts(interpreter: Interpreter) -> tuple[str, str, str]:
    return interpreter.version, interpreter.implementation, str(interpreter.bits)


def _hash(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=_BYTES).hexdigest()
