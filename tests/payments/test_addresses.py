"""Where providers call, and what nobody there can read."""

import json
from collections.abc import Mapping

import pytest

from tests.conftest import Fresh
from tests.payments.cases import OUTSIDE, letters_kept, nothing_came, of, post, sells, sign_and_post
from tests.payments.rig import Kind, a_rig, ref

# -- what nobody can read ----------------------------------------------------------

_JSON = {"content-type": "application/json"}
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_NAN = b'{"id": "evt_1", "type": "x", "amount": NaN}'
_TWICE = b'{"status": 0, "status": 1, "guid": "g", "merchant_id": "1"}'

BAD: dict[str, tuple[str, bytes, Mapping[str, str], str]] = {
    "nothing": ("POST", b"", {}, ""),
    "no JSON": ("POST", b"{", _JSON, ""),
    "a list": ("POST", b"[]", _JSON, ""),
    "a number": ("POST", b"1e999", _JSON, ""),
    "NaN": ("POST", _NAN, _JSON, ""),
    "a key twice": ("POST", _TWICE, _JSON, ""),
    "depth": ("POST", b"[" * 100_000, _JSON, ""),
    "not UTF-8": ("POST", b'{"a": "\xff"}', _JSON, ""),
    "half a character": ("POST", b'{"id": "\\ud800", "type": "\\ud800"}', _JSON, ""),
    "a zero byte": ("POST", b'{"id": "a\\u0000", "type": "a\\u0000"}', _JSON, ""),
    "a field twice": ("POST", b"status=0&status=1&guid=g&merchant_id=1", _FORM, ""),
    "a bad escape": ("POST", b"a=%ff&b", _FORM, ""),
    "a query twice": ("GET", b"", {}, "status=0&status=1&guid=g&merchant_id=1"),
    "an empty query": ("GET", b"", {}, ""),
    "a huge number": ("POST", b'{"amount": ' + b"9" * 5000 + b"}", _JSON, ""),
}


@OUTSIDE
@pytest.mark.parametrize("raw", ["plain", "signed"])
async def test_what_cannot_be_read(fresh: Fresh, kind: Kind, raw: str) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        for name, (method, body, headers, query) in BAD.items():
            if raw == "signed" and method == "POST":
                answer = await sign_and_post(rig, body)
            else:
                url = rig.shop.callback_url + (f"?{query}" if query else "")
                answer = await rig.http.request(method, url, content=body, headers=dict(headers))
            assert 400 <= answer.status_code < 500, (name, answer.status_code)
            assert answer.json()["detail"], name
        assert await letters_kept(rig) == 0
        await nothing_came(rig, started)
        await sells(rig, started)


@OUTSIDE
async def test_odd_signatures(fresh: Fresh, kind: Kind) -> None:
    """Without any, not in ASCII, much too long: refused, or (unsigned) asked about."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        good = rig.shop.callback(ref(started), "paid")
        for mark in ("", "пароль", "ä" * 64, "0" * 100_000, "t=1,v1=", f"t={'9' * 400},v1=00"):
            headers = {
                name.encode(): value.encode()
                for name, value in good.headers.items()
                if "signature" not in name.lower()
            }
            body = good.body
            if rig.provider.abilities.signed:
                (name,) = rig.provider.headers
                headers[name.encode()] = mark[:50_000].encode()
            elif kind.name == "oneplat":
                changed = json.loads(body) | {"signature": mark, "signature_v2": mark}
                body = json.dumps(changed).encode()
            answer = await rig.http.post(good.url, content=body, headers=headers)
            expected = (200,) if kind.name == "yookassa" else (400, 403)
            assert answer.status_code in expected, mark
        await nothing_came(rig, started)
        await sells(rig, started)


@OUTSIDE
async def test_ten_megabytes(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        answer = await rig.http.post(rig.shop.callback_url, content=b"x" * 10_000_000)
        assert answer.status_code == 413
        assert "larger" in answer.json()["detail"]
        assert await letters_kept(rig) == 0
        await nothing_came(rig, started)


# -- addresses ---------------------------------------------------------------------


@OUTSIDE
async def test_methods(fresh: Fresh, kind: Kind) -> None:
    """GET only where the provider calls so; the rest never."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        sent = rig.shop.callback(ref(started), "paid")
        answer = await rig.http.request("GET", sent.url, headers=sent.headers)
        assert answer.status_code == (403 if kind.name == "oneplat" else 405)
        for method in ("PUT", "DELETE", "PATCH", "HEAD"):
            answer = await rig.http.request(method, sent.url, content=sent.body)
            assert answer.status_code in (400, 403, 405), method
        assert await letters_kept(rig) == 0
        await nothing_came(rig, started)


