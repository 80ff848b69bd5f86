"""Random histories against a plain model: after every step the books say what the model says."""

import asyncio
import secrets
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kassa import ledger
from kassa.db import OWNER, Database, EmbeddedServer
from kassa.db.database import connect
from kassa.db.embedded import SUPERUSER
from kassa.ledger import (
    Account,
    AlreadyResolved,
    AlreadyReversed,
    InsufficientFunds,
    InvalidPosting,
    KeyConflict,
    Leg,
    Transfer,
)
from kassa.money import Money
from tests.conftest import TEMPLATE

T = TypeVar("T")

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
STRICT, OVERDRAFT, UNBOUND, DEFERRED = "strict", "overdraft", "unbound", "deferred"
NAMES = [
    f"{STRICT}1",
    f"{STRICT}2",
    f"{STRICT}3",
    OVERDRAFT,
    UNBOUND,
    f"{DEFERRED}1",
    f"{DEFERRED}2",
]
CURRENCIES = ["USD", "TOK"]

amounts = st.integers(1, 200)
legs = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), amounts, st.sampled_from(CURRENCIES)),
    min_size=1,
    max_size=4,
)


def floor_of(name: str) -> int | None:
    return 0 if name.startswith(STRICT) else -100 if name == OVERDRAFT else None


