"""Files that a bot names by their address: they are fetched before the call is carried out."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tgsandbox.telegram.args import Args, Upload
from tgsandbox.telegram.errors import ApiError
from tgsandbox.telegram.files import DOWNLOAD_LIMIT

_FIELDS = ("photo", "document", "voice", "audio", "video", "animation", "sticker")
_SECONDS = aiohttp.ClientTimeout(total=10)


async def fetch_links(session: Callable[[], aiohttp.ClientSession], args: Args) -> None:
    """What can be had is put among the files under its address."""
    for link in _links(args):
        found = await _fetch(session(), link)
        if found:
            args.files[link] = found


def _links(args: Args) -> set[str]:
    found = {str(args.values.get(name, "")) for name in _FIELDS}
    with suppress(ApiError):  # what cannot be read is refused where it is used
        found |= set(_in_media(args.json("media", "media")))
    return {each for each in found if each.startswith(("http://", "https://"))}


def _in_media(given: Any) -> list[str]:
    items = given if isinstance(given, list) else [given]
    return [each["media"] for each in items[:10] if isinstance(each, dict) and _named(each)]


def _named(item: dict[str, Any]) -> bool:
    return isinstance(item.get("media"), str)


async def _fetch(session: aiohttp.ClientSession, link: str) -> Upload | None:
    try:
        async with session.get(link, timeout=_SECONDS) as response:
            if response.status != 200:
                return None
            content = bytearray()
            async for chunk in response.content.iter_chunked(1 << 16):
                content += chunk
                if len(content) > DOWNLOAD_LIMIT:
                    return None
            name = urlsplit(link).path.rpartition("/")[2] or "file"
            return Upload(name, bytes(content), response.content_type)
    except (aiohttp.ClientError, OSError, ValueError, TimeoutError):
        return None
