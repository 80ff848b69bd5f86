"""Init data: what Telegram signed is read, and anything else is refused in words."""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlencode

import pytest
from aiogram.utils.web_app import check_webapp_signature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from kassa.secret import Secret
from kassa.users.init_data import (
    MOST,
    TELEGRAM,
    TELEGRAM_TEST,
    InitData,
    WebAppChat,
    WebAppUser,
    WrongInitData,
    WrongSignature,
    verify,
    verify_of_bots,
    verify_third_party,
)
from tests.users.conftest import BOT, NOON, OTHER_BOT, PATIENT, hashed, init_data
from tgsandbox import Sandbox
from tgsandbox.telegram import mini_apps

USER = {
    "id": 1001,
    "first_name": "Имя + & = % 😀",
    "last_name": "",
    "username": "name",
    "language_code": "uz",
    "is_premium": True,
    "allows_write_to_pm": True,
    "photo_url": "https://t.me/i/userpic/320/x.svg",
}
TEXT = init_data(USER, query_id="AA-1", start_param="")

TOKEN = BOT.encode()


def read(text: str, *, token: Secret | bytes = TOKEN, at: datetime = NOON) -> InitData:
    return verify(text, token=token, at=at)


def test_what_telegram_signed_is_read() -> None:
    found = read(
        init_data(
            {**USER, "is_bot": False},
            query_id="AA-1",
            start_param="ref_7",
            chat_type="supergroup",
            chat_instance="-77",
            chat='{"id":-1001,"type":"supergroup","title":"Shop","username":"shop"}',
            receiver='{"id":1002,"first_name":"Other"}',
        )
    )
    assert found == InitData(
        user=WebAppUser(
            id=1001,
            first_name="Имя + & = % 😀",
            username="name",
            language_code="uz",
            is_premium=True,
            allows_write_to_pm=True,
            photo_url="https://t.me/i/userpic/320/x.svg",
        ),
        auth_date=NOON,
        query_id="AA-1",
        start_param="ref_7",
        chat=WebAppChat(-1001, "supergroup", "Shop", "shop"),
        chat_type="supergroup",
        chat_instance="-77",
        receiver=WebAppUser(1002, "Other"),
    )


def test_a_token_may_be_a_secret() -> None:
    assert read(TEXT, token=Secret(BOT)).user.id == 1001


def test_aiogram_agrees() -> None:
    text = init_data(USER, query_id="AA-1")
    assert check_webapp_signature(BOT, text)
    assert read(text).user.id == 1001


def test_a_space_may_be_a_plus() -> None:
    fields = dict(parse_qsl(TEXT, keep_blank_values=True))
    assert "+" in urlencode(fields)
    assert read(urlencode(fields)).user.first_name == USER["first_name"]


def test_a_field_without_a_value_is_signed_like_the_rest() -> None:
    """aiogram leaves it out, and then the hash is another."""
    assert "start_param=&" in TEXT
    assert read(TEXT).start_param == ""
    with pytest.raises(WrongSignature):
        read(TEXT.replace("start_param=&", ""))


def test_fields_that_we_do_not_know_are_signed_too() -> None:
    text = init_data(USER, a_new_one="x", signature="y")
    assert read(text).user.id == 1001
    with pytest.raises(WrongSignature):
        read(text.replace("a_new_one=x", "a_new_one=z"))


def test_the_hash_may_be_in_capitals() -> None:
    text, _, told = TEXT.rpartition("=")
    assert read(f"{text}={told.upper()}").user.id == 1001


def test_another_bot_s_is_refused() -> None:
    with pytest.raises(WrongSignature, match="this bot's token"):
        read(init_data(USER, token=OTHER_BOT))


def test_of_several_bots_any_may_have_signed() -> None:
    for bots in ([OTHER_BOT, BOT], [BOT, OTHER_BOT]):
        tokens = [Secret(each) for each in bots]
        assert verify_of_bots(TEXT, tokens=tokens, at=NOON).user.id == 1001
    with pytest.raises(WrongSignature):
        verify_of_bots(TEXT, tokens=[], at=NOON)


