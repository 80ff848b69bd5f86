from tgsandbox import Sandbox


async def test_a_reader_is_let_in_and_put_out(tg: Sandbox) -> None:
    bot, reader = tg.bot("club_bot"), tg.user("Читатель")
    channel = tg.channel("Клуб", tg.user("Хозяин"), bot)
    link = await bot.call(
        "createChatInviteLink", chat_id=channel.id, creates_join_request=True, name="Подписка"
    )

    assert await reader.ask_to_join(link["invite_link"]) == "pending"
    assert channel.asking == ["Читатель"]
    request = bot.pending[-1]["chat_join_request"]
    await bot.call("sendMessage", chat_id=request["user_chat_id"], text="Добро пожаловать!")
    await bot.call("approveChatJoinRequest", chat_id=channel.id, user_id=reader.id)
    await reader.let_in(channel)

    await bot.call("sendMessage", chat_id=channel.id, text="Новость дня")
    await reader.reply("Новость дня", where=channel)
    await bot.call("banChatMember", chat_id=channel.id, user_id=reader.id)
    await reader.put_out(channel)
    assert not reader.is_in(channel)
