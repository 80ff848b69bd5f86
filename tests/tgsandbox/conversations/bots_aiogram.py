"""The shop, written with aiogram."""

from collections.abc import Callable
from typing import Any

from aiogram import Bot, Dispatcher, F
from aiogram import types as t
from aiogram.exceptions import TelegramAPIError, TelegramForbiddenError, TelegramRetryAfter
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.methods import TelegramMethod
from aiogram.utils.web_app import safe_parse_webapp_init_data

from tests.tgsandbox.conversations import wares
from tests.tgsandbox.conversations.wares import Shop


def dispatcher(shop: Shop) -> Dispatcher:
    dp = Dispatcher(shop=shop)
    dp.startup.register(open_up)
    dp.errors.register(failed)
    dp.message.register(start, CommandStart())
    for name, answer in COMMANDS.items():
        dp.message.register(answer, Command(name))
    for filtered, answer in MESSAGES:
        dp.message.register(answer, *filtered)
    for data, answer in PRESSES.items():
        dp.callback_query.register(answer, F.data == data)
    dp.edited_message.register(edited)
    dp.message_reaction.register(reacted)
    dp.shipping_query.register(ship)
    dp.pre_checkout_query.register(agree)
    dp.purchased_paid_media.register(unlocked)
    dp.subscription.register(subscription_changed)
    dp.inline_query.register(search)
    dp.chosen_inline_result.register(chosen)
    dp.my_chat_member.register(about_me)
    dp.chat_member.register(about_others)
    return dp


async def open_up(bot: Bot) -> None:
    described = wares.COMMANDS.items()
    commands = [t.BotCommand(command=name, description=what) for name, what in described]
    await bot.set_my_commands(commands)
    await bot.set_my_description(wares.ABOUT)
    await bot.set_my_short_description(wares.SHORT)
    button = t.MenuButtonWebApp(text=wares.MENU, web_app=t.WebAppInfo(url=wares.APP))
    await bot.set_chat_menu_button(menu_button=button)


async def failed(event: t.ErrorEvent, shop: Shop) -> None:
    shop.failures.append(event.exception)


def told(error: TelegramAPIError) -> str:
    return error.message.removeprefix("Bad Request: ").lower()


def sender(message: t.Message) -> t.User:
    assert message.from_user
    return message.from_user


def inline(*rows: list[t.InlineKeyboardButton]) -> t.InlineKeyboardMarkup:
    return t.InlineKeyboardMarkup(inline_keyboard=list(rows))


def button(text: str, **more: Any) -> t.InlineKeyboardButton:
    return t.InlineKeyboardButton(text=text, **more)


# --- words and keyboards


async def start(message: t.Message, command: CommandObject) -> None:
    came = f" You came by {command.args}." if command.args else ""
    number = t.KeyboardButton(text="My number", request_contact=True)
    place = t.KeyboardButton(text="My place", request_location=True)
    form = t.KeyboardButton(text="Order form", web_app=t.WebAppInfo(url=wares.FORM))
    keyboard = t.ReplyKeyboardMarkup(
        keyboard=[[t.KeyboardButton(text="Catalogue")], [number, place], [form]],
        resize_keyboard=True,
        input_field_placeholder="What shall it be?",
    )
    await message.answer(f"Welcome, {sender(message).first_name}!{came}", reply_markup=keyboard)


async def catalogue(message: t.Message) -> None:
    app = t.WebAppInfo(url=wares.APP)
    keyboard = inline(
        [button("Tea", callback_data="tea"), button("Coffee", callback_data="coffee")],
        [button("Site", url=wares.SITE)],
        [button("Code", copy_text=t.CopyTextButton(text=wares.CODE))],
        [button("App", web_app=app)],
        [button("Search", switch_inline_query_current_chat="tea")],
    )
    await message.answer("What would you like?", reply_markup=keyboard)


async def pressed_tea(query: t.CallbackQuery) -> None:
    await query.answer("Tea it is")
    assert isinstance(query.message, t.Message)
    keyboard = inline(
        [button("Size", callback_data="size"), button("Forget it", callback_data="forget")]
    )
    await query.message.edit_text("Tea is <b>12 EUR</b>", parse_mode="HTML", reply_markup=keyboard)


