"""The same shop, written with python-telegram-bot."""

import json
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import telegram as t
from telegram.error import Forbidden, RetryAfter, TelegramError
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ChatMemberHandler,
    ChosenInlineResultHandler,
    CommandHandler,
    ContextTypes,
    InlineQueryHandler,
    MessageHandler,
    MessageReactionHandler,
    PaidMediaPurchasedHandler,
    PreCheckoutQueryHandler,
    ShippingQueryHandler,
    TypeHandler,
    filters,
)

from tests.tgsandbox.conversations import wares
from tests.tgsandbox.conversations.wares import Shop

Context = ContextTypes.DEFAULT_TYPE
Handler = Callable[[t.Update, Context], Coroutine[Any, Any, None]]
AnyApplication = Application[Any, Any, Any, Any, Any, Any]


def application(shop: Shop) -> AnyApplication:
    api = shop.bot.api
    builder = Application.builder().token(shop.bot.token).job_queue(None)
    app = builder.base_url(f"{api}/bot").base_file_url(f"{api}/file/bot").build()
    app.bot_data["shop"] = shop
    app.add_error_handler(failed)
    app.add_handler(CommandHandler("start", start, filters.UpdateType.MESSAGE))
    for name, answer in COMMANDS.items():
        app.add_handler(CommandHandler(name, answer, filters.UpdateType.MESSAGE))
    for filtered, answer in MESSAGES:
        app.add_handler(MessageHandler(filters.UpdateType.MESSAGE & filtered, answer))
    for data, answer in PRESSES.items():
        app.add_handler(CallbackQueryHandler(answer, f"^{data}$"))
    app.add_handler(MessageHandler(filters.UpdateType.EDITED_MESSAGE, edited))
    app.add_handler(MessageReactionHandler(reacted))
    app.add_handler(ShippingQueryHandler(ship))
    app.add_handler(PreCheckoutQueryHandler(agree))
    app.add_handler(PaidMediaPurchasedHandler(unlocked))
    app.add_handler(InlineQueryHandler(search))
    app.add_handler(ChosenInlineResultHandler(chosen))
    app.add_handler(ChatMemberHandler(about_me, ChatMemberHandler.MY_CHAT_MEMBER))
    app.add_handler(ChatMemberHandler(about_others, ChatMemberHandler.CHAT_MEMBER))
    app.add_handler(TypeHandler(t.Update, unknown))
    return app


async def open_up(bot: t.Bot) -> None:
    await bot.set_my_commands(list(wares.COMMANDS.items()))
    await bot.set_my_description(wares.ABOUT)
    await bot.set_my_short_description(wares.SHORT)
    button = t.MenuButtonWebApp(wares.MENU, t.WebAppInfo(wares.APP))
    await bot.set_chat_menu_button(menu_button=button)


async def failed(update: object, context: Context) -> None:
    assert context.error
    shop_of(context).failures.append(context.error)


def shop_of(context: Context) -> Shop:
    shop: Shop = context.bot_data["shop"]
    return shop


def told(error: TelegramError) -> str:
    return error.message.lower()


def message_of(update: t.Update) -> t.Message:
    assert update.message
    return update.message


def target_of(update: t.Update) -> t.Message:
    """The message that this one replies to."""
    target = message_of(update).reply_to_message
    assert target
    return target


def sender(update: t.Update) -> t.User:
    assert update.effective_user
    return update.effective_user


def chat_of(update: t.Update) -> t.Chat:
    assert update.effective_chat
    return update.effective_chat


def query_of(update: t.Update) -> t.CallbackQuery:
    assert update.callback_query
    return update.callback_query


def inline(*rows: list[t.InlineKeyboardButton]) -> t.InlineKeyboardMarkup:
    return t.InlineKeyboardMarkup(rows)


button = t.InlineKeyboardButton


# --- words and keyboards


async def start(update: t.Update, context: Context) -> None:
    came = f" You came by {context.args[0]}." if context.args else ""
    number = t.KeyboardButton("My number", request_contact=True)
    place = t.KeyboardButton("My place", request_location=True)
    form = t.KeyboardButton("Order form", web_app=t.WebAppInfo(wares.FORM))
    keyboard = t.ReplyKeyboardMarkup(
        [["Catalogue"], [number, place], [form]],
        resize_keyboard=True,
        input_field_placeholder="What shall it be?",
    )
    text = f"Welcome, {sender(update).first_name}!{came}"
    await message_of(update).reply_text(text, reply_markup=keyboard)


