"""What stands behind aiogram's `bot` in a handler: our calls, which refuse inside a transaction."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from aiogram import Bot as AiogramBot
from aiogram.client.session.base import BaseSession
from aiogram.methods import TelegramMethod

from kassa.botapi import BotApi, Refused

if TYPE_CHECKING:
    from aiogram.methods.base import TelegramType


class Session(BaseSession):
    def __init__(self, api: BotApi) -> None:
        super().__init__()
        self._calls = api

    async def make_request(
        self, bot: AiogramBot, method: "TelegramMethod[TelegramType]", timeout: int | None = None
    ) -> "TelegramType":
        files: dict[str, Any] = {}
        params = {
            name: value
            for name, raw in method.model_dump(warnings=False).items()
            if (value := self.prepare_value(raw, bot, files, _dumps_json=False)) is not None
        }
        uploads = {
            name: (each.filename or name, b"".join([chunk async for chunk in each.read(bot)]))
            for name, each in files.items()
        }
        try:
            result: Any = await self._calls.call(method.__api_method__, params, files=uploads)
            content = {"ok": True, "result": result}
            code = 200
        except Refused as error:
            content = {"ok": False, "error_code": error.code, "description": error.words}
            if error.retry_after is not None:
                content["parameters"] = {"retry_after": int(error.retry_after)}
            code = error.code
        answer = self.check_response(bot, method, code, self.json_dumps(content))
        found: TelegramType = answer.result  # type: ignore[assignment]
        return found

    async def stream_content(
        self,
        url: str,
        headers: dict[str, Any] | None = None,
        timeout: int = 30,
        chunk_size: int = 65536,
        raise_for_status: bool = True,
    ) -> AsyncGenerator[bytes, None]:
        raise NotImplementedError("Files are fetched by BotApi.download.")
        yield b""

    async def close(self) -> None:
        """Whoever made the calls' connections ends them."""


def aiogram_bot(api: BotApi) -> AiogramBot:
    """aiogram wants a token where it makes a bot; no request of ours goes by that one."""
    return AiogramBot(f"{api.id}:KASSA", session=Session(api))
