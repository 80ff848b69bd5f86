import httpx
import pytest

from tgsandbox import Sandbox


async def test_a_payment_whose_answer_is_lost_is_made_once(tg: Sandbox) -> None:
    shop = tg.bank.shop("yookassa")
    auth = (shop.credentials["shop_id"], shop.credentials["secret_key"])
    mug = {
        "amount": {"value": "599.00", "currency": "RUB"},
        "confirmation": {"type": "redirect", "return_url": "https://example.com"},
        "capture": True,
    }
    shop.fault("create", "timeout_after")
    async with httpx.AsyncClient(auth=auth, headers={"Idempotence-Key": "order-1"}) as http:
        with pytest.raises(httpx.TransportError):
            await http.post(f"{shop.base_url}/payments", json=mug)
        made = (await http.post(f"{shop.base_url}/payments", json=mug)).json()

    assert [each.ref for each in shop.payments] == [made["id"]]
    await shop.pay(made["id"])
    await shop.refund(made["id"], 99_00)
    assert [(each.kind, each.amount) for each in shop.books()] == [
        ("paid", 599_00),
        ("fee", 20_97),
        ("refund", 99_00),
    ]
    assert shop.held() == {"RUB": 479_03}