@pytest.mark.parametrize(
    ("ago", "why"),
    [
        (timedelta(0), ""),
        (timedelta(hours=24), ""),
        (timedelta(hours=24, seconds=1), "too long ago"),
        (timedelta(days=2000), "too long ago"),
        (timedelta(seconds=-60), ""),
        (timedelta(seconds=-61), "future"),
        (timedelta(days=-2000), "future"),
    ],
)
def test_it_is_good_for_a_day(ago: timedelta, why: str) -> None:
    text = init_data(USER, at=NOON - ago)
    if not why:
        assert read(text).auth_date == NOON - ago
        return
    with pytest.raises(WrongInitData, match=why) as error:
        read(text)
    assert error.value.status == 401
    assert error.value.reason == str(error.value)


def test_how_long_it_is_good_can_be_said() -> None:
    text = init_data(USER, at=NOON - timedelta(minutes=6))
    assert verify(text, token=TOKEN, at=NOON, fresh=timedelta(minutes=6)).user.id == 1001
    with pytest.raises(WrongInitData, match="too long ago"):
        verify(text, token=TOKEN, at=NOON, fresh=timedelta(minutes=5))


def test_a_wrong_signature_is_told_before_an_old_date() -> None:
    """Whoever forges learns nothing of what else would be wrong."""
    with pytest.raises(WrongSignature):
        read(init_data(USER, token=OTHER_BOT, at=NOON - timedelta(days=9)))


@pytest.mark.parametrize(
    "auth_date", ["", "x", "1e9", "-5", "1.5", " 1", "٣", "9" * 12, "9" * 5000, "99999999999"]
)
def test_a_date_that_is_none(auth_date: str) -> None:
    with pytest.raises(WrongInitData, match="auth_date"):
        read(hashed({"auth_date": auth_date, "user": json.dumps(USER)}))


def test_a_date_that_is_missing() -> None:
    with pytest.raises(WrongInitData, match="auth_date is missing"):
        read(hashed({"user": json.dumps(USER)}))


@pytest.mark.parametrize(
    ("hash_", "why"),
    [
        ("", "64 hex"),
        ("0" * 63, "64 hex"),
        ("0" * 65, "64 hex"),
        ("é" * 64, "64 hex"),
        ("٣" * 64, "64 hex"),
        (" " * 64, "64 hex"),
        ("0" * 62 + " 0", "64 hex"),
        ("0" * 64, "token"),
    ],
)
def test_a_hash_that_is_none(hash_: str, why: str) -> None:
    text = TEXT.rpartition("hash=")[0] + "hash="
    for each in (quote(hash_), hash_):
        with pytest.raises(WrongInitData, match=why):
            read(text + each)


def test_a_hash_that_is_missing() -> None:
    with pytest.raises(WrongInitData, match="hash is missing"):
        read(TEXT.rpartition("&hash=")[0])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("hash", "without ="),
        (f"{TEXT}&", "without ="),
        (f"&{TEXT}", "without ="),
        (f"{TEXT}&auth_date=1", "twice"),
        (f"{TEXT}&hash={'0' * 64}", "twice"),
        (f"h%61sh={'0' * 64}&{TEXT}", "twice"),
        (f"{TEXT}&x=%", "encodes nothing"),
        (f"{TEXT}&x=%4", "encodes nothing"),
        (f"{TEXT}&x=%zz", "encodes nothing"),
        (f"{TEXT}&x=%ff", "UTF-8"),
        (f"{TEXT}&%ff=x", "UTF-8"),
        (f"{TEXT}&x=%ed%a0%80", "UTF-8"),  # half of a pair
        (f"{TEXT}&x=\ud800", "Unicode"),
        (f"{TEXT}&=x", "name"),
        (f"{TEXT}&a%3Db=x", "name"),
        (f"{TEXT}&{'n' * 65}=x", "name"),
        (f"{TEXT}&x={'y' * MOST}", "longer"),
        ("é" * (MOST // 2 + 1), "longer"),
    ],
)
def test_what_is_malformed(text: str, why: str) -> None:
    with pytest.raises(WrongInitData, match=why):
        read(text)


