"""What the payer sees when a payment does not go through."""

_TEXTS = {
    "BALANCE_TOO_LOW": "Your balance of Stars is too low.",
    "BOT_PRECHECKOUT_TIMEOUT": "The bot did not confirm the order in time.",
    "CHECKOUT_CLOSED": "The payment was closed.",
    "INVOICE_ALREADY_PAID": "This invoice has been paid already.",
    "MEDIA_ALREADY_PAID": "You have bought this already.",
    "NOTHING_TO_CONFIRM": "There is no payment to confirm.",
    "PAYMENT_DECLINED": "Your card was declined.",
    "PAYMENT_IN_PROGRESS": "The payment is under way already.",
    "PAYMENT_INSUFFICIENT_FUNDS": "There is not enough money on your card.",
    "PAYMENT_VERIFICATION_FAILED": "Your bank did not confirm the payment.",
    "PROVIDER_ACCOUNT_TIMEOUT": "The payment provider did not answer in time.",
    "REQUESTED_INFO_MISSING": "The order needs your details first.",
    "REQ_INFO_NAME_INVALID": "Please enter your name.",
    "REQ_INFO_PHONE_INVALID": "Please enter a valid phone number.",
    "REQ_INFO_EMAIL_INVALID": "Please enter a valid e-mail address.",
    "ADDRESS_COUNTRY_INVALID": "Please choose a country.",
    "ADDRESS_STATE_INVALID": "Please enter a valid state.",
    "ADDRESS_CITY_INVALID": "Please enter a city.",
    "ADDRESS_STREET_LINE1_INVALID": "Please enter a street.",
    "ADDRESS_STREET_LINE2_INVALID": "Please enter a valid second line of the street.",
    "ADDRESS_POSTCODE_INVALID": "Please enter a postcode.",
    "SHIPPING_BOT_TIMEOUT": "The bot did not say in time how it can ship.",
    "SHIPPING_OPTION_INVALID": "Please choose how the order is to be shipped.",
    "SLUG_INVALID": "There is no such invoice.",
    "SUBSCRIPTION_ALREADY_ACTIVE": "You are subscribed already.",
    "TIP_AMOUNT_INVALID": "This tip is not possible.",
    "TOTAL_AMOUNT_INVALID": "The total of the order is not possible.",
}


class PaymentFailed(Exception):
    """Nothing was charged. The code is one that Telegram's clients know, where there is one."""

    def __init__(self, code: str, text: str | None = None) -> None:
        self.code = code
        self.text = text or _TEXTS.get(code, code)
        super().__init__(f"{code}: {self.text}")


class VerificationNeeded(Exception):
    """The bank wants to hear from the payer first: `Checkout.confirm`. Nothing is charged yet."""