async def pressed_coffee(query: t.CallbackQuery) -> None:
    await query.answer("No coffee today", show_alert=True)


async def pressed_size(query: t.CallbackQuery) -> None:
    await query.answer()
    assert isinstance(query.message, t.Message)
    sizes = [button("Small", callback_data="small"), button("Large", callback_data="large")]
    await query.message.edit_reply_markup(reply_markup=inline(sizes))


async def pressed_forget(query: t.CallbackQuery) -> None:
    await query.answer()
    assert isinstance(query.message, t.Message)
    await query.message.delete()


async def contact(message: t.Message) -> None:
    assert message.contact
    own = message.contact.user_id == sender(message).id
    whose = "Your" if own else "Somebody's"
    gone = t.ReplyKeyboardRemove()
    await message.answer(f"{whose} number is {message.contact.phone_number}.", reply_markup=gone)


async def location(message: t.Message) -> None:
    assert message.location
    await message.answer(f"You are at {message.location.latitude}, {message.location.longitude}.")


async def from_form(message: t.Message) -> None:
    data = message.web_app_data
    assert data
    await message.answer(f"{data.button_text} says {data.data}.")


async def ask_name(message: t.Message) -> None:
    field = t.ForceReply(input_field_placeholder="Name")
    await message.answer("What is your name?", reply_markup=field)


async def name_told(message: t.Message) -> None:
    await message.reply(f"Nice to meet you, {message.text}.")


async def edited(message: t.Message) -> None:
    await message.answer(f"Now it says: {message.text}")


async def reacted(event: t.MessageReactionUpdated, bot: Bot) -> None:
    new = [each.emoji for each in event.new_reaction if isinstance(each, t.ReactionTypeEmoji)]
    await bot.send_message(event.chat.id, f"You reacted with {' '.join(new) or 'nothing'}.")


async def typing(message: t.Message, bot: Bot) -> None:
    await bot.send_chat_action(message.chat.id, "typing")
    await message.answer("Typed.")


async def returned(message: t.Message) -> TelegramMethod[Any]:
    return message.answer("Said in passing")


async def returned_photo(message: t.Message) -> TelegramMethod[Any]:
    return message.answer_photo(t.BufferedInputFile(wares.CUP, "cup.png"), caption="Чашка")


async def heard(message: t.Message) -> None:
    await message.answer(f"I heard: {message.text}")


# --- files


async def photo(message: t.Message) -> None:
    keyboard = inline(
        [button(each, callback_data=each.lower()) for each in ("Rename", "Replace", "Bare")]
    )
    cup = t.BufferedInputFile(wares.CUP, "cup.png")
    await message.answer_photo(cup, caption="A cup", reply_markup=keyboard)


async def pressed_rename(query: t.CallbackQuery) -> None:
    await query.answer()
    assert isinstance(query.message, t.Message)
    keyboard = query.message.reply_markup
    await query.message.edit_caption(caption="A blue cup", reply_markup=keyboard)


async def pressed_replace(query: t.CallbackQuery) -> None:
    await query.answer()
    assert isinstance(query.message, t.Message)
    pot = t.InputMediaPhoto(media=t.BufferedInputFile(wares.POT, "pot.png"), caption="A pot")
    await query.message.edit_media(pot, reply_markup=query.message.reply_markup)


async def pressed_bare(query: t.CallbackQuery) -> None:
    await query.answer()
    assert isinstance(query.message, t.Message)
    await query.message.edit_reply_markup(reply_markup=None)


async def got_photo(message: t.Message, shop: Shop) -> None:
    assert message.photo
    best = message.photo[-1]
    shop.photo = best.file_id
    where = ", of an album" if message.media_group_id else ""
    await message.answer_photo(best.file_id, caption=f"{best.width}x{best.height}{where}")


