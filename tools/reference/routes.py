"""The routes and shapes of the HTTP API, from the application itself."""

from collections.abc import Iterator
from inspect import getclosurevars
from typing import Any, cast

from fastapi import FastAPI
from fastapi.routing import APIRoute

from tools.reference.kinds import kind, link, nullable
from tools.reference.table import table
from web.app import create_app
from web.permissions import Keys, Role
from web.service import Service

PROBLEM_TYPE = "application/problem+json"
NOT_SHOWN = {"HTTPValidationError", "ValidationError"}
LARGE = 10
"""Keys of a shape that is not repeated in another one."""


def application() -> FastAPI:
    """Return the application, to be looked at and not to be asked anything."""
    return create_app(cast("Service", object()), Keys({}))


def blocks() -> dict[str, str]:
    app = application()
    document = _without_choices(app.openapi())
    return {
        "route-list": _list(app),
        "routes": "\n\n".join(_chapters(document)),
        "shapes": "\n".join(_shapes(document)),
    }


def _without_choices(document: dict[str, Any]) -> dict[str, Any]:
    """Put the values of an enumeration where it is referred to."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    choices = {
        f"#/components/schemas/{name}": schema
        for name, schema in schemas.items()
        if "enum" in schema
    }

    def resolved(part: Any) -> Any:
        if isinstance(part, dict):
            mapping = cast("dict[str, Any]", part)
            found = choices.get(mapping.get("$ref", ""))
            return found or {key: resolved(value) for key, value in mapping.items()}
        if isinstance(part, list):
            return [resolved(one) for one in cast("list[Any]", part)]
        return part

    return resolved(document)


def routes(app: FastAPI) -> list[tuple[str, str, APIRoute]]:
    """Return method, path and route of everything the API's own document names, in its order."""
    documented = list(app.openapi()["paths"])
    found = [
        (method, route.path_format, route)
        for route in app.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in sorted(route.methods or ())
    ]
    return sorted(found, key=lambda one: documented.index(one[1]))


def role_of(route: APIRoute) -> str:
    """Return the role a route asks for; `none` for one that answers without a key."""
    for one in route.dependant.dependencies:
        if one.call is not None and one.call.__qualname__.startswith("requires."):
            role: Role = getclosurevars(one.call).nonlocals["role"]
            return role.name.lower()
    return "none"


def _list(app: FastAPI) -> str:
    rows = [
        (f"`{method} {path}`", role_of(route), route.summary or "")
        for method, path, route in routes(app)
    ]
    return table(("endpoint", "role", "does"), rows)


def _chapters(document: dict[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield "\n".join(_chapter(f"{method.upper()} {path}", operation))


def _chapter(name: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"### {name}\n\n{operation.get('description', '').strip()}\n"
    # What is in the path explains itself.
    parameters = [one for one in operation.get("parameters", ()) if one["in"] != "path"]
    if parameters:
        yield table(("parameter", "in", "takes", "meaning"), map(_parameter, parameters)) + "\n"
    body = operation.get("requestBody")
    if body:
        yield f"Body: {_content(body)}.\n"
    yield f"Answers: {'; '.join(_answers(operation))}."


def _answers(operation: dict[str, Any]) -> Iterator[str]:
    failures: list[str] = []
    for status, answer in sorted(operation["responses"].items()):
        if PROBLEM_TYPE in answer.get("content", {}):
            failures.append(status)
        else:
            yield f"{status} {_content(answer)}"
    if failures:
        yield f"problems {', '.join(failures)}"


def _parameter(one: dict[str, Any]) -> tuple[str, str, str, str]:
    schema = one.get("schema", {})
    default = schema.get("default")
    words = one.get("description") or ""
    if default is not None:
        words = f"{words}{'; ' if words else ''}default `{str(default).lower()}`"
    return f"`{one['name']}`", one["in"], kind(schema), words


def _content(part: dict[str, Any]) -> str:
    for media, content in part.get("content", {}).items():
        reference = content.get("schema", {}).get("$ref") or _first_reference(content)
        if reference:
            return link(reference)
        return f"`{media}`: {part.get('description', '')}".strip(" .")
    return str(part.get("description", ""))


def _first_reference(content: dict[str, Any]) -> str | None:
    options = content.get("schema", {}).get("anyOf", [])
    return next((one["$ref"] for one in options if "$ref" in one), None)


def _shapes(document: dict[str, Any]) -> Iterator[str]:
    schemas: dict[str, Any] = document["components"]["schemas"]
    for name, schema in schemas.items():
        if name in NOT_SHOWN or "properties" not in schema:
            continue
        base = _base(name, schemas)
        shown = {
            key: prop
            for key, prop in schema["properties"].items()
            if base is None or key not in schemas[base]["properties"]
        }
        yield f"### {name}\n"
        words = schema.get("description", "")
        if base:
            words = f"{words} All keys of [{base}](#{base.lower()}), and:".strip()
        if words:
            yield f"{words}\n"
        yield (
            table(
                ("key", "value", "meaning"),
                ((f"`{key}`", _value(prop), _key_words(prop)) for key, prop in shown.items()),
            )
            + "\n"
        )


def _base(name: str, schemas: dict[str, Any]) -> str | None:
    """Return a large shape whose keys this one has all, so that they are not told twice."""
    own = schemas[name]["properties"]
    for other, schema in schemas.items():
        theirs = schema.get("properties", {})
        if other != name and len(theirs) > LARGE and theirs.items() <= own.items():
            return other
    return None


def _value(prop: dict[str, Any]) -> str:
    return f"{kind(prop)}{' or null' if nullable(prop) else ''}"


def _key_words(prop: dict[str, Any]) -> str:
    words = str(prop.get("description", ""))
    examples = prop.get("examples")
    if not examples:
        return words
    example = f"such as `{examples[0]}`"
    return f"{words}; {example}" if words else example