def test_two_sets_of_fields_never_have_one_signature() -> None:
    """`a=1`, `b=2` and `a` with the value "1\\nb=2" are signed alike. So are `a` with the value
    "b=2", and `a=b` with "2"."""
    fields = dict(parse_qsl(init_data(USER, a="1", b="2", c="d=3"), keep_blank_values=True))
    assert read(urlencode(fields)).user.id == 1001

    joined = {k: v for k, v in fields.items() if k not in "ab"} | {"a": "1\nb=2"}
    with pytest.raises(WrongInitData, match="line break"):
        read(urlencode(joined))

    moved = {k: v for k, v in fields.items() if k != "c"} | {"c=d": "3"}
    with pytest.raises(WrongInitData, match="name"):
        read(urlencode(moved))


@pytest.mark.parametrize(
    ("user", "why"),
    [
        (None, "no user"),
        ("", "no user"),
        ("x", "JSON"),
        ("null", "JSON"),
        ("[1]", "JSON"),
        ("1001", "JSON"),
        ("[" * 5000, "JSON"),
        ('{"id":' + "9" * 5000 + "}", "JSON"),
        ("{}", "positive"),
        ('{"id":"1001"}', "positive"),
        ('{"id":1001.0}', "positive"),
        ('{"id":true}', "positive"),
        ('{"id":0}', "positive"),
        ('{"id":-1001}', "positive"),
        ('{"id":9223372036854775808}', "positive"),
        ('{"id":NaN}', "positive"),
    ],
)
def test_a_user_that_is_none(user: str | None, why: str) -> None:
    fields = {"auth_date": str(int(NOON.timestamp()))}
    with pytest.raises(WrongInitData, match=why):
        read(hashed(fields if user is None else {**fields, "user": user}))


def test_what_else_telegram_may_leave_out_or_change() -> None:
    odd: dict[str, Any] = {
        "id": 1001,
        "first_name": 5,
        "username": None,
        "is_premium": "yes",
        "photo_url": [],
    }
    assert read(init_data(odd)).user == WebAppUser(1001, "")


def test_a_chat_that_is_none() -> None:
    for chat in ("x", '{"id":"1"}', '{"id":true}', '{"id":9223372036854775808}'):
        with pytest.raises(WrongInitData, match="chat"):
            read(init_data(USER, chat=chat))


def test_each_character_matters() -> None:
    """However one is changed, it is refused; but for the case of hexadecimal digits."""
    for i, old in enumerate(TEXT):
        for new in "0aZ&=%+\x00é":
            text = TEXT[:i] + new + TEXT[i + 1 :]
            if new == old or same(text):
                continue
            with pytest.raises(WrongInitData):
                read(text)


def same(text: str) -> bool:
    """Whether it says what TEXT says, only written otherwise."""
    return parse_qsl(text.lower(), keep_blank_values=True) == parse_qsl(
        TEXT.lower(), keep_blank_values=True
    )


@PATIENT
@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    for each in (text, f"{TEXT}&{text}", f"hash={text}&auth_date={text}&user={text}"):
        with pytest.raises(WrongInitData):
            read(each)
        with pytest.raises(WrongInitData):
            verify_third_party(each, bot_id=123456, at=NOON)


@PATIENT
@given(st.lists(st.tuples(st.text(), st.text())))
def test_no_query_raises_anything_else(fields: list[tuple[str, str]]) -> None:
    text = urlencode([*fields, ("hash", "0" * 64)], errors="surrogatepass")
    with pytest.raises(WrongInitData):
        read(text)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
SHAPED = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys((*USER, "is_bot", "type", "title"), JSON),
)


@settings(deadline=None, max_examples=50)
@given(
    user=JSON | SHAPED,
    chat=JSON | SHAPED,
    auth_date=st.text() | st.integers().map(str),
    more=st.dictionaries(
        st.text("abc_", min_size=1), st.text(st.characters(exclude_categories=["Cs"]))
    ),
)
def test_nothing_that_is_signed_raises_anything_else(
    user: Any, chat: Any, auth_date: str, more: dict[str, str]
) -> None:
    fields = {**more, "user": json.dumps(user), "chat": json.dumps(chat)}
    for date in (auth_date, str(int(NOON.timestamp()))):
        try:
            text = hashed({**fields, "auth_date": date})
        except UnicodeEncodeError:
            continue
        try:
            found = read(text)
        except WrongInitData:
            continue
        assert 0 < found.user.id < 2**63


