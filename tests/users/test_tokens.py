"""Tokens: who holds one is known for an hour; a stolen refresh token ends the session."""

import asyncio
import base64
import json
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa import clock, users
from kassa.db import Database
from kassa.secret import Secret
from kassa.users import Blocked, Unproved, User, derived, tokens
from kassa.users.tokens import Pair, WrongToken
from tests.users.conftest import NOON, PATIENT, SECRET, person

OTHER = Secret("another key, also long enough for all")
KEY = derived.key(SECRET, "users.tokens")


async def issue(db: Database, user: User, *, at: datetime = NOON) -> Pair:
    with clock.moved(lambda: at):
        return await db.run(lambda tx: tokens.issue(tx, user, secret=SECRET))


async def answer(
    db: Database, refresh: str, *, at: datetime = NOON, secret: Secret = SECRET
) -> Pair | Unproved | Blocked:
    with clock.moved(lambda: at):
        return await db.run(lambda tx: tokens.renew(tx, refresh, secret=secret))


async def renew(db: Database, refresh: str, *, at: datetime = NOON) -> Pair:
    pair = await answer(db, refresh, at=at)
    assert isinstance(pair, Pair), pair
    return pair


async def refused(db: Database, refresh: str, *, at: datetime = NOON) -> str:
    said = await answer(db, refresh, at=at)
    assert isinstance(said, Unproved)
    assert said.status == 401
    return str(said)


async def whose(db: Database, access: str, *, at: datetime = NOON, secret: Secret = SECRET) -> User:
    with clock.moved(lambda: at):
        return await tokens.whose(db, access, secret=secret)


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def after(seconds: float = 0, **more: float) -> datetime:
    return NOON + timedelta(seconds=seconds, **more)


async def test_an_access_token_says_who_for_an_hour(db: Database) -> None:
    user = await person(db, 1001)
    pair = await issue(db, user)

    assert (await whose(db, pair.access, at=after(minutes=59, seconds=59))).id == user.id
    with pytest.raises(WrongToken, match="access token is over"):
        await whose(db, pair.access, at=after(minutes=60))


async def test_what_is_written_in_them(db: Database) -> None:
    user = await person(db, 1001)
    pair = await issue(db, user)
    access, refresh = claims(pair.access), claims(pair.refresh)
    noon = int(NOON.timestamp())

    assert access["sub"] == refresh["sub"] == str(user.uid)
    assert (access["typ"], refresh["typ"]) == ("access", "refresh")
    assert (access["iat"], access["exp"]) == (noon, noon + 3600)
    assert (refresh["iat"], refresh["exp"]) == (noon, noon + 7 * 24 * 3600)
    assert access["jti"] != refresh["jti"]
    kept = await db.fetchrow("SELECT current, previous FROM users.session")
    assert kept is not None
    assert refresh["jti"].encode() not in kept["current"]
    assert len(kept["current"]) == 32


async def test_neither_is_good_for_the_other(db: Database) -> None:
    pair = await issue(db, await person(db, 1001))
    with pytest.raises(WrongToken, match="not the access"):
        await whose(db, pair.refresh)
    assert "not the refresh" in await refused(db, pair.access)
    assert isinstance(await answer(db, pair.refresh), Pair)  # nothing was spoiled by it


async def test_each_refresh_token_gives_the_next(db: Database) -> None:
    user = await person(db, 1001)
    pair = await issue(db, user)
    seen = {pair.refresh}
    for hour in range(1, 200):
        pair = await renew(db, pair.refresh, at=after(hours=hour))
        assert (await whose(db, pair.access, at=after(hours=hour))).id == user.id
        seen.add(pair.refresh)
    assert len(seen) == 200
    assert await db.fetchval("SELECT count(*) FROM users.session") == 1


async def test_whoever_is_away_for_a_week_logs_in_again(db: Database) -> None:
    pair = await issue(db, await person(db, 1001))
    pair = await renew(db, pair.refresh, at=after(days=6))
    pair = await renew(db, pair.refresh, at=after(days=12, hours=23))
    assert "is over" in await refused(db, pair.refresh, at=after(days=19, hours=23))


