"""What an invoice may be, and the words in which another is refused."""

from typing import Any

import pytest

from tests.tgsandbox.payments.shop import CARD, MONTHLY, STARS, Shop, refused
from tgsandbox.telegram.payments.failures import PaymentFailed
from tgsandbox.telegram.payments.invoices import invoice_body, invoice_by_link

Cases = list[tuple[dict[str, Any], str]]

READ: Cases = [
    ({"title": ""}, 'parameter "title" is required'),
    ({"description": ""}, 'parameter "description" is required'),
    ({"payload": ""}, 'parameter "payload" is required'),
    ({"currency": ""}, 'parameter "currency" is required'),
    ({"prices": ""}, 'parameter "prices" is required'),
    ({"prices": "[{"}, "can't parse prices JSON object"),
    ({"prices": "{}"}, "expected an Array of labeled prices"),
    ({"prices": "[]"}, "there must be at least one price"),
    ({"prices": "[1]"}, "can't parse labeled price: LabeledPrice must be an Object"),
    ({"prices": [{"amount": 1}]}, "can't parse labeled price: Can't find field \"label\""),
    (
        {"prices": [{"label": "", "amount": 1}]},
        "can't parse labeled price: LabeledPrice label must be non-empty",
    ),
    (
        {"prices": [{"label": True, "amount": 1}]},
        'can\'t parse labeled price: Field "label" must be of type String',
    ),
    ({"prices": [{"label": "a"}]}, "can't parse labeled price: Can't find field \"amount\""),
    (
        {"prices": [{"label": "a", "amount": None}]},
        'can\'t parse labeled price: Field "amount" must be a Number',
    ),
    (
        {"prices": [{"label": "a", "amount": 1.5}]},
        "can't parse labeled price: Can't parse as an integer string \"1.5\"",
    ),
    ({"max_tip_amount": "much"}, 'can\'t parse "max_tip_amount" as Number'),
    ({"suggested_tip_amounts": "[1"}, "can't parse suggested_tip_amounts JSON object"),
    ({"suggested_tip_amounts": "1"}, "expected an Array of suggested tip amounts"),
    (
        {"suggested_tip_amounts": [None]},
        "suggested tip amount must be of type Number or String",
    ),
    ({"suggested_tip_amounts": [1.5]}, "can't parse suggested tip amount as Number"),
]
JUDGED: Cases = [
    ({"prices": [{"label": "a", "amount": 0}]}, "total price must be positive"),
    (
        {"prices": [{"label": "a", "amount": 5}, {"label": "b", "amount": -6}]},
        "total price must be positive",
    ),
    (
        {"prices": [{"label": "a", "amount": 10**12}, {"label": "b", "amount": 1 - 10**12}]},
        "too big amount of the currency specified",
    ),
    ({"prices": [{"label": "a", "amount": 6 * 10**11}] * 2}, "total price is too big"),
    ({"max_tip_amount": -1}, "invalid max_tip_amount of the currency specified"),
    ({"max_tip_amount": 10**12}, "invalid max_tip_amount of the currency specified"),
    (
        {"max_tip_amount": 9, "suggested_tip_amounts": [0]},
        "suggested tip amount must be positive",
    ),
    (
        {"max_tip_amount": 9, "suggested_tip_amounts": [10]},
        "suggested tip amount can't be bigger than max_tip_amount",
    ),
    (
        {"max_tip_amount": 9, "suggested_tip_amounts": [1, 2, 3, 4, 5]},
        "there can be at most 4 suggested tip amounts",
    ),
    ({"max_tip_amount": 9, "suggested_tip_amounts": [2, 1]}, "SUGGESTED_TIP_AMOUNTS_INVALID"),
    ({"max_tip_amount": 9, "suggested_tip_amounts": [2, 2]}, "SUGGESTED_TIP_AMOUNTS_INVALID"),
    ({"title": "t" * 33}, "MEDIA_INVALID"),
    ({"description": "d" * 256}, "MEDIA_INVALID"),
    ({"payload": "п" * 65}, "INVOICE_PAYLOAD_INVALID"),
    ({"provider_data": "{"}, "DATA_JSON_INVALID"),
    ({"provider_token": ""}, "PAYMENT_PROVIDER_INVALID"),
    ({"provider_token": "something"}, "PAYMENT_PROVIDER_INVALID"),
    ({"provider_token": "1:TEST:"}, "PAYMENT_PROVIDER_INVALID"),
    ({"provider_token": "", "currency": "XTS"}, "PAYMENT_PROVIDER_INVALID"),
    ({"currency": "ABC"}, "CURRENCY_INVALID"),
    ({"prices": [{"label": "a", "amount": 85}]}, "CURRENCY_TOTAL_AMOUNT_INVALID"),
    ({"prices": [{"label": "a", "amount": 860_001}]}, "CURRENCY_TOTAL_AMOUNT_INVALID"),
    ({"subscription_period": 2592000}, "CURRENCY_INVALID"),
]
OF_STARS: Cases = [
    ({"provider_token": "1:TEST:x"}, "STARS_INVOICE_INVALID"),
    ({"prices": [{"label": "a", "amount": 1}] * 2}, "STARS_INVOICE_INVALID"),
    ({"max_tip_amount": 10}, "STARS_INVOICE_INVALID"),
    ({"need_name": True}, "STARS_INVOICE_INVALID"),
    ({"need_phone_number": True}, "STARS_INVOICE_INVALID"),
    ({"need_email": True}, "STARS_INVOICE_INVALID"),
    ({"need_shipping_address": True}, "STARS_INVOICE_INVALID"),
    ({"send_phone_number_to_provider": True}, "STARS_INVOICE_INVALID"),
    ({"send_email_to_provider": True}, "STARS_INVOICE_INVALID"),
    ({"is_flexible": True}, "STARS_INVOICE_INVALID"),
    ({"prices": [{"label": "a", "amount": 100_001}]}, "CURRENCY_TOTAL_AMOUNT_INVALID"),
    ({"subscription_period": 86400}, "SUBSCRIPTION_PERIOD_INVALID"),
    (
        {"subscription_period": 2592000, "prices": [{"label": "a", "amount": 10_001}]},
        "SUBSCRIPTION_AMOUNT_INVALID",
    ),
]