async def catalogue(update: t.Update, context: Context) -> None:
    keyboard = inline(
        [button("Tea", callback_data="tea"), button("Coffee", callback_data="coffee")],
        [button("Site", url=wares.SITE)],
        [button("Code", copy_text=t.CopyTextButton(wares.CODE))],
        [button("App", web_app=t.WebAppInfo(wares.APP))],
        [button("Search", switch_inline_query_current_chat="tea")],
    )
    await message_of(update).reply_text("What would you like?", reply_markup=keyboard)


async def pressed_tea(update: t.Update, context: Context) -> None:
    query = query_of(update)
    await query.answer("Tea it is")
    keyboard = inline(
        [button("Size", callback_data="size"), button("Forget it", callback_data="forget")]
    )
    text = "Tea is <b>12 EUR</b>"
    await query.edit_message_text(text, parse_mode="HTML", reply_markup=keyboard)


async def pressed_coffee(update: t.Update, context: Context) -> None:
    await query_of(update).answer("No coffee today", show_alert=True)


async def pressed_size(update: t.Update, context: Context) -> None:
    query = query_of(update)
    await query.answer()
    sizes = [button("Small", callback_data="small"), button("Large", callback_data="large")]
    await query.edit_message_reply_markup(inline(sizes))


async def pressed_forget(update: t.Update, context: Context) -> None:
    query = query_of(update)
    await query.answer()
    await query.delete_message()


async def contact(update: t.Update, context: Context) -> None:
    message = message_of(update)
    assert message.contact
    whose = "Your" if message.contact.user_id == sender(update).id else "Somebody's"
    gone = t.ReplyKeyboardRemove()
    await message.reply_text(
        f"{whose} number is {message.contact.phone_number}.", reply_markup=gone
    )


async def location(update: t.Update, context: Context) -> None:
    place = message_of(update).location
    assert place
    await message_of(update).reply_text(f"You are at {place.latitude}, {place.longitude}.")


async def from_form(update: t.Update, context: Context) -> None:
    data = message_of(update).web_app_data
    assert data
    await message_of(update).reply_text(f"{data.button_text} says {data.data}.")


async def ask_name(update: t.Update, context: Context) -> None:
    field = t.ForceReply(input_field_placeholder="Name")
    await message_of(update).reply_text("What is your name?", reply_markup=field)


async def text(update: t.Update, context: Context) -> None:
    message = message_of(update)
    asked = message.reply_to_message
    if asked and asked.text == "What is your name?":
        await message.reply_text(f"Nice to meet you, {message.text}.", do_quote=True)
    elif chat_of(update).type != "private" and not message.via_bot:
        await message.reply_text(f"I heard: {message.text}", do_quote=False)


async def edited(update: t.Update, context: Context) -> None:
    assert update.edited_message
    await update.edited_message.reply_text(f"Now it says: {update.edited_message.text}")


async def reacted(update: t.Update, context: Context) -> None:
    event = update.message_reaction
    assert event
    new = [each.emoji for each in event.new_reaction if isinstance(each, t.ReactionTypeEmoji)]
    await context.bot.send_message(event.chat.id, f"You reacted with {' '.join(new) or 'nothing'}.")


async def typing(update: t.Update, context: Context) -> None:
    await message_of(update).reply_chat_action("typing")
    await message_of(update).reply_text("Typed.")


async def returned(update: t.Update, context: Context) -> None:
    await message_of(update).reply_text("Said in passing")


async def returned_photo(update: t.Update, context: Context) -> None:
    await message_of(update).reply_photo(wares.CUP, caption="Чашка")


# --- files


def seconds(duration: int | timedelta) -> int:
    return int(duration.total_seconds()) if isinstance(duration, timedelta) else duration


async def photo(update: t.Update, context: Context) -> None:
    keyboard = inline(
        [button(each, callback_data=each.lower()) for each in ("Rename", "Replace", "Bare")]
    )
    await message_of(update).reply_photo(wares.CUP, caption="A cup", reply_markup=keyboard)


def keyboard_of(query: t.CallbackQuery) -> t.InlineKeyboardMarkup | None:
    assert isinstance(query.message, t.Message)
    return query.message.reply_markup


async def pressed_rename(update: t.Update, context: Context) -> None:
    query = query_of(update)
    await query.answer()
    await query.edit_message_caption("A blue cup", reply_markup=keyboard_of(query))


async def pressed_replace(update: t.Update, context: Context) -> None:
    query = query_of(update)
    await query.answer()
    pot = t.InputMediaPhoto(wares.POT, caption="A pot")
    await query.edit_message_media(pot, reply_markup=keyboard_of(query))


