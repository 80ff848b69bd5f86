"""The clock: it runs as ours does, and what falls due when it is moved happens in order."""

import asyncio
import time
from typing import Any

import pytest

from tgsandbox import Sandbox
from tgsandbox.clock import Clock


def test_it_shows_our_time_and_what_it_was_moved_by() -> None:
    clock = Clock()
    assert abs(clock.time() - time.time()) < 1
    clock.move(3600)
    assert abs(clock.time() - time.time() - 3600) < 1
    assert clock.now() == int(clock.time())
    assert clock.moved == pytest.approx(3600, abs=0.5)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), float("-inf")])
def test_it_moves_forward_only(seconds: float) -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="forward only"):
        clock.move(seconds)
    assert clock.moved == 0


def test_timers_ring_in_the_order_of_their_times_each_at_its_own() -> None:
    clock, rung = Clock(), list[tuple[str, int]]()
    begun = clock.time()

    def note(name: str) -> None:
        rung.append((name, round(clock.time() - begun)))

    for name, seconds in (("c", 30), ("a", 10), ("b", 20), ("d", 40)):
        clock.at(begun + seconds, lambda name=name: note(name))  # type: ignore[misc]
    clock.move(35)
    assert rung == [("a", 10), ("b", 20), ("c", 30)]
    clock.move(5)
    assert rung[3:] == [("d", 40)]


def test_of_the_same_time_the_one_that_was_set_first_rings_first() -> None:
    clock, rung = Clock(), list[int]()
    at = clock.time() + 5
    for number in range(20):
        clock.at(at, lambda number=number: rung.append(number))  # type: ignore[misc]
    clock.move(5)
    assert rung == list(range(20))


def test_timers_that_are_set_on_the_way_ring_too() -> None:
    """Every renewal sets the next: a year of them in one move."""
    clock, months = Clock(), list[int]()
    begun = clock.time()

    def renew() -> None:
        months.append(round((clock.time() - begun) / 2_592_000))
        clock.after(2_592_000, renew)
        clock.after(86_400, lambda: months.append(0))

    clock.after(2_592_000, renew)
    clock.move(365 * 86_400)
    assert [each for each in months if each] == list(range(1, 13))
    assert months[:4] == [1, 0, 2, 0]
    assert months.count(0) == 12


def test_a_timer_that_was_called_off_is_silent() -> None:
    clock, rung = Clock(), list[str]()
    off = clock.after(1, lambda: rung.append("off"))
    clock.after(2, off.cancel)
    on = clock.after(3, lambda: rung.append("on"))
    off.cancel()
    clock.move(10)
    on.cancel()
    assert rung == ["on"]


def test_a_timer_that_fails_does_not_stop_the_clock() -> None:
    clock, rung = Clock(), list[str]()

    def fail() -> None:
        raise RuntimeError("a timer")

    clock.after(1, fail)
    clock.after(2, lambda: rung.append("after"))
    with pytest.raises(RuntimeError):
        clock.move(10)
    assert clock.moved == pytest.approx(10, abs=0.5)
    clock.move(0)
    assert rung == ["after"]


async def test_started_it_rings_by_itself_also_after_a_failure() -> None:
    clock, rung = Clock(), asyncio.Event()
    failures: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: failures.append(told))

    def fail() -> None:
        raise RuntimeError("a timer")

    clock.start()
    clock.after(0.02, rung.set)
    clock.after(0.01, fail)
    await asyncio.wait_for(rung.wait(), 2)
    clock.stop()
    assert [str(each["exception"]) for each in failures] == ["a timer"]


async def test_stopped_it_is_silent() -> None:
    clock, rung = Clock(), list[str]()
    clock.start()
    clock.after(0.01, lambda: rung.append("rung"))
    clock.stop()
    await asyncio.sleep(0.03)
    assert rung == []


async def test_sleepers_wake_when_it_is_moved() -> None:
    clock = Clock()
    clock.start()
    long = asyncio.create_task(clock.sleep(1000))
    short = asyncio.create_task(clock.sleep(10))
    await asyncio.sleep(0)
    clock.move(10)
    await asyncio.wait_for(short, 1)
    assert not long.done()
    long.cancel()
    await asyncio.gather(long, return_exceptions=True)
    clock.stop()


async def test_the_sandbox_s_clock_moves_by_seconds_and_days(tg: Sandbox) -> None:
    before = tg.clock.now()
    await tg.clock.move(30, days=2)
    assert tg.clock.now() - before in (172_830, 172_831)
