"""Methods of money: invoices, the answers a payment waits for, and Telegram Stars."""

from tgsandbox.telegram.calls import Call, method
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.keyboards import has_pay
from tgsandbox.telegram.payments.invoices import invoice_body, invoice_of, shipping_options_in
from tgsandbox.telegram.records import Json
from tgsandbox.telegram.sending import envelope, put
from tgsandbox.telegram.targets import person
from tgsandbox.telegram.wire import message as shown


@method
def send_invoice(call: Call) -> Json:
    invoice = invoice_of(call, link=False)
    into = envelope(call, pay=True)
    if into.markup.inline and not has_pay(into.markup.inline):
        raise bad_request("REPLY_MARKUP_BUY_EMPTY")
    message = put(call, into, {"invoice": invoice_body(invoice)}, invoice=invoice.slug)
    call.world.till.keep(invoice)
    return shown(call.world, message)


@method
def create_invoice_link(call: Call) -> str:
    invoice = invoice_of(call, link=True)
    call.world.till.keep(invoice)
    return invoice.link


@method
def answer_shipping_query(call: Call) -> bool:
    answer: Json = {"ok": call.args.flag("ok")}
    if answer["ok"]:
        answer["shipping_options"] = shipping_options_in(call.args)
    else:
        answer["error_message"] = _required(call, "error_message")
    call.world.answer("shipping", call.bot, call.args.text("shipping_query_id"), answer)
    return True


@method
def answer_pre_checkout_query(call: Call) -> bool:
    answer: Json = {"ok": call.args.flag("ok")}
    if not answer["ok"]:
        answer["error_message"] = _required(call, "error_message")
    call.world.answer("pre_checkout", call.bot, call.args.text("pre_checkout_query_id"), answer)
    return True


@method
def refund_star_payment(call: Call) -> bool:
    user, charge_id = person(call), _required(call, "telegram_payment_charge_id")
    call.world.till.stars.refund(call.bot, user, charge_id)
    return True


@method
def get_star_transactions(call: Call) -> Json:
    offset = call.args.integer("offset", low=0)
    limit = call.args.integer("limit", 100, low=1, high=100)
    return {"transactions": call.world.till.stars.transactions(call.bot, offset, limit)}


@method
def get_my_star_balance(call: Call) -> Json:
    return {"amount": call.world.till.stars.balance(call.bot)}


@method
def edit_user_star_subscription(call: Call) -> bool:
    user, charge_id = person(call), _required(call, "telegram_payment_charge_id")
    call.world.till.subscriptions.edit(
        call.bot, user, charge_id, canceled=call.args.flag("is_canceled")
    )
    return True


def _required(call: Call, name: str) -> str:
    value = call.args.text(name)
    if not value:
        raise bad_request(f'parameter "{name}" is required')
    return value
