"""Whatever is sent, it is an invoice that can be paid or an error in words."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tgsandbox.payments.shop import CARD, STARS, Shop
from tgsandbox.telegram.args import Args
from tgsandbox.telegram.errors import ApiError
from tgsandbox.telegram.payments.currencies import CURRENCIES
from tgsandbox.telegram.payments.failures import PaymentFailed
from tgsandbox.telegram.payments.invoices import shipping_options_in
from tgsandbox.telegram.payments.order_info import checked_info

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner)
)
PRICES = st.lists(
    st.fixed_dictionaries(
        {"label": LEAVES | st.just("x"), "amount": LEAVES | st.integers(-500, 500)}
    )
)
OPTIONS = st.lists(st.fixed_dictionaries({"id": LEAVES, "title": LEAVES, "prices": PRICES | JSON}))
NAMES = (*CARD, *STARS, "max_tip_amount", "suggested_tip_amounts", "subscription_period")
NAMES += ("provider_data", "photo_url", "is_flexible", "need_email")


@given(
    st.sampled_from([CARD, STARS]),
    st.dictionaries(st.sampled_from(NAMES), JSON | JSON.map(json.dumps), max_size=2),
    PRICES | st.just(None),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_invoices(
    about: dict[str, Any], change: dict[str, Any], prices: list[Any] | None, link: bool
) -> None:
    shop = Shop()
    asked = about | change | ({} if prices is None else {"prices": prices})
    try:
        invoice = shop.invoice(asked, link=link)
    except ApiError:
        return
    currency = CURRENCIES[invoice.currency]
    assert currency.least <= invoice.total <= currency.most
    assert invoice.in_stars == (invoice.provider_token == "")
    assert json.loads(json.dumps(invoice.row())) == invoice.row()
    assert shop.till.invoice_by_link(invoice.link) is invoice
    shop.till.open(shop.user, invoice).form()


@given(OPTIONS | JSON)
@settings(max_examples=100, deadline=None)
def test_shipping_options(given_options: Any) -> None:
    try:
        options = shipping_options_in(Args({"shipping_options": given_options}))
    except ApiError:
        return
    assert options
    assert all(each["id"] and each["title"] and each["prices"] for each in options)


@given(
    st.dictionaries(st.sampled_from(["name", "phone_number", "email", "shipping_address"]), JSON)
)
def test_order_info(given_info: dict[str, Any]) -> None:
    invoice = Shop().invoice(
        CARD, need_name=True, need_phone_number=True, need_email=True, is_flexible=True
    )
    with suppress(PaymentFailed):
        assert set(checked_info(invoice, given_info)) == set(invoice.needs)