@PATIENT
@given(st.binary())
def test_a_random_third_party_signature_is_refused(raw: bytes) -> None:
    signature = base64.urlsafe_b64encode(raw).decode()
    with pytest.raises(WrongInitData, match="signature"):
        verify_third_party(f"{TEXT}&signature={signature}", bot_id=123456, at=NOON)


# -- by Telegram's public key ------------------------------------------------------

SIGNER = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"tests sign").digest())
PUBLIC = SIGNER.public_key().public_bytes_raw()


def third_party(bot_id: int = 123456, signer: Ed25519PrivateKey = SIGNER, **fields: str) -> str:
    fields = {"auth_date": str(int(NOON.timestamp())), "user": json.dumps(USER), **fields}
    told = "\n".join(sorted(f"{name}={value}" for name, value in fields.items()))
    signature = signer.sign(f"{bot_id}:WebAppData\n{told}".encode())
    fields["signature"] = base64.urlsafe_b64encode(signature).decode().rstrip("=")
    return hashed(fields)


def read_third_party(text: str, *, bot_id: int = 123456, at: datetime = NOON) -> InitData:
    return verify_third_party(text, bot_id=bot_id, at=at, public_key=PUBLIC)


def test_whoever_has_no_token_can_read_it_too() -> None:
    text = third_party(start_param="")
    assert read_third_party(text).user.id == 1001
    assert read(text) == read_third_party(text)  # the hash is over the signature, too

    no_hash = text.rpartition("&hash=")[0]
    assert read_third_party(no_hash) == read_third_party(text)
    signature = parse_qs(text)["signature"][0]
    assert read_third_party(text.replace(signature, f"{signature}==")).user.id == 1001


def test_the_keys_are_telegram_s() -> None:
    assert TELEGRAM.hex() == "e7bf03a2fa4602af4580703d88dda5bb59f32ed8b02a56c187fe7d34caed242d"
    assert TELEGRAM_TEST.hex() == "40055058a4ee38156a06562e52eece92a771bcd8346a8c4615cb7376eddf72ec"


def test_which_key_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    text = third_party()
    for name, test in (("TELEGRAM", False), ("TELEGRAM_TEST", True)):
        with monkeypatch.context() as patch:
            patch.setattr(f"kassa.users.init_data.{name}", PUBLIC)
            assert verify_third_party(text, bot_id=123456, at=NOON, test=test).user.id == 1001
            with pytest.raises(WrongSignature):
                verify_third_party(text, bot_id=123456, at=NOON, test=not test)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace("signature=", "sign="), "signature is missing"),
        (lambda text: text.replace("signature=", "signature=x"), "64 bytes"),
        (lambda text: text.replace("signature=", "signature=%C3%A9"), "64 bytes"),
        (lambda text: text.replace("signature=", "signature=&s="), "64 bytes"),
        (lambda text: text.replace("name%22", "nome%22"), "not Telegram's"),
        (lambda text: text + "&more=x", "not Telegram's"),
    ],
)
def test_a_third_party_refuses_what_was_changed(change: Callable[[str], str], why: str) -> None:
    with pytest.raises(WrongInitData, match=why):
        read_third_party(change(third_party()))


def test_a_third_party_refuses_another_bot_s_and_what_is_old() -> None:
    with pytest.raises(WrongSignature):
        read_third_party(third_party(), bot_id=654321)
    with pytest.raises(WrongInitData, match="too long ago"):
        read_third_party(third_party(), at=NOON + timedelta(hours=25))


async def test_of_the_sandbox(tg: Sandbox) -> None:
    """Signed by somebody else's code, both ways; aiogram reads it as we do."""
    bot, user = tg.bot("shop_bot").record, tg.user("Payer", language="uz").user
    now = int(NOON.timestamp())
    text = mini_apps.init_data(tg.world, user, bot, at=now, query_id="7", start_param="")
    key = bytes.fromhex(mini_apps.public_key())

    ours = read(text, token=bot.token.encode())

    assert (ours.user.id, ours.user.language_code, ours.query_id) == (user.id, "uz", "7")
    assert verify_third_party(text, bot_id=bot.id, at=NOON, public_key=key) == ours
    text = mini_apps.init_data(tg.world, user, bot, at=now, query_id="7")
    assert check_webapp_signature(bot.token, text)
    assert read(text, token=bot.token.encode()) == ours