async def got_document(message: t.Message, bot: Bot) -> None:
    document = message.document
    assert document
    content = await bot.download(document)
    assert content
    data = content.read()
    copy = t.BufferedInputFile(data, f"copy of {document.file_name}")
    await message.answer_document(copy, caption=f"{document.mime_type}, {len(data)} bytes")


async def got_voice(message: t.Message, bot: Bot) -> None:
    assert message.voice
    file = await bot.get_file(message.voice.file_id)
    assert file.file_path
    content = await bot.download_file(file.file_path)
    assert content
    copy = t.BufferedInputFile(content.read(), "voice.ogg")
    await message.reply_voice(copy, caption=f"{message.voice.duration} s")


async def got_video(message: t.Message) -> None:
    film = message.video
    assert film
    await message.answer(f"A film of {film.width}x{film.height}, {film.duration} s")


async def got_audio(message: t.Message) -> None:
    assert message.audio
    await message.answer(f"A song of {message.audio.duration} s")


async def got_sticker(message: t.Message) -> None:
    assert message.sticker
    await message.answer_sticker(message.sticker.file_id)


async def album(message: t.Message) -> None:
    photos = [t.BufferedInputFile(each, "photo.png") for each in wares.ALBUM]
    media = [t.InputMediaPhoto(media=each) for each in photos]
    media[0] = t.InputMediaPhoto(media=photos[0], caption="Three cups")
    await message.answer_media_group(list(media))


async def sticker(message: t.Message) -> None:
    await message.answer_sticker(t.BufferedInputFile(wares.CUP, "cup.webp"), emoji="☕")


async def dice(message: t.Message) -> None:
    thrown = await message.answer_dice(emoji="🎯")
    assert thrown.dice
    await message.answer(f"It is {thrown.dice.value}.")


async def place(message: t.Message) -> None:
    await message.answer_location(latitude=41.3111, longitude=69.2797)


async def venue(message: t.Message) -> None:
    await message.answer_venue(
        latitude=41.3111, longitude=69.2797, title="Shop", address="Amir Temur 1"
    )


async def call_us(message: t.Message) -> None:
    await message.answer_contact(phone_number="+998711234567", first_name="Shop")


async def films(message: t.Message) -> None:
    film, cover = t.BufferedInputFile(wares.FILM, "film.mp4"), t.BufferedInputFile(wares.CUP, "c")
    await message.answer_animation(film, caption="Animated")
    await message.answer_video(film, thumbnail=cover, caption="Film", supports_streaming=True)
    song = t.BufferedInputFile(wares.SONG, "song.mp3")
    await message.answer_audio(song, title="Song", performer="Shop", caption="Sung")
    await message.answer_video_note(film, length=240)


# --- messages that are there


async def forward(message: t.Message) -> None:
    assert message.reply_to_message
    await message.reply_to_message.forward(message.chat.id)


async def copy(message: t.Message) -> None:
    assert message.reply_to_message
    copied = await message.reply_to_message.copy_to(message.chat.id)
    await message.answer(f"Copied {copied.message_id - message.reply_to_message.message_id} on.")


async def quote(message: t.Message, command: CommandObject) -> None:
    assert message.reply_to_message
    target = message.reply_to_message.message_id
    quoted = t.ReplyParameters(message_id=target, quote=command.args)
    await message.answer("Indeed?", reply_parameters=quoted)


async def fancy(message: t.Message) -> None:
    preview = t.LinkPreviewOptions(is_disabled=True)
    fire = "5104841245755180586"
    await message.answer(
        f"See [here]({wares.SITE})",
        parse_mode="MarkdownV2",
        link_preview_options=preview,
        message_effect_id=fire,
        disable_notification=True,
    )
    await message.answer_photo(
        t.BufferedInputFile(wares.CUP, "cup.png"),
        caption="Hush",
        has_spoiler=True,
        show_caption_above_media=True,
        protect_content=True,
    )


async def delete(message: t.Message) -> None:
    assert message.reply_to_message
    await message.reply_to_message.delete()
    await message.answer("Deleted.")