@OUTSIDE
async def test_providers_that_are_not_set_up(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        sent = rig.shop.callback(ref(started), "paid")
        for name in ("paypal", "../oneplat", "a" * 500, "%00", "STRIPE"):
            answer = await post(rig, sent, path=f"/pay/{name}/callback")
            assert answer.status_code == 404, name
        await nothing_came(rig, started)


@of("oneplat")
@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("path", ["/1plat-webhook", "/pay/oneplat/callback"])
async def test_the_seeds_address_of_1plat(fresh: Fresh, kind: Kind, path: str, method: str) -> None:
    async with a_rig(fresh, kind) as rig:
        rig.shop.callback_url = f"{rig.url}{path}"
        rig.shop.callback_method = method  # type: ignore[attr-defined]
        started = await rig.begin()
        await sells(rig, started)
        assert [(sent.method, sent.status) for sent in rig.shop.sent] == [(method, 200)]


@of("oneplat")
async def test_1plat_txt(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind, oneplat_txt="oneplat-proof-TEST") as rig:
        answer = await rig.http.get(f"{rig.url}/1plat.txt")
        assert (answer.status_code, answer.text) == (200, "oneplat-proof-TEST")
        assert answer.headers["content-type"].startswith("text/plain")


@of("stripe")
async def test_the_mini_apps_payment_webhook(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        path = "/api/miniapp/payment-webhook"
        assert (await rig.http.get(f"{rig.url}/1plat.txt")).status_code == 404
        started = await rig.begin()
        forged = await post(rig, rig.shop.callback(ref(started), "paid", forged=True), path=path)
        assert forged.status_code == 400
        assert forged.json()["ok"] is False
        answer = await rig.http.post(rig.url + path, content=b"x" * 1_000_000)
        assert (answer.status_code, answer.json()["ok"]) == (400, False)
        assert (await rig.http.get(rig.url + path)).status_code == 405
        await nothing_came(rig, started)
        rig.shop.callback_url = rig.url + path
        await sells(rig, started)
        answer = await post(rig, rig.shop.sent[-1], path=path)
        assert (answer.status_code, answer.json()) == (200, {"ok": True})


@of("cryptopay")
async def test_where_stripe_is_not_set_up_its_address_says_no(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        answer = await rig.http.post(f"{rig.url}/api/miniapp/payment-webhook", content=b"{}")
        assert (answer.status_code, answer.json()["ok"]) == (400, False)
        answer = await rig.http.post(f"{rig.url}/1plat-webhook", content=b"{}")
        assert answer.status_code == 404


@of("yookassa")
async def test_what_a_stranger_makes_up_is_kept_for_a_while_only(fresh: Fresh, kind: Kind) -> None:
    """Unsigned callbacks name payments that nobody here knows; ours are heard all the same."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        good = rig.shop.callback(ref(started), "paid")
        codes = []
        for number in range(100):
            body = good.body.replace(ref(started).encode(), b"%036d" % number)
            body = body.replace(started.attempt.key.encode(), b"made-up-%d" % number)
            answer = await rig.http.post(good.url, content=body, headers=good.headers)
            codes.append(answer.status_code)
        kept = await letters_kept(rig)
        assert codes[:30] == [200] * 30
        assert set(codes[30:]) == {200, 429}  # one more is let in now and then
        assert codes.count(200) == kept
        await sells(rig, started)