async def pressed_bare(update: t.Update, context: Context) -> None:
    query = query_of(update)
    await query.answer()
    await query.edit_message_reply_markup(None)


async def got_photo(update: t.Update, context: Context) -> None:
    message = message_of(update)
    best = message.photo[-1]
    shop_of(context).photo = best.file_id
    where = ", of an album" if message.media_group_id else ""
    await message.reply_photo(best.file_id, caption=f"{best.width}x{best.height}{where}")


async def got_document(update: t.Update, context: Context) -> None:
    message = message_of(update)
    document = message.document
    assert document
    data = bytes(await (await document.get_file()).download_as_bytearray())
    name, said = f"copy of {document.file_name}", f"{document.mime_type}, {len(data)} bytes"
    await message.reply_document(data, filename=name, caption=said)


async def got_voice(update: t.Update, context: Context) -> None:
    message = message_of(update)
    assert message.voice
    data = bytes(await (await message.voice.get_file()).download_as_bytearray())
    told = f"{seconds(message.voice.duration)} s"
    await message.reply_voice(data, caption=told, do_quote=True)


async def got_video(update: t.Update, context: Context) -> None:
    film = message_of(update).video
    assert film
    told = f"A film of {film.width}x{film.height}, {seconds(film.duration)} s"
    await message_of(update).reply_text(told)


async def got_audio(update: t.Update, context: Context) -> None:
    song = message_of(update).audio
    assert song
    await message_of(update).reply_text(f"A song of {seconds(song.duration)} s")


async def got_sticker(update: t.Update, context: Context) -> None:
    sent = message_of(update).sticker
    assert sent
    await message_of(update).reply_sticker(sent.file_id)


async def album(update: t.Update, context: Context) -> None:
    media = [t.InputMediaPhoto(each) for each in wares.ALBUM]
    await message_of(update).reply_media_group(media, caption="Three cups")


async def sticker(update: t.Update, context: Context) -> None:
    await message_of(update).reply_sticker(wares.CUP, emoji="☕")


async def dice(update: t.Update, context: Context) -> None:
    thrown = await message_of(update).reply_dice(emoji="🎯")
    assert thrown.dice
    await message_of(update).reply_text(f"It is {thrown.dice.value}.")


async def place(update: t.Update, context: Context) -> None:
    await message_of(update).reply_location(41.3111, 69.2797)


async def venue(update: t.Update, context: Context) -> None:
    await message_of(update).reply_venue(41.3111, 69.2797, "Shop", "Amir Temur 1")


async def call_us(update: t.Update, context: Context) -> None:
    await message_of(update).reply_contact("+998711234567", "Shop")


async def films(update: t.Update, context: Context) -> None:
    message, film = message_of(update), wares.FILM
    await message.reply_animation(film, caption="Animated", filename="film.mp4")
    await message.reply_video(
        film, thumbnail=wares.CUP, caption="Film", supports_streaming=True, filename="film.mp4"
    )
    await message.reply_audio(
        wares.SONG, title="Song", performer="Shop", caption="Sung", filename="song.mp3"
    )
    await message.reply_video_note(film, length=240)


# --- messages that are there


async def forward(update: t.Update, context: Context) -> None:
    await target_of(update).forward(chat_of(update).id)


async def copy(update: t.Update, context: Context) -> None:
    target = target_of(update)
    copied = await target.copy(chat_of(update).id)
    await message_of(update).reply_text(f"Copied {copied.message_id - target.message_id} on.")


async def quote(update: t.Update, context: Context) -> None:
    quoted = t.ReplyParameters(target_of(update).message_id, quote=" ".join(context.args or []))
    await message_of(update).reply_text("Indeed?", reply_parameters=quoted)


async def fancy(update: t.Update, context: Context) -> None:
    await message_of(update).reply_text(
        f"See [here]({wares.SITE})",
        parse_mode="MarkdownV2",
        link_preview_options=t.LinkPreviewOptions(is_disabled=True),
        message_effect_id="5104841245755180586",
        disable_notification=True,
    )
    await message_of(update).reply_photo(
        wares.CUP,
        caption="Hush",
        has_spoiler=True,
        show_caption_above_media=True,
        protect_content=True,
    )


async def delete(update: t.Update, context: Context) -> None:
    await target_of(update).delete()
    await message_of(update).reply_text("Deleted.")