async def pin(message: t.Message, bot: Bot) -> None:
    assert message.reply_to_message
    await message.reply_to_message.pin()
    chat = await bot.get_chat(message.chat.id)
    assert isinstance(chat.pinned_message, t.Message)
    await message.answer(f"Pinned: {chat.pinned_message.text}")


async def unpin(message: t.Message) -> None:
    assert message.reply_to_message
    await message.reply_to_message.unpin()
    await message.answer("Unpinned.")


async def like(message: t.Message) -> None:
    await message.react([t.ReactionTypeEmoji(emoji="👍")])


# --- what goes wrong


async def same(message: t.Message) -> None:
    answer = await message.answer("Same")
    try:
        await answer.edit_text("Same")
    except TelegramAPIError as error:
        await message.answer(told(error))


async def nowhere(message: t.Message, bot: Bot) -> None:
    try:
        await bot.send_message(1, "Hello?")
    except TelegramAPIError as error:
        await message.answer(told(error))


async def patient(message: t.Message) -> None:
    try:
        await message.answer("At once")
    except TelegramRetryAfter as error:
        await message.answer(f"After {error.retry_after} s")


async def question(message: t.Message) -> None:
    await message.answer("Well?", reply_markup=inline([button("Later", callback_data="later")]))


async def pressed_later(query: t.CallbackQuery, shop: Shop) -> None:
    shop.question = query.id
    assert isinstance(query.message, t.Message)
    await query.message.edit_text("Wait ...")


async def answer_late(message: t.Message, shop: Shop, bot: Bot) -> None:
    try:
        await bot.answer_callback_query(shop.question)
    except TelegramAPIError as error:
        await message.answer(told(error))


async def tell(message: t.Message, command: CommandObject, bot: Bot, shop: Shop) -> None:
    assert command.args
    chat, _, text = command.args.partition(" ")
    try:
        await bot.send_message(int(chat), text)
    except TelegramForbiddenError as error:
        who = "known" if int(chat) in shop.blocked else "new"
        await message.answer(f"Not delivered ({who}): {told(error)}")
    else:
        await message.answer("Delivered.")


# --- payments


async def tea(message: t.Message, shop: Shop) -> None:
    await message.answer_invoice(
        title="Tea",
        description="A pound of it",
        payload="tea",
        provider_token=shop.bot.provider_token,
        currency="EUR",
        prices=[t.LabeledPrice(label="Tea", amount=wares.TEA)],
        max_tip_amount=500,
        suggested_tip_amounts=wares.TIPS,
        need_name=True,
        need_phone_number=True,
        need_email=True,
        is_flexible=True,
        reply_markup=inline([button("Pay", pay=True)], [button("Site", url=wares.SITE)]),
    )


async def last_cup(message: t.Message, shop: Shop) -> None:
    await message.answer_invoice(
        title="Last cup",
        description="Before we close",
        payload="sold-out",
        provider_token=shop.bot.provider_token,
        currency="EUR",
        prices=[t.LabeledPrice(label="Cup", amount=300)],
    )


async def ship(query: t.ShippingQuery) -> None:
    if query.shipping_address.country_code != "UZ":
        await query.answer(ok=False, error_message="We do not ship there.")
        return
    options = [
        t.ShippingOption(id=key, title=title, prices=[t.LabeledPrice(label=title, amount=amount)])
        for key, (title, amount) in wares.SHIPPING.items()
    ]
    await query.answer(ok=True, shipping_options=options)


async def agree(query: t.PreCheckoutQuery) -> None:
    if query.invoice_payload == "sold-out":
        await query.answer(ok=False, error_message="Sold out.")
    else:
        await query.answer(ok=True)


async def paid(message: t.Message, shop: Shop) -> None:
    payment = message.successful_payment
    assert payment
    shop.charges[sender(message).id] = payment.telegram_payment_charge_id
    if payment.is_recurring:
        assert payment.subscription_expiration_date
        until = payment.subscription_expiration_date - message.date.timestamp()
        which = "Welcome to the club" if payment.is_first_recurring else "The club goes on"
        await message.answer(f"{which} until {wares.clock(until)}.")
        return
    text = f"Paid {payment.total_amount} {payment.currency} for {payment.invoice_payload}."
    if info := payment.order_info:
        assert info.shipping_address
        text += f" {info.name}, {info.phone_number}, {info.email}:"
        text += f" {payment.shipping_option_id} to {info.shipping_address.city}."
    await message.answer(text)


