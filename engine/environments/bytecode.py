"""Compile an environment's modules after it is ready, so that first runs start fast.

Done in the background at the lowest priority: runs may use the environment
meanwhile, and a module that is not compiled yet is compiled by its first import.
"""

import logging
from collections.abc import Mapping

from engine.environments.built import Built
from engine.environments.layout import Layout
from engine.environments.orphans import mark
from engine.errors import CommandFailed
from engine.process import run_command

logger = logging.getLogger(__name__)

LOWEST_PRIORITY = 19


async def compile_bytecode(layout: Layout, built: Built, environ: Mapping[str, str]) -> None:
    """Compile all modules of an environment; cancelling it stops it and does no harm."""
    environment = built.environment
    library = layout.environment(environment.key) / "lib"
    try:
        done = await run_command(
            [environment.interpreter, "-I", "-m", "compileall", "-q", "-j1", str(library)],
            cwd=layout.envs,
            env={"PATH": environ.get("PATH", "")} | mark(layout.data),
            nice=LOWEST_PRIORITY,
        )
    except CommandFailed as error:
        logger.warning("modules are not compiled", extra={"error": str(error)})
        return
    if done.code != 0:
        # Packages do ship files for other versions of Python, as templates for example.
        logger.debug("some modules cannot be compiled", extra={"key": environment.key})
