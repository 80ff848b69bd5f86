"""Whatever is asked, the sandbox answers, lives on, and its world makes sense. More of it:
KASSA_FUZZ=20000 scripts/test tests/tgsandbox/test_fuzz.py"""

import asyncio
import json
import logging
import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tgsandbox.fuzz import Fuzz
from tests.tgsandbox.fuzz_fields import FIELDS, TEXTS
from tgsandbox import Sandbox
from tgsandbox.server import Server
from tgsandbox.telegram.calls import METHODS
from tgsandbox.telegram.request import Scope

MORE = int(os.environ.get("KASSA_FUZZ", "0"))
WITHOUT = {"getme", "logout", "close", "getmystarbalance", "getwebhookinfo"}


def examples(usual: int) -> settings:
    return settings(
        max_examples=MORE or usual,
        derandomize=not MORE,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def test_every_method_is_called() -> None:
    assert set(FIELDS) | WITHOUT == set(METHODS)


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("tgsandbox").setLevel(logging.CRITICAL)


@pytest.mark.parametrize("world", range(8))
@examples(12)
@given(data=st.data(), seed=st.integers(0, 2**32), steps=st.integers(1, 80))
def test_any_calls_in_any_order(world: int, data: Any, seed: int, steps: int) -> None:
    async def live() -> None:
        chance = random.Random(f"{world} {seed}")
        fuzz = Fuzz(data.draw, chance)
        try:
            await fuzz.begin()
            for _ in range(steps):
                if chance.randrange(4):
                    await fuzz.call()
                else:
                    fuzz.act()
                    await asyncio.sleep(0)
                fuzz.check()
        finally:
            await fuzz.end()

    asyncio.run(live())


# --- requests

TOKEN = Sandbox().bot("shop_bot").token
PATHS = st.one_of(
    st.sampled_from([f"/bot{TOKEN}/sendMessage", f"/bot{TOKEN}/getMe", f"/file/bot{TOKEN}/x"]),
    st.text(max_size=20).map(lambda each: f"/bot{each}"),
    st.text(max_size=20).map(lambda each: f"/bot{TOKEN}/{each}"),
    st.text(max_size=20).map(lambda each: f"/file/bot{TOKEN}/{each}"),
    st.text(max_size=20),
)
KINDS = st.one_of(
    st.sampled_from(["application/json", "multipart/form-data; boundary=x", "", "text/plain"]),
    st.text(st.characters(max_codepoint=255), max_size=10).map(
        lambda each: f"multipart/form-data; boundary={each}"
    ),
    st.text(st.characters(max_codepoint=255), max_size=20),
)
FORM = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\na\r\n--x--\r\n'
PIECES = st.sampled_from(
    [
        *[
            b"--x",
            b"--",
            b"\r\n",
            b"\r\n\r\n",
            b'Content-Disposition: form-data; name="',
            b'"',
            b":",
        ],
        *[b"text", b"=", b"&", b"%", b"%ff", b'{"text": ', b"[", b"]", b"}", b"1e999", b"\\ud800"],
        *[FORM, b"; filename=", b'filename*="', b"\0", b"\xff", b"chat_id=1", b'{"a": 1}'],
    ]
)
BODIES = st.one_of(
    st.binary(max_size=60),
    st.lists(PIECES, max_size=12).map(b"".join),
    st.dictionaries(TEXTS, st.one_of(TEXTS, st.integers(), st.lists(TEXTS, max_size=2))).map(
        lambda each: json.dumps(each).encode()
    ),
)


@examples(600)
@given(path=PATHS, kind=KINDS, query=st.binary(max_size=20), body=BODIES, cut=st.integers(0, 60))
def test_any_request(path: str, kind: str, query: bytes, body: bytes, cut: int) -> None:
    """It is answered, in JSON, and never with a failure of ours."""
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": query,
        "headers": [(b"content-type", kind.encode("latin-1"))],
    }
    parts = [body[:cut], body[cut:]]
    told: list[Any] = []

    async def receive() -> dict[str, Any]:
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message: Any) -> None:
        told.append(message)

    async def ask() -> None:
        tg = Sandbox()
        await Server(tg.world)(scope, receive, send)
        await tg.stop()

    asyncio.run(ask())
    start, answer = told
    assert start["status"] in (200, 400, 401, 404)
    assert json.loads(answer["body"])["ok"] is (start["status"] == 200)