async def test_an_answer_that_was_lost_is_given_again(db: Database) -> None:
    """The very same pair: no second line of tokens comes of it."""
    pair = await issue(db, await person(db, 1001))
    lost = await renew(db, pair.refresh, at=after(60))

    assert await renew(db, pair.refresh, at=after(90)) == lost
    assert await renew(db, pair.refresh, at=after(90)) == lost
    assert await renew(db, lost.refresh, at=after(95)) != lost


async def test_the_moment_is_over_after_thirty_seconds(db: Database) -> None:
    pair = await issue(db, await person(db, 1001))
    await renew(db, pair.refresh)
    assert "used before" in await refused(db, pair.refresh, at=after(30.001))


async def test_the_moment_is_over_when_the_next_was_used(db: Database) -> None:
    first = await issue(db, await person(db, 1001))
    second = await renew(db, first.refresh)
    third = await renew(db, second.refresh, at=after(1))
    assert "used before" in await refused(db, first.refresh, at=after(2))
    assert "over" in await refused(db, third.refresh, at=after(3))


async def test_a_thief_who_comes_second(db: Database) -> None:
    user = await person(db, 1001)
    stolen = await issue(db, user)
    elsewhere = await issue(db, user)
    owner = await renew(db, stolen.refresh, at=after(hours=1))

    assert "was ended" in await refused(db, stolen.refresh, at=after(hours=2))

    # The owner must log in again, and whoever has one of the session's tokens is out.
    assert "Log in again" in await refused(db, owner.refresh, at=after(hours=2))
    with pytest.raises(WrongToken):
        await whose(db, owner.access, at=after(hours=1, minutes=30))
    # Another login of theirs is another session.
    assert isinstance(await renew(db, elsewhere.refresh, at=after(hours=2)), Pair)


async def test_a_thief_who_comes_first(db: Database) -> None:
    stolen = await issue(db, await person(db, 1001))
    thief = await renew(db, stolen.refresh, at=after(hours=1))
    thief = await renew(db, thief.refresh, at=after(hours=2))

    assert "was ended" in await refused(db, stolen.refresh, at=after(hours=3))  # the owner

    assert "Log in again" in await refused(db, thief.refresh, at=after(hours=3))
    with pytest.raises(WrongToken):
        await whose(db, thief.access, at=after(hours=2, minutes=30))


async def test_ten_at_once_get_the_same_pair(db: Database) -> None:
    pair = await issue(db, await person(db, 1001))
    found = await asyncio.gather(*(renew(db, pair.refresh, at=after(i)) for i in range(10)))
    assert len(set(found)) == 1
    assert isinstance(await renew(db, found[0].refresh, at=after(20)), Pair)


async def test_whoever_is_blocked_is_out_at_once(db: Database) -> None:
    user = await person(db, 1001)
    pair = await issue(db, user)
    await db.run(lambda tx: users.block(tx, user.id))

    with pytest.raises(Blocked) as error:
        await whose(db, pair.access)
    assert error.value.status == 403
    assert isinstance(await answer(db, pair.refresh), Blocked)
    with pytest.raises(Blocked):
        await issue(db, await users.get(db, user.id))

    # Let in again, they log in anew.
    await db.run(lambda tx: users.unblock(tx, user.id))
    with pytest.raises(WrongToken):
        await whose(db, pair.access)
    assert "over" in await refused(db, pair.refresh)
    assert (await whose(db, (await issue(db, user)).access)).id == user.id


async def test_a_login_beside_a_block_opens_nothing(db: Database) -> None:
    """The tokens are made for who was not blocked a moment ago."""
    user = await person(db, 1001)
    await db.run(lambda tx: users.block(tx, user.id))
    pair = await issue(db, user)  # as it was read before
    with pytest.raises(Blocked):
        await whose(db, pair.access)
    assert isinstance(await answer(db, pair.refresh), Blocked)


