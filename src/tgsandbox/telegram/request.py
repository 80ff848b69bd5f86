"""A call's arguments out of an HTTP request: urlencoded, multipart or JSON."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

from tgsandbox.telegram.args import Args, Upload, parse_json
from tgsandbox.telegram.errors import ApiError, bad_request
from tgsandbox.telegram.files import UPLOAD_LIMIT

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_LIMIT = UPLOAD_LIMIT + (1 << 20)
_DRAINED_AT_MOST = 1 << 30
_MOST_FIELDS = 1000
_QUOTED = re.compile(r'(name|filename)\*?="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r'\\(["\\])')


class Gone(Exception):
    """Whoever asked has hung up."""


async def body_of(receive: Receive, limit: int = BODY_LIMIT) -> bytes:
    """The whole body. One that is too large is read to its end, so that the answer is, too."""
    message = await receive()
    body = message.get("body", b"")
    if not message.get("more_body"):
        if message["type"] == "http.disconnect":
            raise Gone
        return bytes(body)
    chunks, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        size += len(message.get("body", b""))
        if size <= limit:
            chunks.append(message.get("body", b""))
        elif size > _DRAINED_AT_MOST:
            break
        else:
            chunks.clear()
    if size > limit:
        raise ApiError(413, "Request Entity Too Large")
    return b"".join(chunks)


def header(scope: Scope, name: bytes) -> str:
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


def args_of(scope: Scope, body: bytes) -> Args:
    args = Args()
    if scope["query_string"]:
        args.values.update(_urlencoded(scope["query_string"]))
    if not body:
        return args
    kind = header(scope, b"content-type")
    lowered = kind.lower()
    if lowered.startswith("application/json"):
        args.values.update(_json(body))
    elif lowered.startswith("multipart/form-data"):
        _multipart(args, kind, body)
    else:
        args.values.update(_urlencoded(body))
    return args


def _urlencoded(body: bytes) -> dict[str, str]:
    try:
        return dict(
            parse_qsl(
                body.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MOST_FIELDS,
            )
        )
    except UnicodeDecodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    except ValueError:
        raise bad_request("too many parameters") from None


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = parse_json(body)
    except ValueError:
        raise bad_request("can't parse JSON object") from None
    if not isinstance(value, dict):
        raise bad_request("JSON object expected")
    return {name: each for name, each in value.items() if each is not None}


def _multipart(args: Args, kind: str, body: bytes) -> None:
    found = re.search(r'boundary="?([^";,]+)"?', kind, re.IGNORECASE)
    if not found:
        raise bad_request("boundary not found")
    parts = _Parts(args)
    try:
        parser = MultipartParser(found[1].encode("latin-1"), parts.callbacks())
        parser.write(body)
        parser.finalize()
    except (MultipartParseError, ValueError):
        raise bad_request("can't parse multipart/form-data") from None
    if not parts.ended:
        raise bad_request("can't parse multipart/form-data: unexpected end")


class _Parts:
    """What the parser reports, put together to fields and files."""

    def __init__(self, args: Args) -> None:
        self._args = args
        self._headers: dict[str, str] = {}
        self._name, self._value, self._data = bytearray(), bytearray(), bytearray()
        self._count = 0
        self.ended = False

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_part_data": lambda data, start, end: self._data.extend(data[start:end]),
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._headers = {}
        self._data = bytearray()
        self._count += 1
        if self._count > _MOST_FIELDS:
            raise bad_request("too many parameters")

    def _header(self) -> None:
        name = self._name.decode("latin-1").lower()
        self._headers[name] = self._value.decode("utf-8", "replace")
        self._name, self._value = bytearray(), bytearray()

    def _end(self) -> None:
        said = _QUOTED.findall(self._headers.get("content-disposition", ""))
        told = {name: _ESCAPED.sub(r"\1", value) for name, value in said}
        name = told.get("name", "")
        if "filename" in told:
            kind = self._headers.get("content-type", "application/octet-stream")
            safe = told["filename"].replace("\\", "/").rpartition("/")[2] or "file"
            self._args.files[name] = Upload(safe, bytes(self._data), kind.partition(";")[0])
            return
        try:
            self._args.values[name] = self._data.decode()
        except UnicodeDecodeError:
            raise bad_request("strings must be encoded in UTF-8") from None

    def _finish(self) -> None:
        self.ended = True
