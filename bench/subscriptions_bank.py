"""What bench/subscriptions_paying.py pays at: the sandbox with 1Plat, a panel and Telegram.

It reads what is to be paid, a line of JSON, and says when each was; until its input ends.
"""

import asyncio
import json
import sys
import time
from typing import Any

from tgsandbox import Sandbox


async def main() -> None:
    async with Sandbox() as tg:
        oneplat, panel = tg.bank.shop("oneplat"), tg.bank.shop("remnawave")
        given = {
            "ONEPLAT_SHOP_ID": oneplat.credentials["shop_id"],
            "ONEPLAT_SHOP_SECRET": oneplat.credentials["secret"],
            "ONEPLAT_BASE_URL": oneplat.base_url,
            "REMNAWAVE_URL": panel.base_url,
            "REMNAWAVE_TOKEN": panel.credentials["token"],
            "TELEGRAM_API_URL": tg.url,
            "TELEGRAM_BOT_TOKEN": tg.bot("bench_bot").token,
        }
        print(json.dumps(given), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked: dict[str, Any] = json.loads(line)
            oneplat.callback_url = asked["callback_url"]
            begun, paid = time.time() + 0.2, {}
            for number, ref in enumerate(asked["refs"]):
                due = begun + number / asked["per_second"]
                await asyncio.sleep(max(0.0, due - time.time()))
                paid[ref] = time.time()
                await oneplat.pay(ref)
            await oneplat.delivered()
            print(json.dumps(paid), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
