"""Invoices: what a bot asks for, and what Telegram says when it asks wrongly."""

import re
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tgsandbox.telegram.args import Args, parse_json
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.payments.currencies import CURRENCIES, STARS, STARS_SUBSCRIPTION
from tgsandbox.telegram.records import Bot, Json, Record

if TYPE_CHECKING:
    from tgsandbox.telegram.calls import Call
    from tgsandbox.telegram.world import World

MONTH = 2_592_000  # the only period that a subscription may have
MOST = 9999_9999_9999  # of any amount, before its currency is looked at
_TOKEN = re.compile(r"[0-9]+:(TEST|LIVE):.+", re.DOTALL)
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_LINK = re.compile(r"(?:(?:https?://)?(?:t|telegram)\.me/(?:\$|%24|invoice/)|\$)?([\w-]{8,64})")
_LETTERS = string.ascii_letters + string.digits + "-_"


@dataclass(slots=True, eq=False)
class Invoice(Record):
    kind = "invoice"
    slug: str
    bot_id: int
    title: str
    description: str
    payload: str
    currency: str
    prices: list[Json]
    provider_token: str = ""
    provider_data: str = ""
    start_parameter: str = ""
    max_tip: int = 0
    suggested_tips: list[int] = field(default_factory=list)
    photo: Json | None = None
    need_name: bool = False
    need_phone_number: bool = False
    need_email: bool = False
    need_shipping_address: bool = False
    phone_to_provider: bool = False
    email_to_provider: bool = False
    flexible: bool = False
    period: int = 0  # seconds between the payments of a subscription
    single: bool = False  # sent as a message: it is paid once
    paid: str | None = None  # the charge that paid it, where it is paid once

    @property
    def key(self) -> str:
        return self.slug

    @property
    def in_stars(self) -> bool:
        return self.currency == STARS

    @property
    def total(self) -> int:
        return sum(price["amount"] for price in self.prices)

    @property
    def link(self) -> str:
        return f"https://t.me/${self.slug}"

    @property
    def needs(self) -> dict[str, bool]:
        """What the payer has to tell, by the names in OrderInfo."""
        wanted = ("name", "phone_number", "email", "shipping_address")
        return {name: getattr(self, f"need_{name}") for name in wanted}


def invoice_of(call: "Call", *, link: bool) -> Invoice:
    """What sendInvoice or createInvoiceLink asks for; it is not kept yet."""
    return invoice_from(call.world, call.bot, call.args, link=link)


def invoice_from(world: "World", bot: Bot, args: Args, *, link: bool) -> Invoice:
    """The same of other arguments: InputInvoiceMessageContent has the same names."""
    invoice = Invoice(
        slug=_slug(world),
        bot_id=bot.id,
        title=_required(args, "title"),
        description=_required(args, "description"),
        payload=_required(args, "payload"),
        provider_token=args.text("provider_token"),
        provider_data=args.text("provider_data"),
        start_parameter=args.text("start_parameter"),
        currency=_required(args, "currency"),
        prices=_prices(args),
        max_tip=_max_tip(args),
        suggested_tips=_suggested_tips(args),
        photo=_photo(args),
        need_name=args.flag("need_name"),
        phone_to_provider=args.flag("send_phone_number_to_provider"),
        email_to_provider=args.flag("send_email_to_provider"),
        flexible=args.flag("is_flexible"),
        period=args.integer("subscription_period", low=0) if link else 0,
        single=not link,
    )
    invoice.need_phone_number = args.flag("need_phone_number") or invoice.phone_to_provider
    invoice.need_email = args.flag("need_email") or invoice.email_to_provider
    invoice.need_shipping_address = args.flag("need_shipping_address") or invoice.flexible
    _check_total(invoice)
    _check_tips(invoice)
    _check_texts(invoice)
    _check_provider(invoice)
    if invoice.in_stars:
        _check_stars(invoice)
    elif invoice.period:
        raise bad_request("CURRENCY_INVALID")
    currency = CURRENCIES[invoice.currency]
    if not currency.least <= invoice.total <= currency.most:
        raise bad_request("CURRENCY_TOTAL_AMOUNT_INVALID")
    return invoice


