"""Who there is, and what people do, asked for over HTTP."""

import asyncio
import base64
from typing import Any

import aiohttp
import pytest

from tests.tgsandbox.delivery.plain import Client

from .remote import PIXEL, TEA, Remote, chat_of, serve

pytestmark = pytest.mark.sandbox(control=True)


# --- who there is


async def test_bots(remote: Remote, http: aiohttp.ClientSession) -> None:
    made = await remote.post("/bots", username="shop_bot", name="Shop", inline=False)
    assert (made["username"], made["name"], made["stars"]) == ("shop_bot", "Shop", 0)
    async with http.get(f"{made['api']}/bot{made['token']}/getMe") as response:
        me = (await response.json())["result"]
    assert me["id"] == made["id"]
    assert me["supports_inline_queries"] is False
    again = await remote.post("/bots", username="shop_bot")
    assert again == made
    assert (await remote.get("/bots/@Shop_bot"))["updates"] == []
    assert (await remote.get())["bots"] == [made]


async def test_people_and_groups(remote: Remote) -> None:
    buyer = await remote.post(
        "/people",
        name="Покупатель",
        last_name="Первый",
        username="buyer1",
        language="uz",
        phone="+998900000001",
        premium=True,
        stars=7,
    )
    assert buyer | {"id": 0} == {
        "id": 0,
        "name": "Покупатель Первый",
        "username": "buyer1",
        "language": "uz",
        "phone": "+998900000001",
        "premium": True,
        "stars": 7,
    }
    for name in ("Покупатель", "Покупатель Первый", buyer["id"], "@buyer1"):
        assert (await remote.get(f"/people/{name}"))["id"] == buyer["id"]
    friend = await remote.post("/people", name="Friend")
    bot = await remote.post("/bots", username="shop_bot")
    group = await remote.post("/groups", title="Shop", creator="Friend", members=["shop_bot"])
    assert group["members"] == {str(friend["id"]): "creator", str(bot["id"]): "member"}
    await remote.post(f"/groups/{group['id']}/add", members=[buyer["id"]])
    await remote.post("/groups/Shop/promote", members=["@shop_bot"])
    group = await remote.get("/groups/Shop")
    assert group["members"][str(bot["id"])] == "administrator"
    assert group["members"][str(buyer["id"])] == "member"
    group = await remote.post("/groups/Shop/remove", members=["Покупатель"])
    assert group["members"][str(buyer["id"])] == "kicked"
    await remote.post("/people/Friend/leave", group="Shop")
    await remote.post("/people/Покупатель/join", group="Shop")
    group = await remote.get("/groups/Shop")
    assert group["members"][str(friend["id"])] == "left"
    assert group["members"][str(buyer["id"])] == "member"


async def test_a_channel_and_its_door(remote: Remote) -> None:
    for name in ("Owner", "Reader", "Second"):
        await remote.post("/people", name=name)
    await remote.post("/bots", username="shop_bot")
    channel = await remote.post(
        "/groups", title="Club", creator="Owner", members=["shop_bot"], channel=True
    )
    assert (channel["type"], channel["asking"]) == ("channel", [])
    assert sorted(channel["members"].values()) == ["administrator", "creator"]
    link = (await remote.post("/groups/Club/invite_link", asks=True))["invite_link"]
    for name in ("Reader", "Second"):
        told = await remote.post(f"/people/{name}/ask_to_join", link=link)
        assert told == {"status": "pending"}
    assert len((await remote.get("/groups/Club"))["asking"]) == 2
    await remote.post("/groups/Club/turn_down", members=["Second"])
    channel = await remote.post("/groups/Club/let_in", members=["Reader"])
    assert (channel["asking"], sorted(channel["members"].values())[-1]) == ([], "member")
    await remote.post("/people/Reader/let_in", group="Club")
    await remote.post("/groups/Club/remove", members=["Reader"])
    await remote.post("/people/Reader/put_out", group="Club")
    assert await remote.post("/people/Reader/is_in", group="Club") == {"is_in": False}
    free = (await remote.post("/groups/Club/invite_link", limit=1))["invite_link"]
    assert await remote.post("/people/Second/ask_to_join", link=free) == {"status": "joined"}


# --- what people do