@pytest.mark.parametrize(("change", "text"), READ + JUDGED)
def test_an_invoice_for_a_card_is_refused(shop: Shop, change: dict[str, Any], text: str) -> None:
    said = refused(shop, "createInvoiceLink", **(CARD | change))
    assert said == f"400 Bad Request: {text}"
    assert not shop.till.invoices


@pytest.mark.parametrize(("change", "text"), OF_STARS)
def test_an_invoice_in_stars_is_refused(shop: Shop, change: dict[str, Any], text: str) -> None:
    assert refused(shop, "createInvoiceLink", **(STARS | change)) == f"400 Bad Request: {text}"


@pytest.mark.parametrize(
    "change",
    [
        {"title": "t" * 32},
        {"description": "d" * 255},
        {"payload": "п" * 64},
        {"prices": '[{"label": "a", "amount": "86"}]'},
        {"prices": [{"label": 5, "amount": 860_000}]},
        {"max_tip_amount": "400", "suggested_tip_amounts": "[100, 200, 300, 400]"},
        {"provider_token": "1:LIVE:x"},
        {"provider_data": '{"receipt": {}}'},
    ],
)
def test_what_is_just_within_is_taken(shop: Shop, change: dict[str, Any]) -> None:
    assert shop.invoice(CARD, **change).total > 0