def invoice_body(invoice: Invoice) -> Json:
    """The `invoice` of a Message."""
    return {
        "title": invoice.title,
        "description": invoice.description,
        "start_parameter": invoice.start_parameter,
        "currency": invoice.currency,
        "total_amount": invoice.total,
    }


def invoice_by_link(world: "World", link: str) -> Invoice | None:
    """By https://t.me/$slug, https://t.me/invoice/slug or the slug alone."""
    found = _LINK.fullmatch(link.strip())
    return world.till.invoices.get(found[1]) if found else None


def prices_in(value: Any) -> list[Json]:
    """An array of LabeledPrice."""
    if not isinstance(value, list):
        raise bad_request("expected an Array of labeled prices")
    prices = []
    for each in value:
        try:
            prices.append(_price(each))
        except ValueError as error:
            raise bad_request(f"can't parse labeled price: {error}") from None
    if not prices:
        raise bad_request("there must be at least one price")
    return prices


def shipping_options_in(args: Args) -> list[Json]:
    """The array of ShippingOption of answerShippingQuery."""
    if not args.text("shipping_options"):
        raise bad_request('parameter "shipping_options" is required')
    value = args.json("shipping_options", "shipping options")
    if not isinstance(value, list):
        raise bad_request("expected an Array of shipping options")
    options = []
    for each in value:
        try:
            options.append(_shipping_option(each))
        except ValueError as error:
            raise bad_request(f"can't parse shipping option: {error}") from None
    if not options:
        raise bad_request("there must be at least one shipping option")
    if len({option["id"] for option in options}) < len(options):
        raise bad_request("SHIPPING_ID_DUPLICATE")
    return options


def _slug(world: "World") -> str:
    """A new one, also when dice with a seed fall as they did before."""
    while (slug := "".join(world.random.choices(_LETTERS, k=22))) in world.till.invoices:
        pass
    return slug


def _required(args: Args, name: str) -> str:
    value = args.text(name)
    if not value:
        raise bad_request(f'parameter "{name}" is required')
    return value


def _prices(args: Args) -> list[Json]:
    _required(args, "prices")
    return prices_in(args.json("prices", "prices"))


def _price(value: Any) -> Json:
    if not isinstance(value, dict):
        raise ValueError("LabeledPrice must be an Object")
    label = _string(value, "label")
    if not label:
        raise ValueError("LabeledPrice label must be non-empty")
    return {"label": label, "amount": _long(value, "amount")}


def _shipping_option(value: Any) -> Json:
    if not isinstance(value, dict):
        raise ValueError("ShippingOption must be an Object")
    found: Json = {"id": _string(value, "id"), "title": _string(value, "title")}
    if not found["id"]:
        raise ValueError("ShippingOption identifier must be non-empty")
    if not found["title"]:
        raise ValueError("ShippingOption title must be non-empty")
    if "prices" not in value:
        raise ValueError('Can\'t find field "prices"')
    if not isinstance(value["prices"], list):
        raise ValueError('Field "prices" must be of type Array')
    try:
        found["prices"] = [_price(each) for each in value["prices"]]
    except ValueError as error:
        raise ValueError(
            f"Can't parse shipping option prices: Can't parse labeled price: {error}"
        ) from None
    if not found["prices"]:
        raise ValueError(
            "Can't parse shipping option prices: There must be at least one price"
        ) from None
    return found


def _string(value: Json, name: str) -> str:
    found = value.get(name)
    if name not in value:
        raise ValueError(f'Can\'t find field "{name}"')
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        raise ValueError(f'Field "{name}" must be of type String')
    return str(found)