async def pin(update: t.Update, context: Context) -> None:
    await target_of(update).pin()
    chat = await context.bot.get_chat(chat_of(update).id)
    assert chat.pinned_message
    await message_of(update).reply_text(f"Pinned: {chat.pinned_message.text}")


async def unpin(update: t.Update, context: Context) -> None:
    await target_of(update).unpin()
    await message_of(update).reply_text("Unpinned.")


async def like(update: t.Update, context: Context) -> None:
    await message_of(update).set_reaction("👍")


# --- what goes wrong


async def same(update: t.Update, context: Context) -> None:
    answer = await message_of(update).reply_text("Same")
    try:
        await answer.edit_text("Same")
    except TelegramError as error:
        await message_of(update).reply_text(told(error))


async def nowhere(update: t.Update, context: Context) -> None:
    try:
        await context.bot.send_message(1, "Hello?")
    except TelegramError as error:
        await message_of(update).reply_text(told(error))


async def patient(update: t.Update, context: Context) -> None:
    try:
        await message_of(update).reply_text("At once")
    except RetryAfter as error:
        wait = seconds(error.retry_after)
        await message_of(update).reply_text(f"After {wait} s")


async def question(update: t.Update, context: Context) -> None:
    keyboard = inline([button("Later", callback_data="later")])
    await message_of(update).reply_text("Well?", reply_markup=keyboard)


async def pressed_later(update: t.Update, context: Context) -> None:
    shop_of(context).question = query_of(update).id
    await query_of(update).edit_message_text("Wait ...")


async def answer_late(update: t.Update, context: Context) -> None:
    try:
        await context.bot.answer_callback_query(shop_of(context).question)
    except TelegramError as error:
        await message_of(update).reply_text(told(error))


async def tell(update: t.Update, context: Context) -> None:
    assert context.args
    chat, *words = context.args
    try:
        await context.bot.send_message(int(chat), " ".join(words))
    except Forbidden as error:
        who = "known" if int(chat) in shop_of(context).blocked else "new"
        await message_of(update).reply_text(f"Not delivered ({who}): {told(error)}")
    else:
        await message_of(update).reply_text("Delivered.")


# --- payments


async def tea(update: t.Update, context: Context) -> None:
    await message_of(update).reply_invoice(
        "Tea",
        "A pound of it",
        "tea",
        "EUR",
        [t.LabeledPrice("Tea", wares.TEA)],
        provider_token=shop_of(context).bot.provider_token,
        max_tip_amount=500,
        suggested_tip_amounts=wares.TIPS,
        need_name=True,
        need_phone_number=True,
        need_email=True,
        is_flexible=True,
        reply_markup=inline([button("Pay", pay=True)], [button("Site", url=wares.SITE)]),
    )


async def last_cup(update: t.Update, context: Context) -> None:
    await message_of(update).reply_invoice(
        "Last cup",
        "Before we close",
        "sold-out",
        "EUR",
        [t.LabeledPrice("Cup", 300)],
        provider_token=shop_of(context).bot.provider_token,
    )


async def ship(update: t.Update, context: Context) -> None:
    query = update.shipping_query
    assert query
    if query.shipping_address.country_code != "UZ":
        await query.answer(ok=False, error_message="We do not ship there.")
        return
    options = [
        t.ShippingOption(key, title, [t.LabeledPrice(title, amount)])
        for key, (title, amount) in wares.SHIPPING.items()
    ]
    await query.answer(ok=True, shipping_options=options)


async def agree(update: t.Update, context: Context) -> None:
    query = update.pre_checkout_query
    assert query
    if query.invoice_payload == "sold-out":
        await query.answer(ok=False, error_message="Sold out.")
    else:
        await query.answer(ok=True)


async def paid(update: t.Update, context: Context) -> None:
    message = message_of(update)
    payment = message.successful_payment
    assert payment
    shop_of(context).charges[sender(update).id] = payment.telegram_payment_charge_id
    if payment.is_recurring:
        assert payment.subscription_expiration_date
        until = (payment.subscription_expiration_date - message.date).total_seconds()
        which = "Welcome to the club" if payment.is_first_recurring else "The club goes on"
        await message.reply_text(f"{which} until {wares.clock(until)}.")
        return
    said = f"Paid {payment.total_amount} {payment.currency} for {payment.invoice_payload}."
    if info := payment.order_info:
        assert info.shipping_address
        said += f" {info.name}, {info.phone_number}, {info.email}:"
        said += f" {payment.shipping_option_id} to {info.shipping_address.city}."
    await message.reply_text(said)