async def test_logged_out_everywhere(db: Database) -> None:
    user, other = await person(db, 1001), await person(db, 1002)
    pairs = [await issue(db, user), await issue(db, user)]
    theirs = await issue(db, other)

    assert await db.run(lambda tx: users.log_out(tx, user.id)) == 2

    for pair in pairs:
        assert "over" in await refused(db, pair.refresh)
        with pytest.raises(WrongToken):
            await whose(db, pair.access)
    assert (await whose(db, theirs.access)).id == other.id


async def test_sessions_of_long_ago_are_thrown_away(db: Database) -> None:
    user = await person(db, 1001)
    old, kept = await issue(db, user), await issue(db, user)
    kept = await renew(db, kept.refresh, at=after(days=3))
    with clock.moved(lambda: after(days=8)):
        assert await db.run(tokens.prune) == 1
        assert await db.run(tokens.prune) == 0
    assert "over" in await refused(db, old.refresh, at=after(days=8))
    assert isinstance(await renew(db, kept.refresh, at=after(days=8)), Pair)


async def test_a_session_that_is_gone_is_over(db: Database) -> None:
    pair = await issue(db, await person(db, 1001))
    with clock.moved(lambda: after(days=30)):
        await db.run(tokens.prune)
    assert "over" in await refused(db, pair.refresh)
    with pytest.raises(WrongToken):
        await whose(db, pair.access)


# -- what was not made by us -------------------------------------------------------


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_another_secret_key_ends_all(db: Database) -> None:
    pair = await issue(db, await person(db, 1001))
    with pytest.raises(WrongToken, match="not one of our"):
        await whose(db, pair.access, secret=OTHER)
    assert isinstance(await answer(db, pair.refresh, secret=OTHER), WrongToken)


async def test_the_secret_key_itself_signs_nothing(db: Database) -> None:
    """What is signed with it for another use is no token."""
    pair = await issue(db, await person(db, 1001))
    forged = jwt.encode(claims(pair.access), SECRET.reveal(), algorithm="HS256")
    with pytest.raises(WrongToken, match="not one of our"):
        await whose(db, forged)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "JWT"},
        {"alg": "HS512", "typ": "JWT"},
        {"alg": "HS256"},
        {"alg": "HS256", "typ": "JWT", "kid": "../../x"},
        {"alg": "HS256", "typ": "JWT", "crit": ["x"]},
    ],
)
async def test_only_our_header(db: Database, header: dict[str, Any]) -> None:
    pair = await issue(db, await person(db, 1001))
    algorithm = header["alg"]
    more = {"typ": None, **header}  # or the library adds its own
    if algorithm == "none":
        forged = f"{part(header)}.{part(claims(pair.access))}."
    else:
        key = KEY if algorithm == "HS256" else KEY * 2  # as long as it must be
        forged = jwt.encode(claims(pair.access), key, algorithm=algorithm, headers=more)
    with pytest.raises(WrongToken, match="not one of our"):
        await whose(db, forged)


async def test_each_character_matters(db: Database) -> None:
    pair = await issue(db, await person(db, 1001))
    for i, old in enumerate(pair.access[:-1]):  # the last holds bits that are not looked at
        forged = pair.access[:i] + ("A" if old != "A" else "B") + pair.access[i + 1 :]
        with pytest.raises(WrongToken):
            tokens._read(forged, "access", secret=SECRET)


@PATIENT
@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    header = tokens._HEADER
    for each in (text, f"{header}.{text}", f"{header}.{text}.{text}", f"{header}.{part(text)}.AA"):
        with pytest.raises(WrongToken):
            tokens._read(each, "access", secret=SECRET)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "x" * 10**6, "[" * 1900, "\ud800", "é.é.é", f"{tokens._HEADER}.\ud800"]
)
async def test_what_is_no_token(db: Database, text: str) -> None:
    with pytest.raises(WrongToken):
        await whose(db, text)
    assert "not one of our" in await refused(db, text)
