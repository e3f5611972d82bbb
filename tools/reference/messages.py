"""The messages of the WebSocket, from their models."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from schemas import live
from tools.reference.kinds import kind, nullable
from tools.reference.table import table

SENT = (live.ClientMessage, live.FollowedRun)
RECEIVED = (
    live.SubscribedEvent,
    live.RunEvent,
    live.OutputEvent,
    live.TreeEvent,
    live.EnvironmentEvent,
    live.MissedEvent,
    live.PongEvent,
    live.ErrorEvent,
)


def blocks() -> dict[str, str]:
    return {
        "client-messages": "\n\n".join(map(_chapter, SENT)),
        "server-messages": "\n\n".join(map(_chapter, RECEIVED)),
    }


def _chapter(model: type[BaseModel]) -> str:
    words = (model.__doc__ or "").strip()
    head = ("key", "value", "meaning")
    return f"### {model.__name__}\n\n{words}\n\n{table(head, _rows(model))}"


def _rows(model: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    for key, prop in model.model_json_schema()["properties"].items():
        value = f"{kind(prop)}{' or null' if nullable(prop) else ''}"
        yield f"`{key}`", _linked(value), _meaning(prop)


def _linked(value: str) -> str:
    """Have links to the shapes of the HTTP API lead to its page."""
    for name in ("Run", "TreeState"):
        value = value.replace(f"](#{name.lower()})", f"](http-api.md#{name.lower()})")
    return value


def _meaning(prop: dict[str, Any]) -> str:
    words = prop.get("description", "")
    examples = prop.get("examples")
    example = f"such as `{_json(examples[0])}`" if examples else ""
    return "; ".join(filter(None, (words, example)))


def _json(example: object) -> str:
    return str(example).replace("'", '"')
