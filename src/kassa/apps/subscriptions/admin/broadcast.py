"""The dialog of a broadcast: to whom, what, how it looks; then how far it is."""

import re
from datetime import timedelta

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.methods import CopyMessage
from aiogram.types import CallbackQuery, Message

from kassa.apps.subscriptions.admin import broadcasting, showing
from kassa.apps.subscriptions.admin.broadcasting import AUDIENCES, Broadcast
from kassa.apps.subscriptions.admin.showing import PREFIX, Said, press
from kassa.db import Tx
from kassa.log import get
from kassa.telegram import Speaker, Wishes
from kassa.users import User

BAR = 12  # blocks

router = Router()
_log = get(__name__)


class AdminWrites(StatesGroup):
    message = State()


@router.callback_query(F.data == f"{PREFIX}:cast")
async def ask_audience(query: CallbackQuery, tx: Tx, t: Speaker, state: FSMContext) -> Wishes:
    await state.clear()
    assert query.bot is not None
    rows = []
    for name in AUDIENCES:
        count = await broadcasting.count(tx, query.bot.id, name)
        rows.append([press(t, f"admin-cast-{name}", f"to:{name}", count=count)])
    return Said(t("admin-cast-whom"), [*rows, showing.back(t)]).instead(query)


@router.callback_query(F.data.regexp(rf"^{PREFIX}:to:({'|'.join(AUDIENCES)})$").as_("said"))
async def ask_message(
    query: CallbackQuery, *, said: re.Match[str], t: Speaker, state: FSMContext
) -> Wishes:
    await state.set_state(AdminWrites.message)
    await state.set_data({"audience": said[1]})
    return Said(t("admin-cast-ask"), [showing.back(t, "cast")]).instead(query)


@router.message(StateFilter(AdminWrites.message), showing.is_no_command)
async def told_message(
    message: Message, *, user: User, tx: Tx, t: Speaker, state: FSMContext
) -> Wishes:
    """Shown as everybody will see it: copied by the bot, as theirs will be."""
    data = await state.get_data()
    if message.media_group_id is not None:  # an album is several messages
        if data.get("album") == message.media_group_id:
            return None
        await state.update_data(album=message.media_group_id)
        return Said(t("admin-cast-album"), [showing.back(t, "cast")]).new(message)
    await state.clear()
    assert message.bot is not None
    draft = await broadcasting.draft(
        tx,
        admin=user.id,
        bot=message.bot.id,
        audience=data["audience"],
        from_chat=message.chat.id,
        message=message.message_id,
    )
    shown = CopyMessage(
        chat_id=message.chat.id, from_chat_id=message.chat.id, message_id=message.message_id
    )
    rows = [
        [press(t, "admin-cast-send", f"send:{draft.id}", count=draft.total)],
        [press(t, "admin-no", f"drop:{draft.id}")],
    ]
    audience = t(f"admin-cast-{draft.audience}", count=draft.total)
    return [shown, Said(t.html("admin-cast-sure", audience=audience), rows).new(message)]


@router.callback_query(F.data.regexp(rf"^{PREFIX}:(send|stop|drop):([0-9]{{1,18}})$").as_("said"))
async def pressed(
    query: CallbackQuery, *, said: re.Match[str], user: User, tx: Tx, t: Speaker
) -> Wishes:
    number = int(said[2])
    if said[1] == "send":
        assert query.message is not None
        now = await broadcasting.begin(tx, number, shown_at=query.message.message_id)
        if now is None:
            return query.answer(t("admin-stale"))
        _log.info("admin.broadcast", broadcast=number, total=now.total, admin=user.id)
        return progress(t.language, now, 0.0, None).instead(query)
    if said[1] == "stop":
        now = await broadcasting.stop(tx, number)
        return query.answer(t("admin-cast-stopping" if now else "admin-stale"))
    now = await broadcasting.drop(tx, number)
    if now is None:
        return query.answer(t("admin-stale"))
    return Said(t("admin-cast-dropped"), [showing.back(t)]).instead(query)


def progress(language: str, now: Broadcast, per_second: float, left: timedelta | None) -> Said:
    t = showing.words(language)
    part = min(now.done / now.total, 1.0) if now.total else 1.0
    full = int(part * BAR)
    lines = [
        t.html(f"admin-cast-is-{now.status}"),
        f"<code>{'█' * full}{'░' * (BAR - full)}</code> {int(part * 100)} %",
        t.html("admin-cast-counts", done=now.done, total=now.total, sent=now.sent, gone=now.gone),
    ]
    if now.failed or now.unknown:
        lines.append(t.html("admin-cast-failed", failed=now.failed, unknown=now.unknown))
        lines.append(t.html("admin-cast-why", why=now.why or "–"))
    if left is not None and now.status == "running":
        minutes = -(-left // timedelta(minutes=1))
        lines.append(t.html("admin-cast-speed", speed=round(per_second), minutes=minutes))
    rows = []
    if now.status == "running":
        rows = [[press(t, "admin-cast-stop", f"stop:{now.id}")]]
    elif now.status == "stopped":
        rows = [[press(t, "admin-cast-go-on", f"send:{now.id}")]]
    return Said("\n".join(lines), [*rows, showing.back(t)])