def _long(value: Json, name: str) -> int:
    found = value.get(name)
    if name not in value:
        raise ValueError(f'Can\'t find field "{name}"')
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        raise ValueError(f'Field "{name}" must be a Number')
    if not _INTEGER.fullmatch(str(found)):
        raise ValueError(f'Can\'t parse as an integer string "{found}"')
    return int(found)


def _max_tip(args: Args) -> int:
    given = args.text("max_tip_amount")
    if given and not _INTEGER.fullmatch(given):
        raise bad_request('can\'t parse "max_tip_amount" as Number')
    return int(given or 0)


def _suggested_tips(args: Args) -> list[int]:
    value = args.json("suggested_tip_amounts", "suggested_tip_amounts")
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad_request("expected an Array of suggested tip amounts")
    amounts = []
    for each in value:
        if isinstance(each, bool) or not isinstance(each, str | int | float):
            raise bad_request("suggested tip amount must be of type Number or String")
        if not _INTEGER.fullmatch(str(each)):
            raise bad_request("can't parse suggested tip amount as Number")
        amounts.append(int(each))
    return amounts


def _photo(args: Args) -> Json | None:
    """Telegram drops an address that is none without a word."""
    url = args.text("photo_url").strip()
    if not re.match(r"(https?://)?[\w-]+(\.[\w-]+)+|https?://[\w-]+", url):
        return None
    photo: Json = {"url": url if "://" in url else f"http://{url}"}
    for name, most in (("size", 10**9), ("width", 10_000), ("height", 10_000)):
        photo[name] = args.integer(f"photo_{name}", low=0, high=most)
    return photo


def _check_total(invoice: Invoice) -> None:
    if any(abs(price["amount"]) > MOST for price in invoice.prices):
        raise bad_request("too big amount of the currency specified")
    if invoice.total <= 0:
        raise bad_request("total price must be positive")
    if invoice.total > MOST:
        raise bad_request("total price is too big")


def _check_tips(invoice: Invoice) -> None:
    if not 0 <= invoice.max_tip <= MOST:
        raise bad_request("invalid max_tip_amount of the currency specified")
    tips = invoice.suggested_tips
    for tip in tips:
        if tip <= 0:
            raise bad_request("suggested tip amount must be positive")
        if tip > invoice.max_tip:
            raise bad_request("suggested tip amount can't be bigger than max_tip_amount")
    if len(tips) > 4:
        raise bad_request("there can be at most 4 suggested tip amounts")
    if tips != sorted(set(tips)):
        raise bad_request("SUGGESTED_TIP_AMOUNTS_INVALID")


def _check_texts(invoice: Invoice) -> None:
    if len(invoice.title) > 32 or len(invoice.description) > 255:
        raise bad_request("MEDIA_INVALID")
    if len(invoice.payload.encode()) > 128:
        raise bad_request("INVOICE_PAYLOAD_INVALID")
    if invoice.provider_data:
        try:
            parse_json(invoice.provider_data)
        except ValueError:
            raise bad_request("DATA_JSON_INVALID") from None


def _check_provider(invoice: Invoice) -> None:
    """Without a token it is Stars that are asked for, and nothing else can be."""
    if invoice.in_stars:
        if invoice.provider_token:
            raise bad_request("STARS_INVOICE_INVALID")
        return
    if not _TOKEN.fullmatch(invoice.provider_token):
        raise bad_request("PAYMENT_PROVIDER_INVALID")
    if invoice.currency not in CURRENCIES:
        raise bad_request("CURRENCY_INVALID")


def _check_stars(invoice: Invoice) -> None:
    if len(invoice.prices) != 1 or invoice.max_tip or any(invoice.needs.values()):
        raise bad_request("STARS_INVOICE_INVALID")
    if invoice.period:
        if invoice.period != MONTH:
            raise bad_request("SUBSCRIPTION_PERIOD_INVALID")
        if invoice.total > STARS_SUBSCRIPTION:
            raise bad_request("SUBSCRIPTION_AMOUNT_INVALID")