async def test_a_conversation(remote: Remote, call: Client) -> None:
    sent = await remote.post("/people/Buyer/send", text="Hello")
    assert (sent["text"], sent["kind"]) == ("Hello", "text")
    chat = await chat_of(remote)
    keyboard = {"inline_keyboard": [[{"text": "Buy", "callback_data": "buy"}]]}
    await call("sendMessage", chat_id=chat, text="Tea", reply_markup=keyboard)
    reply = await remote.post("/people/Buyer/reply", containing="Tea")
    assert (reply["from"], reply["buttons"]) == ("shop_bot", [["Buy"]])
    assert reply["message"]["reply_markup"] == keyboard

    pressing = asyncio.create_task(
        remote.post("/people/Buyer/press", text="Buy", under=reply["id"], answer=True)
    )
    (_, press) = (await call("getUpdates", timeout=5, offset=-2)).result[-2:]
    while "callback_query" not in press:
        press = (await call("getUpdates", timeout=5, offset=-1)).result[0]
    query = press["callback_query"]["id"]
    await call("answerCallbackQuery", callback_query_id=query, text="Bought", show_alert=True)
    assert (await pressing)["answer"] == {"text": "Bought", "alert": True, "url": None}

    await call("editMessageText", chat_id=chat, message_id=reply["id"], text="Sold")
    assert (await remote.post("/people/Buyer/edited"))["text"] == "Sold"
    assert (await remote.post("/people/Buyer/sees", text="Sold"))["id"] == reply["id"]
    await remote.post("/people/Buyer/nothing", seconds=0.01)
    await call("sendMessage", chat_id=chat, text="One more")
    (unread,) = (await remote.post("/people/Buyer/unread"))["messages"]
    assert unread["text"] == "One more"
    assert (await remote.get("/people/Buyer"))["unread"] == [unread]
    status, detail = await remote.refused("/people/Buyer/nothing", {"seconds": 0.01})
    assert (status, "One more" in detail) == (409, True)


async def test_messages_are_answered_changed_and_taken_back(remote: Remote, call: Client) -> None:
    first = await remote.post("/people/Buyer/send", text="One", to="shop_bot")
    answer = await remote.post("/people/Buyer/send", text="Two", reply_to=first["id"])
    assert answer["message"]["reply_to_message"]["message_id"] == first["id"]
    edited = await remote.post("/people/Buyer/edit", message=first["id"], text="Changed")
    assert edited["text"] == "Changed"
    await remote.post("/people/Buyer/react", message=first["id"], emoji="👍")
    await remote.post("/people/Buyer/react", message=first["id"])
    chat, thought = await chat_of(remote), [{"type": "emoji", "emoji": "👀"}]
    await call("setMessageReaction", chat_id=chat, message_id=first["id"], reaction=thought)
    told = await remote.post("/people/Buyer/reaction", message=first["id"])
    assert told == {"emoji": ["👀"]}
    forwarded = await remote.post("/people/Buyer/forward", message=first["id"], chat="shop_bot")
    assert forwarded["message"]["forward_origin"]["type"] == "user"
    await remote.post("/people/Buyer/delete", message=first["id"])
    await remote.post("/people/Buyer/gone", message=first["id"])
    assert await remote.refused("/people/Buyer/delete", {"message": first["id"]}) == (
        409,
        f"Buyer sees no message {first['id']}.",
    )
    kinds = [next(it for it in each if it != "update_id") for each in call.bot.pending]
    assert kinds == ["message", "message", "message", "edited_message", "message"]


async def test_files(remote: Remote, call: Client) -> None:
    content = base64.b64encode(b"price list").decode()
    sent = await remote.post(
        "/people/Buyer/document", content=content, name="price.txt", caption="Prices"
    )
    document = sent["message"]["document"]
    assert (document["file_name"], document["file_size"], sent["text"]) == (
        "price.txt",
        10,
        "Prices",
    )
    voice = await remote.post("/people/Buyer/voice", content=content, duration=3)
    assert voice["message"]["voice"]["duration"] == 3
    pixel = base64.b64encode(PIXEL).decode()
    assert (await remote.post("/people/Buyer/photo", content=pixel))["kind"] == "photo"
    for kind in ("video", "audio", "sticker"):
        assert (await remote.post(f"/people/Buyer/{kind}", content=content))["kind"] == kind
    album = await remote.post("/people/Buyer/album", photos=[pixel, pixel], caption="Two")
    assert [each["kind"] for each in album["messages"]] == ["photo", "photo"]
    assert await remote.refused("/people/Buyer/photo", {"content": content}) == (
        400,
        "Bad Request: IMAGE_PROCESS_FAILED",
    )
    location = await remote.post("/people/Buyer/share_location", latitude=41.3, longitude=69.2)
    assert location["message"]["location"] == {"latitude": 41.3, "longitude": 69.2}
    assert (await remote.post("/people/Buyer/share_contact"))["kind"] == "contact"