async def gems(update: t.Update, context: Context) -> None:
    price = t.LabeledPrice("Gems", 50)
    await message_of(update).reply_invoice("Gems", "A bag of them", "gems", "XTR", [price])


async def refund(update: t.Update, context: Context) -> None:
    user = sender(update)
    try:
        await context.bot.refund_star_payment(user.id, shop_of(context).charges[user.id])
    except TelegramError as error:
        await message_of(update).reply_text(told(error))


async def refunded(update: t.Update, context: Context) -> None:
    payment = message_of(update).refunded_payment
    assert payment
    back = f"{payment.total_amount} {payment.currency} for {payment.invoice_payload}"
    await message_of(update).reply_text(f"Returned {back}.")


async def link(update: t.Update, context: Context) -> None:
    made = await context.bot.create_invoice_link(
        "Tea",
        "To take away",
        "link",
        "EUR",
        [t.LabeledPrice("Tea", 500)],
        provider_token=shop_of(context).bot.provider_token,
    )
    await message_of(update).reply_text(made)


async def club(update: t.Update, context: Context) -> None:
    price = t.LabeledPrice("A month", 100)
    made = await context.bot.create_invoice_link(
        "Club", "Tea every month", "club", "XTR", [price], subscription_period=wares.MONTH
    )
    await message_of(update).reply_text(made)


async def stop_club(update: t.Update, context: Context) -> None:
    user = sender(update)
    charge = shop_of(context).charges[user.id]
    await context.bot.edit_user_star_subscription(user.id, charge, is_canceled=True)
    await message_of(update).reply_text("This month is the last.")


async def unknown(update: t.Update, context: Context) -> None:
    """A subscription that changed, of which this version of the library has no type."""
    event = update.api_kwargs.get("subscription")
    if event:
        said = f"Your {event['invoice_payload']} is {event['state']}."
        await context.bot.send_message(event["user"]["id"], said)


async def secret(update: t.Update, context: Context) -> None:
    media = t.InputPaidMediaPhoto(wares.CUP)
    await message_of(update).reply_paid_media(10, [media], payload="secret", caption="A secret")


async def unlocked(update: t.Update, context: Context) -> None:
    event = update.purchased_paid_media
    assert event
    await context.bot.send_message(event.from_user.id, f"You bought {event.paid_media_payload}.")


async def balance(update: t.Update, context: Context) -> None:
    stars = await context.bot.get_my_star_balance()
    found = (await context.bot.get_star_transactions()).transactions
    rows = [f"{'+' if each.source else '-'}{each.amount}" for each in found]
    await message_of(update).reply_text(f"{stars.amount} Stars: {' '.join(rows)}")


# --- inline mode and Mini Apps


async def search(update: t.Update, context: Context) -> None:
    query = update.inline_query
    assert query
    order = inline([button("Order", callback_data="order")])
    results: list[t.InlineQueryResult] = [
        t.InlineQueryResultArticle(
            key,
            title,
            t.InputTextMessageContent(f"{title}, please"),
            description=f"A cup of {key}",
            reply_markup=order if key == "tea" else None,
        )
        for key, title in wares.GOODS.items()
        if query.query in key
    ]
    if query.query == "photo":
        picture = t.InlineQueryResultCachedPhoto(
            "photo", shop_of(context).photo, "Photo", caption="As you like it"
        )
        results.append(picture)
    await query.answer(results, cache_time=0, is_personal=True)


async def chosen(update: t.Update, context: Context) -> None:
    result = update.chosen_inline_result
    assert result
    if result.inline_message_id:
        await context.bot.edit_message_text(
            f"{wares.GOODS[result.result_id]}, noted",
            inline_message_id=result.inline_message_id,
            reply_markup=inline([button("Order", callback_data="order")]),
        )


async def ordered(update: t.Update, context: Context) -> None:
    query = query_of(update)
    await query.answer("Ordered")
    await query.edit_message_text("Ordered")


async def order(bot: t.Bot, init_data: str, text: str) -> None:
    """What the server of the Mini App does with an order."""
    data = dict(parse_qsl(init_data, strict_parsing=True))
    name = json.loads(data["user"])["first_name"]
    content = t.InputTextMessageContent(f"{name} orders {text}")
    article = t.InlineQueryResultArticle("order", "Order", content)
    await bot.answer_web_app_query(data["query_id"], article)


# --- groups


