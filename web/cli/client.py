"""Talk to a running server: where it is, which key opens it, and its refusals as our own errors.

The address and the key come from the command line, else from PYSCHED_URL and
PYSCHED_DEFAULT_API_KEY, else from `server.json` in the data directory, which the
server writes for its own account alone.
"""

import json
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import httpx

from engine.errors import EngineError
from web.cli.failure import Failed
from web.cli.serverfile import SERVER_FILE

DEFAULT_URL = "http://127.0.0.1:8000"
SECONDS, CONNECT_SECONDS = 30.0, 5.0


class NoServer(EngineError):
    """Nothing answers where the server should be."""

    code = "no_server"

    def __init__(self, url: str) -> None:
        super().__init__(f"no server answers at {url}; start one with `pysched serve`")


class Refusal(EngineError):
    """The server answered with a problem document; its sentence and code are passed on."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, and a key of it."""

    url: str
    key: str | None


def find_server(
    url: str | None,
    key: str | None,
    data: Callable[[], Path],
    environ: Mapping[str, str] = os.environ,
) -> Address:
    """Decide which server is meant; `data` finds the directory that `serve` would use."""
    url = url or environ.get("PYSCHED_URL")
    key = key or environ.get("PYSCHED_DEFAULT_API_KEY")
    if url:
        return Address(url.rstrip("/"), key)
    noted = _noted(data() / SERVER_FILE)
    return Address(noted.get("url") or DEFAULT_URL, key or noted.get("key"))


def _noted(file: Path) -> dict[str, str]:
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Failed(
            f"{file} cannot be read: {error}. Restart the server, or give --url and --key"
        ) from error
    return cast("dict[str, str]", found) if isinstance(found, dict) else {}


class Server:
    """A server's API; every method raises NoServer or Refusal."""

    def __init__(self, address: Address, transport: httpx.BaseTransport | None = None) -> None:
        self.url = address.url
        try:
            self._http = httpx.Client(
                base_url=address.url,
                headers=[(b"X-API-Key", address.key.encode())] if address.key else [],
                timeout=httpx.Timeout(SECONDS, connect=CONNECT_SECONDS),
                # A proxy of the environment cannot reach this machine's own loopback.
                trust_env=not httpx.URL(address.url).host.startswith(("127.", "localhost", "::1")),
                transport=transport,
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise Failed(f"{address.url!r} is no address of a server: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        return self._send("GET", path, params=_given(query))

    def post(self, path: str, body: Any = None) -> Any:
        return self._send("POST", path, json=body)

    def health(self) -> Any:
        """Return the health document, whether it tells of health or of failing parts."""
        return self._send("GET", "/api/health", accept=frozenset({503}))

    @contextmanager
    def stream(
        self, path: str, **query: Any
    ) -> Generator[tuple[Mapping[str, str], Iterator[bytes]]]:
        """Give an answer's headers, and its bytes as they come; silence is no failure."""
        timeout = httpx.Timeout(SECONDS, connect=CONNECT_SECONDS, read=None)
        with (
            self._translated(),
            self._http.stream("GET", path, params=_given(query), timeout=timeout) as answer,
        ):
            if answer.is_error:
                answer.read()
                raise _refusal(answer)
            yield answer.headers, answer.iter_raw()

    def _send(
        self, method: str, path: str, *, accept: frozenset[int] = frozenset(), **options: Any
    ) -> Any:
        with self._translated():
            answer = self._http.request(method, path, **options)
        if answer.is_error and answer.status_code not in accept:
            raise _refusal(answer)
        try:
            return answer.json()
        except ValueError as error:
            raise Failed(f"what answers at {self.url} is no pysched server") from error

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NoServer(self.url) from error
        except httpx.UnsupportedProtocol as error:
            raise Failed(f"{self.url!r} is no address of a server: {error}") from error
        except httpx.TransportError as error:
            raise ConnectionBroke(f"the connection to {self.url} broke: {error}") from error


class ConnectionBroke(EngineError):
    """A server that was there went away in the middle of an answer."""

    code = "connection_broke"


def _given(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}


def _refusal(answer: httpx.Response) -> EngineError:
    try:
        problem = answer.json()
        return Refusal(answer.status_code, str(problem["code"]), _advice(problem))
    except (ValueError, KeyError, TypeError):
        return Failed(f"the server answered {answer.status_code} {answer.reason_phrase}")


def _advice(problem: Mapping[str, Any]) -> str:
    detail = str(problem.get("detail", problem["code"]))
    if problem["code"] == "unauthorized":
        return f"{detail}; give it with --key or PYSCHED_DEFAULT_API_KEY"
    return detail
