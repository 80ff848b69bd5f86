"""The Mini App: how heavy its page is and how soon it is there; paying, and spending tokens."""

from bench import miniapp_money, miniapp_page
from bench.common import Figure


async def run(*, quick: bool) -> list[Figure]:
    return [*await miniapp_page.run(quick=quick), *await miniapp_money.run(quick=quick)]
