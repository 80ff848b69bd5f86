from pathlib import Path

from tgsandbox import Sandbox


async def test_what_people_do(tg: Sandbox, tmp_path: Path) -> None:
    echo = tg.bot("echo_bot")
    buyer, seller = tg.user("Покупатель"), tg.user("Продавец", language="uz")
    (tmp_path / "note.txt").write_text("Привет")

    sent = await buyer.send(echo, "/start from_friend")
    await echo.call("sendMessage", chat_id=buyer.id, text="Как дела?")
    assert (await buyer.reply()).text == "Как дела?"

    await buyer.document(tmp_path / "note.txt", caption="Вот")
    await buyer.share_contact()
    await buyer.edit(sent, "/start")
    await buyer.react(await buyer.sees("Как дела?"), "👍")

    group = tg.group("Рынок", buyer, seller, echo)
    await seller.send(group, "/help@echo_bot")
    buyer.block(echo)

    kinds = [next(name for name in each if name != "update_id") for each in echo.pending]
    assert kinds[:4] == ["message", "message", "message", "edited_message"]
    assert kinds[-1] == "my_chat_member"
