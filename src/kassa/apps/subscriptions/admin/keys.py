"""The pool of keys, where access is one: how many are left, and more of them."""

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from kassa import outbox
from kassa.apps.models import Kassa
from kassa.apps.subscriptions.admin import showing
from kassa.apps.subscriptions.admin.showing import PREFIX, Said, press
from kassa.apps.subscriptions.models import APP
from kassa.apps.subscriptions.panels import keys, kind_of
from kassa.botapi import Refused
from kassa.db import Reader, Tx
from kassa.errors import Invalid
from kassa.log import get
from kassa.outbox import Job
from kassa.payments import notices
from kassa.telegram import Speaker, Wish, Wishes
from kassa.users import User

READ = "subscriptions.keys"  # a job: a file of keys
MOST_BYTES, MOST_KEY = 2**20, 3500  # which is told in one message
_MANY = 10_000  # to which they are counted

router = Router()
_log = get(__name__)


class AdminBringsKeys(StatesGroup):
    keys = State()


def _has_keys(_: object, kassa: Kassa) -> bool:
    return kind_of(kassa.settings) == "keys"


router.message.filter(_has_keys)
router.callback_query.filter(_has_keys)


@router.callback_query(F.data == f"{PREFIX}:keys")
async def pool(query: CallbackQuery, tx: Tx, t: Speaker, state: FSMContext) -> Wishes:
    await state.clear()
    left = await _left(tx)
    rows = [[press(t, "admin-keys-add", "keys-add")], showing.back(t)]
    return Said(t("admin-keys-left", count=left), rows).instead(query)


@router.callback_query(F.data == f"{PREFIX}:keys-add")
async def ask(query: CallbackQuery, t: Speaker, state: FSMContext) -> Wishes:
    await state.set_state(AdminBringsKeys.keys)
    return Said(t("admin-keys-ask"), [showing.back(t, "keys")]).instead(query)


@router.message(StateFilter(AdminBringsKeys.keys), F.document)
async def told_file(message: Message, *, user: User, tx: Tx, t: Speaker, state: FSMContext) -> Wish:
    assert message.document is not None
    assert message.bot is not None
    if (message.document.file_size or 0) > MOST_BYTES:
        return Said(t("admin-keys-large"), [showing.back(t, "keys")]).new(message)
    await state.clear()
    told = {"file": message.document.file_id, "bot": message.bot.id, "admin": user.id}
    await outbox.put(tx, READ, told, most=5)
    return Said(t("admin-keys-reading")).new(message)


@router.message(StateFilter(AdminBringsKeys.keys), F.text, showing.is_no_command)
async def told_lines(message: Message, *, tx: Tx, t: Speaker, state: FSMContext) -> Wish:
    back = [showing.back(t, "keys")]
    try:
        given = lines(message.text or "")
    except Invalid:
        return Said(t("admin-keys-wrong", most=MOST_KEY), back).new(message)
    await state.clear()
    new = await keys.add(tx, given)
    said = t("admin-keys-added", new=new, old=len(given) - new, left=await _left(tx))
    return Said(said, back).new(message)


def lines(text: str) -> list[str]:
    """A key a line, each once. Raises Invalid."""
    found = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if not found or any(len(each) > MOST_KEY or not each.isprintable() for each in found):
        raise Invalid(f"A key is a line of at most {MOST_KEY} printable characters.")
    return found


async def read(kassa: Kassa, job: Job) -> None:
    """Read and added once, however often it is tried."""
    told = job.payload
    bot = kassa.bots[told["bot"]]
    name, args = "admin-keys-wrong", {"most": MOST_KEY}
    given: list[str] = []
    try:
        content = await bot.api.download(told["file"], most=MOST_BYTES)
        given = lines(content.decode("utf-8-sig"))
    except Refused as error:
        _log.warning("admin.keys_not_read", why=error.words)
        name, args = "admin-keys-large", {}
    except (Invalid, UnicodeDecodeError):
        pass

    async def work(tx: Tx) -> None:
        await outbox.finish(tx, job)
        text, about = name, dict(args)
        if given:
            new = await keys.add(tx, given)
            text = "admin-keys-added"
            about = {"new": new, "old": len(given) - new, "left": await _left(tx)}
        said = notices.to(told["admin"], text, app=APP, bot=str(told["bot"]), args=about)
        await outbox.put(tx, notices.TO_PERSON, said)

    await kassa.database.run(work)


async def _left(on: Reader) -> int:
    """Counted as far as it matters: in key_free alone."""
    found: int = await on.fetchval(
        """
        SELECT count(*) FROM (
            SELECT FROM subscriptions.key
             WHERE user_id IS NULL AND taken_back_at IS NULL LIMIT $1) free
        """,
        _MANY,
    )
    return found
