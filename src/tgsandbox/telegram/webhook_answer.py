"""What a bot's webhook answered to one update, and what is told of it when that was no good."""

import os
import re
import ssl
from dataclasses import dataclass

import aiohttp

from tgsandbox.telegram.args import Args
from tgsandbox.telegram.errors import ApiError
from tgsandbox.telegram.request import args_of

BODY_LIMIT = 1 << 20
LONGEST_RETRY_AFTER = 3600
_READ = ("application/json", "multipart/form-data", "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class Answer:
    taken: bool
    status: int = 0
    error: str = ""
    wait: float = 0.0  # what Retry-After asks for
    call: Args | None = None  # a method to be carried out


async def read(response: aiohttp.ClientResponse) -> Answer:
    """The answer to its end. One that has none ends at the limit of its size or of time."""
    status = response.status
    if not 200 <= status < 300:
        return Answer(
            taken=False,
            status=status,
            error=f"Wrong response from the webhook: {status} {response.reason or ''}".rstrip(),
            wait=_retry_after(response.headers.get("Retry-After", "")),
        )
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > BODY_LIMIT:
            return Answer(taken=False, status=status, error="Request Entity Too Large")
    try:
        call = _call(response.headers.get("Content-Type", ""), bytes(content))
    except ApiError as error:
        return Answer(taken=False, status=status, error=error.description)
    return Answer(taken=True, status=status, call=call)


def failed(error: Exception) -> Answer:
    return Answer(taken=False, error=_told(error))


def _call(kind: str, body: bytes) -> Args | None:
    """The call in a reply, read as any request's. Of nonsense nothing comes, only a form of
    several parts that cannot be told apart is as bad for the real server as no answer."""
    if not body or not any(each in kind.lower() for each in _READ):
        return None
    headers = [(b"content-type", kind.encode("latin-1", "replace"))]
    try:
        args = args_of({"query_string": b"", "headers": headers}, body)
    except ApiError:
        if "multipart/" in kind.lower():
            raise
        return None
    return args if args.text("method") else None


def _retry_after(given: str) -> float:
    found = re.fullmatch(r"\d{1,9}", given.strip())
    return float(min(int(found[0]), LONGEST_RETRY_AFTER)) if found else 0.0


def _told(error: Exception) -> str:  # noqa: PLR0911  a table
    match error:
        case aiohttp.ConnectionTimeoutError():
            return "Connection timed out"
        case TimeoutError():
            return "Read timeout expired"
        case aiohttp.ClientConnectorDNSError():
            return f"Failed to resolve host: {error.os_error.strerror or 'Unknown host'}"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return f"SSL error {{{error}}}"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return "Webhook connection closed"
        case OSError(errno=int(number)):
            return os.strerror(number)
        case aiohttp.ClientConnectorError():  # several addresses, none of which would
            return "Connection refused"
        case OSError():
            return "Webhook connection closed"
        case _:
            return "Wrong response from the webhook: not HTTP"