async def gems(message: t.Message) -> None:
    await message.answer_invoice(
        title="Gems",
        description="A bag of them",
        payload="gems",
        currency="XTR",
        prices=[t.LabeledPrice(label="Gems", amount=50)],
    )


async def refund(message: t.Message, shop: Shop, bot: Bot) -> None:
    user = sender(message)
    try:
        await bot.refund_star_payment(user.id, shop.charges[user.id])
    except TelegramAPIError as error:
        await message.answer(told(error))


async def refunded(message: t.Message) -> None:
    payment = message.refunded_payment
    assert payment
    back = f"{payment.total_amount} {payment.currency} for {payment.invoice_payload}"
    await message.answer(f"Returned {back}.")


async def link(message: t.Message, shop: Shop, bot: Bot) -> None:
    made = await bot.create_invoice_link(
        title="Tea",
        description="To take away",
        payload="link",
        provider_token=shop.bot.provider_token,
        currency="EUR",
        prices=[t.LabeledPrice(label="Tea", amount=500)],
    )
    await message.answer(made)


async def club(message: t.Message, bot: Bot) -> None:
    made = await bot.create_invoice_link(
        title="Club",
        description="Tea every month",
        payload="club",
        currency="XTR",
        prices=[t.LabeledPrice(label="A month", amount=100)],
        subscription_period=wares.MONTH,
    )
    await message.answer(made)


async def stop_club(message: t.Message, shop: Shop, bot: Bot) -> None:
    user = sender(message)
    await bot.edit_user_star_subscription(user.id, shop.charges[user.id], is_canceled=True)
    await message.answer("This month is the last.")


async def subscription_changed(event: t.BotSubscriptionUpdated, bot: Bot) -> None:
    await bot.send_message(event.user.id, f"Your {event.invoice_payload} is {event.state}.")


async def secret(message: t.Message) -> None:
    media = t.InputPaidMediaPhoto(media=t.BufferedInputFile(wares.CUP, "cup.png"))
    await message.answer_paid_media(10, [media], payload="secret", caption="A secret")


async def unlocked(event: t.PaidMediaPurchased, bot: Bot) -> None:
    await bot.send_message(event.from_user.id, f"You bought {event.paid_media_payload}.")


async def balance(message: t.Message, bot: Bot) -> None:
    stars = await bot.get_my_star_balance()
    found = (await bot.get_star_transactions()).transactions
    rows = [f"{'+' if each.source else '-'}{each.amount}" for each in found]
    await message.answer(f"{stars.amount} Stars: {' '.join(rows)}")


# --- inline mode and Mini Apps


async def search(query: t.InlineQuery, shop: Shop) -> None:
    order = inline([button("Order", callback_data="order")])
    results: list[t.InlineQueryResultUnion] = [
        t.InlineQueryResultArticle(
            id=key,
            title=title,
            description=f"A cup of {key}",
            input_message_content=t.InputTextMessageContent(message_text=f"{title}, please"),
            reply_markup=order if key == "tea" else None,
        )
        for key, title in wares.GOODS.items()
        if query.query in key
    ]
    if query.query == "photo":
        picture = t.InlineQueryResultCachedPhoto(
            id="photo", photo_file_id=shop.photo, title="Photo", caption="As you like it"
        )
        results.append(picture)
    await query.answer(results, cache_time=0, is_personal=True)


async def chosen(result: t.ChosenInlineResult, bot: Bot) -> None:
    if result.inline_message_id:
        await bot.edit_message_text(
            f"{wares.GOODS[result.result_id]}, noted",
            inline_message_id=result.inline_message_id,
            reply_markup=inline([button("Order", callback_data="order")]),
        )


