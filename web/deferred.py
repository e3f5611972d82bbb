"""Import FastAPI without building what only its description in OpenAPI needs.

FastAPI holds the words of OpenAPI in forty pydantic models, whose validators take 45 ms
and more than a megabyte to build at each start, for a document that hardly anybody
asks for. pydantic builds a model with `defer_build` when it is first used.
"""

from importlib import import_module

from pydantic import BaseModel, ConfigDict


def import_fastapi() -> None:
    """Import FastAPI so; of no effect once it was imported."""
    before = BaseModel.model_config
    BaseModel.model_config = ConfigDict(defer_build=True)
    try:
        import_module("fastapi.openapi.models")
    finally:
        BaseModel.model_config = before
