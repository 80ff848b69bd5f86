"""What Stripe looks at before it begins anything."""

import re

from tgsandbox.providers.stripe_objects import LEAST, MOST
from tgsandbox.providers.stripe_wire import Form, invalid, missing

_SESSION_FIELDS = (
    "adaptive_pricing after_expiration allow_promotion_codes allowed_payment_method_types "
    "automatic_tax billing_address_collection branding_settings cancel_url client_reference_id "
    "consent_collection currency custom_fields custom_text customer customer_creation "
    "customer_email customer_update discounts excluded_payment_method_types expand expires_at "
    "invoice_creation line_items locale metadata mode name_collection optional_items "
    "origin_context payment_intent_data payment_method_configuration payment_method_data "
    "payment_method_options payment_method_types permissions phone_number_collection return_url "
    "saved_payment_method_options shipping_address_collection shipping_options submit_type "
    "success_url tax_id_collection ui_mode wallet_options"
)
_INTENT_FIELDS = (
    "allowed_payment_method_types amount automatic_payment_methods capture_method confirm "
    "confirmation_method currency customer description error_on_requires_action expand mandate "
    "metadata off_session payment_method payment_method_configuration payment_method_options "
    "payment_method_types receipt_email return_url setup_future_usage shipping "
    "statement_descriptor statement_descriptor_suffix"
)
_REFUND_FIELDS = (
    "amount charge currency customer expand instructions_email metadata origin payment_intent "
    "reason refund_application_fee reverse_transfer"
)
_CURRENCIES = (
    "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp "
    "byn bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd gbp gel ghs gmd "
    "gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kzt lak lbp "
    "lkr lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab "
    "pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd sos srd szl thb tjs tnd top "
    "try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw"
)
SESSION_FIELDS, INTENT_FIELDS, REFUND_FIELDS, CURRENCIES = (
    frozenset(each.split())
    for each in (_SESSION_FIELDS, _INTENT_FIELDS, _REFUND_FIELDS, _CURRENCIES)
)
_URL = re.compile(r"https?://[^\s/]+.*", re.DOTALL)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def amount_checked(form: Form, name: str) -> int:
    amount = form.integer(name, needed=True, least=1) or 0
    if amount < LEAST:
        told = f"Amount must be at least {LEAST}"
        raise invalid(told, form.name(name), "amount_too_small")
    if amount > MOST:
        told = f"Amount must be no more than {MOST}"
        raise invalid(told, form.name(name), "amount_too_large")
    return amount


def currency_checked(form: Form, name: str) -> str:
    currency = form.text(name, needed=True).lower()
    if currency not in CURRENCIES:
        raise invalid(f"Invalid currency: {currency}.", form.name(name))
    return currency


def email_checked(form: Form, name: str) -> str:
    email = form.text(name, most=800)
    if email and not _EMAIL.fullmatch(email):
        raise invalid(f"Invalid email address: {email}", form.name(name), "email_invalid")
    return email


def url_checked(form: Form, name: str, *, needed: bool = False) -> str:
    url = form.text(name, needed=needed)
    if url and not _URL.fullmatch(url):
        raise invalid("Not a valid URL", form.name(name), "url_invalid")
    return url


def lines_checked(lines: list[Form]) -> tuple[list[tuple[str, int, int]], str, int]:
    """(name, quantity, price) of each, their currency, and the total."""
    if not lines:
        raise missing("line_items")
    found, currencies, total = [], set(), 0
    for line in lines:
        if "price" in line:
            id_ = line.text("price")
            raise invalid(f"No such price: '{id_}'", line.name("price"), "resource_missing")
        price = line.part("price_data")
        if not price.values:
            raise missing(line.name("price_data"))
        product = price.part("product_data")
        name = product.text("name", needed=True)
        unit = price.integer("unit_amount", needed=True) or 0
        count = line.integer("quantity", needed=True, least=1) or 0
        currencies.add(currency_checked(price, "currency"))
        found.append((name, count, unit))
        total += count * unit
    if len(currencies) > 1:
        raise invalid("All prices must have the same currency.", "line_items")
    currency = currencies.pop()
    if total < LEAST:
        told = f"The Checkout Session's total amount due must add up to at least {LEAST} {currency}"
        raise invalid(told, "", "amount_too_small")
    if total > MOST:
        told = f"The Checkout Session's total amount must be no more than {MOST} {currency}"
        raise invalid(told, "", "amount_too_large")
    return found, currency, total
