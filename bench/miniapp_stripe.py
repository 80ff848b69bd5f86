"""What bench/miniapp_money.py pays at: the sandbox, until its input ends."""

import asyncio
import json
import sys

from tgsandbox import Sandbox


async def main() -> None:
    async with Sandbox() as tg:
        shop = tg.bank.shop("stripe")
        given = {
            "STRIPE_SECRET_KEY": shop.credentials["secret_key"],
            "STRIPE_WEBHOOK_SECRET": shop.credentials["webhook_secret"],
            "STRIPE_BASE_URL": shop.base_url,
            "TELEGRAM_API_URL": tg.url,
            "TELEGRAM_BOT_TOKEN": tg.bot("bench_bot").token,
        }
        print(json.dumps(given), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
