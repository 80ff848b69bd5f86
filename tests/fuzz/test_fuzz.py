"""A short, seeded piece of `scripts/fuzz callbacks`, and proof that it would see a hole."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from kassa.payments.providers.protocol import Callback, Incoming, Refused
from tests.fuzz.run import run
from tests.fuzz.targets import NOW, Target, targets

SEED = 20261120


def test_what_is_spoilt_is_refused_or_understood() -> None:
    outcome = run(20_000, SEED)
    assert outcome.good, str(outcome)
    assert outcome.count == 20_000
    for each in outcome.counts.values():
        assert min(each["refused"], each["accepted"]) > 500


def test_what_is_not_spoilt_is_understood() -> None:
    for target in targets():
        for seed in target.seeds:
            target.provider.verify(seed, at=NOW)
            incoming = target.provider.parse(seed)
            assert target.proven(seed, seed, incoming)
            target.provider.verify(target.sign(seed.body, seed), at=NOW)


@pytest.mark.parametrize("target", targets(), ids=lambda each: str(each.name))
def test_a_hole_would_be_seen(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def anything(callback: Callback, *, at: datetime) -> None:
        """Whatever comes is from the provider."""

    monkeypatch.setattr(target.provider, "verify", anything)
    outcome = run(2_000, SEED, [target])
    assert outcome.total("unsigned") > 10
    assert not outcome.good


def _unconfirmed(parse: Callable[[Callback], Incoming]) -> Callable[[Callback], Incoming]:
    return lambda callback: replace(parse(callback), confirm=False)


@pytest.mark.parametrize("name", ["oneplat", "yookassa"])
def test_taking_at_its_word_what_is_not_signed_would_be_seen(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (target,) = [each for each in targets() if each.name == name]
    monkeypatch.setattr(target.provider, "parse", _unconfirmed(target.provider.parse))
    assert run(500, SEED, [target]).total("unsigned") > 10


def test_an_exception_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(callback: Callback) -> Incoming:
        if b"ff" in callback.body:
            raise UnicodeError("surrogates not allowed")
        raise Refused("no")

    (target,) = [each for each in targets() if each.name == "cryptopay"]
    monkeypatch.setattr(target.provider, "parse", careless)
    outcome = run(2_000, SEED, [target])
    assert outcome.total("unhandled") > 0
    assert "UnicodeError: surrogates not allowed" in str(outcome)