async def test_blocking(remote: Remote, call: Client) -> None:
    chat = await chat_of(remote)
    await remote.post("/people/Buyer/block", to="shop_bot")
    refused = await call("sendMessage", chat_id=chat, text="x")
    assert refused.refusal == (403, "Forbidden: bot was blocked by the user")
    await remote.post("/people/Buyer/unblock", to="shop_bot")
    assert (await call("sendMessage", chat_id=chat, text="x")).status == 200
    stranger = await remote.post("/people", name="Stranger")
    assert (await call("sendMessage", chat_id=stranger["id"], text="x")).status in (400, 403)
    await remote.post("/people/Stranger/allow_writing", to="shop_bot")
    assert (await call("sendMessage", chat_id=stranger["id"], text="x")).status == 200


async def test_mini_apps(remote: Remote, call: Client) -> None:
    chat = await chat_of(remote)
    button = {"text": "Open", "web_app": {"url": "https://example.com/app"}}
    await call("sendMessage", chat_id=chat, text="a", reply_markup={"inline_keyboard": [[button]]})
    opened = await remote.post("/people/Buyer/open_mini_app", text="Open")
    assert opened["url"].startswith("https://example.com/app#tgWebAppData=")
    assert f"%22id%22%3A{chat}" in opened["init_data"]
    below = {"text": "Choose", "web_app": {"url": "https://example.com/app"}}
    await call("sendMessage", chat_id=chat, text="b", reply_markup={"keyboard": [[below]]})
    assert await remote.post("/people/Buyer/keyboard") == {"buttons": [["Choose"]]}
    await remote.post("/people/Buyer/send_data", text="Choose", data="tea")
    assert call.bot.pending[-1]["message"]["web_app_data"]["data"] == "tea"


async def test_inline_mode(remote: Remote, call: Client) -> None:
    asking = asyncio.create_task(
        remote.post("/people/Buyer/ask_inline", bot="shop_bot", text="tea")
    )
    updates: list[Any] = []
    while not updates or "inline_query" not in updates[-1]:
        updates = (await call("getUpdates", timeout=5, offset=-1)).result
    result: dict[str, Any] = {"type": "article", "id": "1", "title": "Green tea"}
    result["input_message_content"] = {"message_text": "Green tea, please"}
    query = updates[-1]["inline_query"]["id"]
    assert (await call("answerInlineQuery", inline_query_id=query, results=[result])).result
    assert (await asking)["results"] == [{"id": "1", "title": "Green tea", "description": ""}]
    chosen = await remote.post("/people/Buyer/choose", result="Green tea")
    assert chosen["text"] == "Green tea, please"
    assert (await remote.refused("/people/Buyer/choose", {"result": "Coffee"}))[0] == 404


async def test_paying(remote: Remote, call: Client) -> None:
    chat = await chat_of(remote)
    prices = [{"label": "Tea", "amount": 40}]
    stars: dict[str, Any] = {**TEA, "currency": "XTR", "prices": prices}
    serving = asyncio.create_task(serve(call))
    await call("sendInvoice", chat_id=chat, **stars)
    receipt = await remote.post("/people/Buyer/pay")
    assert (receipt["currency"], receipt["amount"]) == ("XTR", 40)
    link = (await call("createInvoiceLink", **stars)).result
    await remote.post("/people/Buyer/pay", link=link)
    status, refused = await remote.ask("POST", "/people/Buyer/pay", {"link": link})
    assert (status, refused["code"]) == (402, "BALANCE_TOO_LOW")
    await remote.post("/people/Buyer/buy_stars", amount=50)
    await remote.post("/people/Buyer/pay", link=link)
    assert (await remote.get("/people/Buyer"))["stars"] == 30
    assert (await remote.get("/bots/shop_bot"))["stars"] == 120
    books = (await remote.get("/books"))["books"]
    assert [(each["kind"], each["amount"]) for each in books] == [("charge", 40)] * 3
    serving.cancel()