async def ordered(query: t.CallbackQuery, bot: Bot) -> None:
    await query.answer("Ordered")
    await bot.edit_message_text("Ordered", inline_message_id=query.inline_message_id)


async def order(bot: Bot, init_data: str, text: str) -> None:
    """What the server of the Mini App does with an order."""
    data = safe_parse_webapp_init_data(bot.token, init_data)
    assert data.query_id
    assert data.user
    content = t.InputTextMessageContent(message_text=f"{data.user.first_name} orders {text}")
    article = t.InlineQueryResultArticle(id="order", title="Order", input_message_content=content)
    await bot.answer_web_app_query(data.query_id, article)


# --- groups


async def about_me(event: t.ChatMemberUpdated, bot: Bot, shop: Shop) -> None:
    before, now = event.old_chat_member.status, event.new_chat_member.status
    if event.chat.type == "private":
        if now == "kicked":
            shop.blocked.add(event.chat.id)
        else:
            shop.blocked.discard(event.chat.id)
    elif now == "administrator":
        await bot.send_message(event.chat.id, "Now I hear everything.")
    elif before == "left" and now == "member":
        await bot.send_message(event.chat.id, f"Good day, {event.chat.title}.")


async def about_others(event: t.ChatMemberUpdated, bot: Bot) -> None:
    member = event.new_chat_member
    change = f"{event.old_chat_member.status} to {member.status}"
    await bot.send_message(event.chat.id, f"{member.user.first_name}: {change}.")


async def came(message: t.Message, bot: Bot) -> None:
    for each in message.new_chat_members or []:
        if each.id != bot.id:
            await message.answer(f"Welcome, {each.first_name}.")


async def went(message: t.Message) -> None:
    assert message.left_chat_member
    await message.answer(f"Goodbye, {message.left_chat_member.first_name}.")


async def who(message: t.Message, bot: Bot) -> None:
    member = await bot.get_chat_member(message.chat.id, sender(message).id)
    await message.answer(f"You are {member.status}.")


async def admins(message: t.Message, bot: Bot) -> None:
    found = await bot.get_chat_administrators(message.chat.id)
    await message.answer(", ".join(f"{each.user.first_name}: {each.status}" for each in found))


async def mute(message: t.Message) -> None:
    assert message.reply_to_message
    quiet = t.ChatPermissions(can_send_messages=False)
    await message.chat.restrict(sender(message.reply_to_message).id, quiet)


async def ban(message: t.Message) -> None:
    assert message.reply_to_message
    await message.chat.ban(sender(message.reply_to_message).id)


async def rename(message: t.Message, command: CommandObject, bot: Bot) -> None:
    assert command.args
    await message.chat.set_title(command.args)
    chat = await bot.get_chat(message.chat.id)
    await message.answer(f"This is {chat.title}, of {await message.chat.get_member_count()}.")


async def leave(message: t.Message) -> None:
    await message.chat.leave()


COMMANDS: dict[str, Callable[..., Any]] = {
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
MESSAGES: list[tuple[list[Any], Any]] = [
    ([F.text == "Catalogue"], catalogue),
    ([F.reply_to_message.text == "What is your name?"], name_told),
    ([F.contact], contact),
    ([F.location], location),
    ([F.web_app_data], from_form),
    ([F.photo], got_photo),
    ([F.document], got_document),
    ([F.voice], got_voice),
    ([F.video], got_video),
    ([F.audio], got_audio),
    ([F.sticker], got_sticker),
    ([F.successful_payment], paid),
    ([F.refunded_payment], refunded),
    ([F.new_chat_members], came),
    ([F.left_chat_member], went),
    ([F.chat.type != "private", F.text, ~F.via_bot], heard),
]
PRESSES: dict[str, Callable[..., Any]] = {
    "tea": pressed_tea, "coffee": pressed_coffee, "size": pressed_size, "forget": pressed_forget,
    "rename": pressed_rename, "replace": pressed_replace, "bare": pressed_bare,
    "later": pressed_later, "order": ordered,
}  # fmt: skip