class Books(RuleBasedStateMachine):
    """The model: balances, what is held, every transfer and hold, in plain dictionaries."""

    database: ClassVar[Database]
    runner: ClassVar[asyncio.Runner]
    histories: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        Books.histories += 1
        self.history = Books.histories
        self.noon = NOON + timedelta(days=self.history)
        self.posted: dict[tuple[str, str], int] = {}
        self.held: dict[tuple[str, str], int] = {}
        self.books: dict[tuple[str, str], list[int]] = {}
        self.transfers: dict[str, list[tuple[str, str, int, str]]] = {}
        self.reversed: set[str] = set()
        self.holds: dict[str, tuple[str, str, int, int]] = {}
        self.ended: dict[str, tuple[str, int, str]] = {}
        self.keys = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def account(self, name: str, currency: str) -> Account:
        return Account(
            f"{self.history}:{name}:{currency}", currency, floor_of(name), name.startswith(DEFERRED)
        )

    def key(self) -> str:
        self.keys += 1
        return f"{self.history}:{self.keys}"

    def say(self, plan: list[tuple[str, str, int, str]]) -> list[Leg]:
        return [
            Leg(self.account(a, currency), self.account(b, currency), Money(amount, currency))
            for a, b, amount, currency in plan
        ]

    def short(self, plan: list[tuple[str, str, int, str]]) -> tuple[str, str] | None:
        """The first debited account that would be below its floor."""
        after = dict(self.posted)
        for a, b, amount, currency in plan:
            after[a, currency] = after.get((a, currency), 0) - amount
            after[b, currency] = after.get((b, currency), 0) + amount
        for a, _, _, currency in plan:
            floor = floor_of(a)
            if floor is not None and after[a, currency] < floor + self.held.get((a, currency), 0):
                return a, currency
        return None

    def apply(self, key: str, plan: list[tuple[str, str, int, str]]) -> None:
        for a, b, amount, currency in plan:
            for side, signed in ((a, -amount), (b, amount)):
                at = (side, currency)
                self.posted[at] = self.posted.get(at, 0) + signed
                self.books.setdefault(at, []).append(signed)
        self.transfers[key] = plan

    def expect(self, key: str, plan: list[tuple[str, str, int, str]], call: Any) -> None:
        """The call posts the plan, unless the model says why not."""
        if any(a == b for a, b, _, _ in plan):
            with pytest.raises(InvalidPosting):
                self.run(call)
        elif short := self.short(plan):
            with pytest.raises(InsufficientFunds) as error:
                self.run(call)
            assert error.value.account == self.account(*short).code
            before = self.posted.get(short, 0) - self.held.get(short, 0)
            assert error.value.available.amount == before - (floor_of(short[0]) or 0)
            assert error.value.needed > error.value.available
        else:
            assert not self.run(call).replayed
            self.apply(key, plan)

    def teardown(self) -> None:
        """Its holds must not expire into the next history."""
        self.run(ledger.expire_holds(self.database, at=self.noon + timedelta(hours=2)))

    @initialize()
    def seed(self) -> None:
        plan = [(UNBOUND, f"{STRICT}1", 300, "USD"), (f"{DEFERRED}1", f"{STRICT}2", 300, "TOK")]
        key = self.key()
        self.expect(key, plan, ledger.post(self.database, key=key, legs=self.say(plan)))

    @rule(plan=legs)
    def post(self, plan: list[tuple[str, str, int, str]]) -> None:
        key = self.key()
        self.expect(key, plan, ledger.post(self.database, key=key, legs=self.say(plan)))

    @rule(first=legs, second=legs)
    def post_two(
        self, first: list[tuple[str, str, int, str]], second: list[tuple[str, str, int, str]]
    ) -> None:
        """Both or neither."""
        one, two = self.key(), self.key()
        call = ledger.post_many(
            self.database, [Transfer(one, self.say(first)), Transfer(two, self.say(second))]
        )
        plans = first + second
        if any(a == b for a, b, _, _ in plans):
            with pytest.raises(InvalidPosting):
                self.run(call)
            return
        before = (dict(self.posted), {at: list(book) for at, book in self.books.items()})
        failed = self.short(first) is not None
        if not failed:
            self.apply(one, first)
            failed = self.short(second) is not None
        if failed:
            self.posted, self.books = before
            self.transfers.pop(one, None)
            with pytest.raises(InsufficientFunds):
                self.run(call)
        else:
            self.apply(two, second)
            assert [each.replayed for each in self.run(call)] == [False, False]

    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        plain = sorted(key for key in self.transfers if "capture" not in key and "undo" not in key)
        key = data.draw(st.sampled_from(plain))
        again = self.run(ledger.post(self.database, key=key, legs=self.say(self.transfers[key])))
        assert again.replayed

    @rule(data=st.data(), plan=legs)
    def conflict(self, data: st.DataObject, plan: list[tuple[str, str, int, str]]) -> None:
        key = data.draw(st.sampled_from(sorted(self.transfers)))
        if plan == self.transfers[key] or any(a == b for a, b, _, _ in plan):
            return
        with pytest.raises(KeyConflict):
            self.run(ledger.post(self.database, key=key, legs=self.say(plan)))

    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        original = data.draw(st.sampled_from(sorted(self.transfers)))
        key = f"{original}/undo{self.key()}"
        call = ledger.reverse(self.database, key=key, original=original)
        if original in self.reversed:
            with pytest.raises(AlreadyReversed):
                self.run(call)
            return
        plan = [(b, a, amount, currency) for a, b, amount, currency in self.transfers[original]]
        self.expect(key, plan, call)
        if key in self.transfers:
            self.reversed.add(original)

    @rule(
        name=st.sampled_from(NAMES),
        currency=st.sampled_from(CURRENCIES),
        amount=amounts,
        minutes=st.integers(1, 60),
    )
    def hold(self, name: str, currency: str, amount: int, minutes: int) -> None:
        key = self.key()
        call = ledger.hold(
            self.database,
            key=key,
            account=self.account(name, currency),
            amount=Money(amount, currency),
            expires_at=self.noon + timedelta(minutes=minutes),
        )
        at = (name, currency)
        floor = floor_of(name)
        free = self.posted.get(at, 0) - self.held.get(at, 0) - (floor or 0)
        if name.startswith(DEFERRED):
            with pytest.raises(InvalidPosting):
                self.run(call)
        elif floor is not None and free < amount:
            with pytest.raises(InsufficientFunds) as error:
                self.run(call)
            assert (error.value.needed.amount, error.value.available.amount) == (amount, free)
        else:
            assert not self.run(call).replayed
            self.held[at] = self.held.get(at, 0) + amount
            self.holds[key] = (name, currency, amount, minutes)

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), to=st.sampled_from(NAMES), part=st.integers(1, 100))
    def capture(self, data: st.DataObject, to: str, part: int) -> None:
        key = data.draw(st.sampled_from(sorted(self.holds)))
        name, currency, amount, _ = self.holds[key]
        captured = max(1, amount * part // 100)
        call = ledger.capture(
            self.database,
            hold=key,
            to=self.account(to, currency),
            amount=Money(captured, currency),
        )
        if to == name:
            with pytest.raises(InvalidPosting):
                self.run(call)
        elif key in self.ended:
            if self.ended[key] == ("capture", captured, to):
                assert self.run(call).replayed
            else:
                with pytest.raises(AlreadyResolved):
                    self.run(call)
        else:
            assert not self.run(call).replayed
            self.held[name, currency] -= amount
            self.ended[key] = ("capture", captured, to)
            self.apply(f"{key}:capture", [(name, to, captured, currency)])

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.holds)))
        name, currency, amount, _ = self.holds[key]
        call = ledger.void(self.database, hold=key)
        if self.ended.get(key, ("void",))[0] != "void":
            with pytest.raises(AlreadyResolved):
                self.run(call)
            return
        self.run(call)
        if key not in self.ended:
            self.ended[key] = ("void", 0, "")
            self.held[name, currency] -= amount

    @rule(minutes=st.integers(0, 70))
    def expire(self, minutes: int) -> None:
        due = [
            key
            for key, (_, _, _, at) in self.holds.items()
            if at <= minutes and key not in self.ended
        ]
        at = self.noon + timedelta(minutes=minutes)
        assert self.run(ledger.expire_holds(self.database, at=at)) == len(due)
        for key in due:
            name, currency, amount, _ = self.holds[key]
            self.ended[key] = ("expire", 0, "")
            self.held[name, currency] -= amount

    @rule(most=st.integers(1, 5))
    def fold(self, most: int) -> None:
        self.run(ledger.fold(self.database, most=most))

    @rule(name=st.sampled_from(NAMES), currency=st.sampled_from(CURRENCIES))
    def statement(self, name: str, currency: str) -> None:
        lines = self.run(ledger.statement(self.database, self.account(name, currency), most=500))
        book = self.books.get((name, currency), [])
        assert [line.number for line in lines] == list(range(len(book), 0, -1))
        running = 0
        for line, amount in zip(reversed(lines), book, strict=True):
            running += amount
            assert (line.amount.amount, line.after.amount) == (amount, running)

    @invariant()
    def balances_agree(self) -> None:
        places = sorted(set(self.posted) | set(self.held))
        balances = self.run(
            ledger.balances(self.database, [self.account(*place) for place in places])
        )
        for place, balance in zip(places, balances, strict=True):
            assert balance.posted.amount == self.posted.get(place, 0), place
            assert balance.held.amount == self.held.get(place, 0), place

    @invariant()
    def the_books_are_right(self) -> None:
        assert self.run(ledger.audit(self.database)) == []


@pytest.fixture
def model(server: EmbeddedServer) -> Iterator[type[Books]]:
    """One database for all histories; each has accounts of its own."""
    name = f"test_{secrets.token_hex(6)}"
    with asyncio.Runner() as runner:
        root = runner.run(connect(server.address(SUPERUSER, "postgres")))
        runner.run(root.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {OWNER}"))
        Books.database = Database(server.address("kassa_app", name))
        runner.run(Books.database.__aenter__())
        Books.runner = runner
        yield Books
        runner.run(Books.database.__aexit__())
        runner.run(root.execute(f"DROP DATABASE {name} WITH (FORCE)"))
        runner.run(root.close())


def test_random_histories(model: type[Books]) -> None:
    run = model.TestCase
    run.settings = settings(
        max_examples=60,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run().runTest()