async def about_me(update: t.Update, context: Context) -> None:
    event = update.my_chat_member
    assert event
    shop = shop_of(context)
    before, now = event.old_chat_member.status, event.new_chat_member.status
    if event.chat.type == "private":
        if now == "kicked":
            shop.blocked.add(event.chat.id)
        else:
            shop.blocked.discard(event.chat.id)
    elif now == "administrator":
        await context.bot.send_message(event.chat.id, "Now I hear everything.")
    elif before == "left" and now == "member":
        await context.bot.send_message(event.chat.id, f"Good day, {event.chat.title}.")


async def about_others(update: t.Update, context: Context) -> None:
    event = update.chat_member
    assert event
    member = event.new_chat_member
    change = f"{event.old_chat_member.status} to {member.status}"
    await context.bot.send_message(event.chat.id, f"{member.user.first_name}: {change}.")


async def came(update: t.Update, context: Context) -> None:
    for each in message_of(update).new_chat_members:
        if each.id != context.bot.id:
            said = f"Welcome, {each.first_name}."
            await message_of(update).reply_text(said, do_quote=False)


async def went(update: t.Update, context: Context) -> None:
    gone = message_of(update).left_chat_member
    assert gone
    await message_of(update).reply_text(f"Goodbye, {gone.first_name}.", do_quote=False)


async def who(update: t.Update, context: Context) -> None:
    member = await context.bot.get_chat_member(chat_of(update).id, sender(update).id)
    await message_of(update).reply_text(f"You are {member.status}.", do_quote=False)


async def admins(update: t.Update, context: Context) -> None:
    found = await context.bot.get_chat_administrators(chat_of(update).id)
    told = ", ".join(f"{each.user.first_name}: {each.status}" for each in found)
    await message_of(update).reply_text(told, do_quote=False)


async def mute(update: t.Update, context: Context) -> None:
    whom = target_of(update).from_user
    assert whom
    quiet = t.ChatPermissions(can_send_messages=False)
    await chat_of(update).restrict_member(whom.id, quiet)


async def ban(update: t.Update, context: Context) -> None:
    whom = target_of(update).from_user
    assert whom
    await chat_of(update).ban_member(whom.id)


async def rename(update: t.Update, context: Context) -> None:
    chat = chat_of(update)
    await chat.set_title(" ".join(context.args or []))
    now, count = await context.bot.get_chat(chat.id), await chat.get_member_count()
    await message_of(update).reply_text(f"This is {now.title}, of {count}.", do_quote=False)


async def leave(update: t.Update, context: Context) -> None:
    await chat_of(update).leave()


COMMANDS: dict[str, Handler] = {
    "name": ask_name, "typing": typing, "returned": returned, "returned_photo": returned_photo,
    "photo": photo, "album": album, "sticker": sticker, "dice": dice, "place": place,
    "venue": venue, "contact": call_us, "films": films,
    "forward": forward, "copy": copy, "delete": delete, "pin": pin, "unpin": unpin, "like": like,
    "same": same, "nowhere": nowhere, "question": question, "answer": answer_late, "tell": tell,
    "tea": tea, "last": last_cup, "gems": gems, "refund": refund, "link": link, "club": club,
    "stop": stop_club, "secret": secret, "balance": balance,
    "who": who, "admins": admins, "leave": leave,
    "mute": mute, "ban": ban, "rename": rename, "quote": quote, "fancy": fancy, "patient": patient,
}  # fmt: skip
MESSAGES: list[tuple[filters.BaseFilter, Handler]] = [
    (filters.Text(["Catalogue"]), catalogue),
    (filters.CONTACT, contact),
    (filters.LOCATION, location),
    (filters.StatusUpdate.WEB_APP_DATA, from_form),
    (filters.PHOTO, got_photo),
    (filters.Document.ALL, got_document),
    (filters.VOICE, got_voice),
    (filters.VIDEO, got_video),
    (filters.AUDIO, got_audio),
    (filters.Sticker.ALL, got_sticker),
    (filters.SUCCESSFUL_PAYMENT, paid),
    (filters.StatusUpdate.REFUNDED_PAYMENT, refunded),
    (filters.StatusUpdate.NEW_CHAT_MEMBERS, came),
    (filters.StatusUpdate.LEFT_CHAT_MEMBER, went),
    (filters.TEXT & ~filters.COMMAND, text),
]
PRESSES: dict[str, Handler] = {
    "tea": pressed_tea, "coffee": pressed_coffee, "size": pressed_size, "forget": pressed_forget,
    "rename": pressed_rename, "replace": pressed_replace, "bare": pressed_bare,
    "later": pressed_later, "order": ordered,
}  # fmt: skip