def test_all_that_an_invoice_says_is_kept(shop: Shop) -> None:
    invoice = shop.invoice(
        CARD,
        max_tip_amount=500,
        suggested_tip_amounts=[100, 500],
        provider_data="{}",
        start_parameter="tea",
        need_name=True,
        photo_url="https://example.com/tea.jpg",
        photo_width=640,
        photo_height=480,
        photo_size=1000,
    )

    assert invoice.total == 1200
    assert (invoice.max_tip, invoice.suggested_tips) == (500, [100, 500])
    assert invoice.needs == {
        "name": True,
        "phone_number": False,
        "email": False,
        "shipping_address": False,
    }
    assert invoice.photo == {
        "url": "https://example.com/tea.jpg",
        "size": 1000,
        "width": 640,
        "height": 480,
    }
    assert invoice_body(invoice) == {
        "title": "Tea",
        "description": "A pound of it",
        "start_parameter": "tea",
        "currency": "EUR",
        "total_amount": 1200,
    }


@pytest.mark.parametrize(
    ("asked", "needed"),
    [
        ("send_phone_number_to_provider", "phone_number"),
        ("send_email_to_provider", "email"),
        ("is_flexible", "shipping_address"),
    ],
)
def test_what_is_passed_on_is_needed(shop: Shop, asked: str, needed: str) -> None:
    needs = shop.invoice(CARD, **{asked: True}).needs
    assert [name for name in needs if needs[name]] == [needed]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("example.com/tea.jpg", "http://example.com/tea.jpg"),
        ("http://localhost/tea.jpg", "http://localhost/tea.jpg"),
        ("ftp://example.com/tea.jpg", None),
        ("tea", None),
    ],
)
def test_a_photo_that_is_no_address_is_dropped(shop: Shop, given: str, kept: str | None) -> None:
    photo = shop.invoice(CARD, photo_url=given).photo
    assert (photo and photo["url"]) == kept


def test_an_invoice_is_sent_without_a_keyboard_of_its_own(shop: Shop) -> None:
    shown = shop.call("sendInvoice", chat_id=shop.user.id, **CARD)

    assert shown["invoice"]["total_amount"] == 1200
    assert "reply_markup" not in shown
    message, invoice = shop.sent(CARD)
    assert message.invoice == invoice.slug
    assert invoice.single


def test_a_keyboard_begins_with_the_pay_button(shop: Shop) -> None:
    pay, other = {"text": "Pay", "pay": True}, {"text": "No", "callback_data": "no"}

    shown = shop.call(
        "sendInvoice",
        chat_id=shop.user.id,
        reply_markup={"inline_keyboard": [[pay, other]]},
        **CARD,
    )
    assert shown["reply_markup"]["inline_keyboard"] == [[pay, other]]

    wrong = {"inline_keyboard": [[other]]}
    said = refused(shop, "sendInvoice", chat_id=shop.user.id, reply_markup=wrong, **CARD)
    assert said == "400 Bad Request: REPLY_MARKUP_BUY_EMPTY"


def test_an_invoice_that_could_not_be_sent_cannot_be_paid(shop: Shop) -> None:
    assert refused(shop, "sendInvoice", chat_id=5, **CARD) == "400 Bad Request: chat not found"
    assert not shop.till.invoices


def test_only_a_link_makes_a_subscription(shop: Shop) -> None:
    assert shop.sent(MONTHLY)[1].period == 0
    assert shop.invoice(MONTHLY).period == 2592000


def test_an_invoice_is_found_by_its_link(shop: Shop) -> None:
    link = shop.call("createInvoiceLink", **STARS)
    slug = link.removeprefix("https://t.me/$")

    for each in (link, f"https://t.me/invoice/{slug}", f"t.me/${slug}", f"${slug}", slug):
        assert shop.till.invoice_by_link(each).payload == "order-2"
    for each in ("", "https://t.me/shop_bot", "https://example.com/$" + slug, slug[:-1]):
        assert invoice_by_link(shop.world, each) is None
        with pytest.raises(PaymentFailed, match="SLUG_INVALID"):
            shop.till.invoice_by_link(each)