async def test_a_payment_step_by_step_with_a_bank_that_asks(remote: Remote, call: Client) -> None:
    provider = (await remote.get("/bots/shop_bot"))["provider_token"]
    invoice: dict[str, Any] = {
        **TEA,
        "currency": "USD",
        "prices": [{"label": "Tea", "amount": 500}],
    }
    invoice |= {"provider_token": provider, "need_name": True}
    link = (await call("createInvoiceLink", **invoice)).result
    serving = asyncio.create_task(serve(call))
    begun = await remote.post("/people/Buyer/checkout", link=link)
    assert begun["form"]["needs"]["name"] is True
    number = begun["checkout"]
    status, refused = await remote.ask(
        "POST", "/people/Buyer/submit", {"checkout": number, "name": ""}
    )
    assert (status, refused["code"]) == (402, "REQ_INFO_NAME_INVALID")
    await remote.post("/people/Buyer/submit", checkout=number, name="Buyer")
    wanted = {"checkout": number, "card": "3ds"}
    status, asked = await remote.ask("POST", "/people/Buyer/pay_checkout", wanted)
    assert (status, asked["code"]) == (402, "VERIFICATION_NEEDED")
    receipt = await remote.post("/people/Buyer/confirm", checkout=number, agreed=True)
    assert receipt["amount"] == 500
    other = await remote.post("/people/Buyer/checkout", link=link)
    await remote.post("/people/Buyer/give_up", checkout=other["checkout"])
    await remote.post("/people", name="Friend")
    stolen = await remote.refused("/people/Friend/give_up", {"checkout": other["checkout"]})
    assert stolen == (404, f"Friend has no checkout {other['checkout']}.")
    serving.cancel()


async def test_subscriptions(remote: Remote, call: Client) -> None:
    prices = [{"label": "Tea", "amount": 40}]
    monthly: dict[str, Any] = {**TEA, "currency": "XTR", "prices": prices}
    link = (await call("createInvoiceLink", **monthly, subscription_period=2_592_000)).result
    serving = asyncio.create_task(serve(call))
    await remote.post("/people/Buyer/pay", link=link)
    await remote.post("/people/Buyer/cancel_subscription", link=link)
    await remote.post("/people/Buyer/resume_subscription", link=link)
    await remote.post("/clock", days=31)
    assert (await remote.get("/people/Buyer"))["stars"] == 20
    await remote.post("/people/Buyer/cancel_subscription", link=link)
    await remote.post("/clock", days=62)
    assert (await remote.get("/people/Buyer"))["stars"] == 20
    serving.cancel()


async def test_paid_media(remote: Remote, call: Client) -> None:
    chat = await chat_of(remote)
    (sent,) = [await remote.post("/people/Buyer/photo", content=base64.b64encode(PIXEL).decode())]
    photo = sent["message"]["photo"][-1]["file_id"]
    media = [{"type": "photo", "media": photo}]
    paid = (await call("sendPaidMedia", chat_id=chat, star_count=60, media=media)).result
    left = await remote.post("/people/Buyer/unlock", message=paid["message_id"])
    assert left == {"stars": 40}


async def test_scenarios(remote: Remote, call: Client) -> None:
    steps: list[Any] = [
        {"person": "Buyer", "do": "send", "text": "Hello"},
        {"person": "Buyer", "do": "reply", "containing": "Welcome"},
    ]
    await call("sendMessage", chat_id=await chat_of(remote), text="Welcome")
    results = (await remote.post("/scenarios", steps=steps))["results"]
    assert [each["text"] for each in results] == ["Hello", "Welcome"]
    for bad, status, words in (
        ({"person": "Nobody", "do": "send"}, 404, "Step 2: There is no person 'Nobody'."),
        ({"person": "Buyer", "do": "dance"}, 404, "Step 2: Nobody knows how to 'dance'"),
        ({"person": "Buyer", "do": "reply", "timeout": 0}, 408, "Step 2: Buyer waited in vain"),
        ("send", 400, "A scenario is"),
    ):
        answer = await remote.refused("/scenarios", {"steps": [steps[0], bad]})
        assert (answer[0], answer[1].startswith(words)) == (status, True), answer


async def test_who_waits_in_vain_is_told_what_was(remote: Remote, call: Client) -> None:
    status, found = await remote.ask("POST", "/people/Buyer/reply", {"timeout": 0.01})
    assert status == 408
    assert found["detail"].startswith("Buyer waited in vain for a reply.")
    assert "Buyer → shop_bot: /start" in found["transcript"]
