"""1Plat: what is signed, to the byte, and what is refused."""

import hashlib
import hmac
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kassa.config import Settings
from kassa.payments.providers.oneplat import OnePlat, from_settings
from kassa.payments.providers.oneplat_wire import Number, stringify
from kassa.payments.providers.protocol import (
    Callback,
    Refused,
    Report,
    State,
)
from kassa.payments.providers.reading import json_object
from kassa.secret import Secret
from tests.payments.providers.at_oneplat import NOW, SECRET, accepted, refused, rub


def ours(*secrets: str, **more: Any) -> OnePlat:
    return OnePlat("1374", secrets or (SECRET,), **more)


# -- signatures, computed here by themselves ---------------------------------------

FIELDS = (
    '"payment_id":"271097","guid":"a1b2-c3","merchant_id":"543","user_id":"7","status":1,'
    '"amount":14500,"amount_to_pay":14600,"amount_to_shop":12325,"expired":"2026-11-20T12:30:00Z"'
)


def hmac_of(text: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def md5_of(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def post(body: str | bytes, **headers: str) -> Callback:
    raw = body.encode() if isinstance(body, str) else body
    return Callback(raw, {"content-type": "application/json", **headers})


def test_the_body_less_its_signatures_is_signed_wherever_they_stand() -> None:
    signed = hmac_of("{" + FIELDS + "}")
    for body in (
        f'{{"signature":"{signed}",{FIELDS}}}',
        f'{{{FIELDS},"signature":"{signed}"}}',
        f'{{\n  "signature_v2": "wrong", {FIELDS.replace(",", ", ")} , "signature":"{signed}" }}',
    ):
        incoming = accepted(ours(), post(body))
        assert incoming.event == "a1b2-c3:1:271097"
        assert incoming.confirm
        (report,) = incoming.reports
        assert report == Report(
            "a1b2-c3", State.PAID, charge="271097", amount=rub(14500), fee=rub(2175)
        )


def test_an_object_called_payload_is_what_is_signed_and_read() -> None:
    signed = hmac_of("{" + FIELDS + "}")
    lie = FIELDS.replace('"status":1', '"status":-2').replace("14500", "99900")
    body = f'{{{lie},"payload":{{{FIELDS}}},"signature":"{signed}"}}'
    (report,) = accepted(ours(), post(body)).reports
    assert (report.state, report.amount) == (State.PAID, rub(14500))


def test_md5_alone_is_enough_and_so_nothing_is_taken_at_its_word() -> None:
    signed = md5_of(f"543145001374{SECRET}")
    body = f'{{{FIELDS},"signature_v2":"{signed}"}}'
    assert accepted(ours(), post(body)).confirm
    # The weakness that makes it so: another payment, another status, the same signature.
    other = body.replace("a1b2-c3", "other").replace('"status":1', '"status":2')
    assert accepted(ours(), post(other)).event == "other:2:271097"
    assert accepted(ours(), post(other)).confirm
    assert refused(ours(), post(body.replace("14500", "14501"))) == "The signature is wrong."


def test_numbers_are_signed_as_they_were_written() -> None:
    for amount in ("14500.0", "14500.00", "14500"):
        fields = FIELDS.replace("14500", amount)
        body = f'{{{fields},"signature":"{hmac_of("{" + fields + "}")}"}}'
        (report,) = accepted(ours(), post(body)).reports
        assert report.amount == rub(14500)
        rewritten = body.replace(f":{amount},", ":14500.000,")
        assert refused(ours(), post(rewritten)) == "The signature is wrong."


def test_a_get_carries_texts_and_is_signed_as_an_object_of_texts() -> None:
    fields = {"guid": "g-1", "merchant_id": "543", "status": "2", "amount": "14500", "user_id": "Ж"}
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    for extra in ({"signature": hmac_of(text)}, {"signature_v2": md5_of(f"543145001374{SECRET}")}):
        got = Callback(b"", {}, method="GET", query=urlencode(fields | extra))
        assert accepted(ours(), got).reports[0].state is State.PAID
        form = Callback(
            urlencode(fields | extra).encode(),
            {"content-type": "application/x-www-form-urlencoded"},
        )
        assert accepted(ours(), form).reports[0].amount == rub(14500)
    twice = Callback(b"", {}, method="GET", query=urlencode(fields | extra) + "&guid=g-2")
    assert refused(ours(), twice) == "A field comes twice."


def test_while_a_secret_changes_both_are_taken_and_the_first_one_is_sent() -> None:
    made = from_settings(Settings(oneplat_shop_id="1374", oneplat_shop_secret=Secret("NEW, OLD")))
    assert made is not None
    for secret, fine in (("NEW", True), ("OLD", True), ("OLDER", False)):
        body = f'{{{FIELDS},"signature":"{hmac_of("{" + FIELDS + "}", secret)}"}}'
        if fine:
            accepted(made, post(body))
        else:
            refused(made, post(body))
    assert made._client._options["headers"]["x-secret"] == "NEW"
    assert from_settings(Settings()) is None


@pytest.mark.parametrize(
    "signed", ["", "é", "Ω" * 64, None, 5, 1.5, True, [], ["a"], {}, {"a": 1}, "\ud800"]
)
def test_whatever_stands_for_a_signature_is_refused_calmly(signed: object) -> None:
    for name in ("signature", "signature_v2"):
        body = f'{{{FIELDS},"{name}":{json.dumps(signed)}}}'
        assert refused(ours(), post(body)) == "The signature is wrong."


def test_what_is_of_another_merchant_or_shop_is_refused() -> None:
    signed = hmac_of("{" + FIELDS + "}")
    body = f'{{{FIELDS},"signature":"{signed}"}}'
    accepted(ours(merchant="543"), post(body))
    assert refused(ours(merchant="544"), post(body)) == "It is of another merchant."
    with_shop = FIELDS + ',"shop_id":"1375"'
    body = f'{{{with_shop},"signature":"{hmac_of("{" + with_shop + "}")}"}}'
    assert refused(ours(), post(body)) == "It is of another shop."
    none = FIELDS.replace('"merchant_id":"543",', "")
    body = f'{{{none},"signature":"{hmac_of("{" + none + "}")}"}}'
    assert refused(ours(), post(body)) == "It is of another merchant."


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"status":1', '"status":3'),
        ('"status":1', '"status":true'),
        ('"status":1', '"status":"1.0"'),
        ('"status":1', '"status":null'),
        ('"status":1,', ""),
        ('"amount":14500', '"amount":-14500'),
        ('"amount":14500', '"amount":14500.5'),
        ('"amount":14500', '"amount":1e4'),
        ('"amount":14500', '"amount":99999999999999999999'),
        ('"amount":14500', '"amount":[14500]'),
        ('"amount_to_shop":12325', '"amount_to_shop":"a lot"'),
        ('"guid":"a1b2-c3"', '"guid":"../../withdraw"'),
        ('"guid":"a1b2-c3"', '"guid":""'),
        ('"guid":"a1b2-c3"', f'"guid":"{"a" * 101}"'),
    ],
)
def test_what_cannot_be_meant_is_refused_although_it_is_signed(was: str, becomes: str) -> None:
    fields = FIELDS.replace(was, becomes)
    assert fields != FIELDS
    callback = post(f'{{{fields},"signature":"{hmac_of("{" + fields + "}")}"}}')
    provider = ours()
    provider.verify(callback, at=NOW)
    with pytest.raises(Refused):
        provider.parse(callback)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"\xff\xfe{}",
        b'{"merchant_id":"543","a":' + b"[" * 100_000,
        b'{"merchant_id":"543","a":' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"merchant_id":"543","merchant_id":"543"}',
        b'{"merchant_id":"543","amount":NaN}',
        b'{"merchant_id":"543","amount":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_callback_at_all_is_refused(body: bytes) -> None:
    refused(ours(), post(body))
    refused(ours(), Callback(body, {"content-type": "application/x-www-form-urlencoded"}))
    refused(ours(), Callback(b"", {}, method="GET", query=body.decode("latin-1")))


def test_a_stored_callback_of_another_merchant_is_refused_when_it_is_read() -> None:
    callback = post(f'{{{FIELDS},"signature":"{hmac_of("{" + FIELDS + "}")}"}}')
    with pytest.raises(Refused):
        ours(merchant="544").parse(callback)


def test_no_depth_is_too_much_to_be_refused() -> None:
    for depth in (33, 400, 900):
        value = json_object(b'{"a":' + b"[" * depth + b"]" * depth + b"}", numbers=Number)
        with pytest.raises(Refused, match="too deep"):
            stringify(value)


def test_a_fee_that_would_be_below_nothing_is_unsaid() -> None:
    fields = FIELDS.replace("12325", "20000")
    body = f'{{{fields},"signature":"{hmac_of("{" + fields + "}")}"}}'
    assert accepted(ours(), post(body)).reports[0].fee is None


def test_rubles_are_read_and_written_where_the_setting_says_so() -> None:
    provider = ours(unit="rubles")
    fields = '"guid":"g","merchant_id":"543","status":1,"amount":145.5,"amount_to_shop":"123.25"'
    body = f'{{{fields},"signature":"{hmac_of("{" + fields + "}")}"}}'
    (report,) = accepted(provider, post(body)).reports
    assert (report.amount, report.fee) == (rub(14550), rub(2225))
    sent = provider.simulate(Report("g", State.PAID, amount=rub(14500)), at=NOW)
    assert json.loads(sent.body)["amount"] == 145


@pytest.mark.parametrize("state", [State.PAID, State.WAITING, State.FAILED])
def test_a_simulated_callback_comes_back_as_it_was_meant_and_a_forged_one_does_not(
    state: State,
) -> None:
    paid = state is State.PAID
    report = Report(
        "g-1",
        state,
        charge="5",
        amount=rub(14500) if paid else None,
        fee=rub(100) if paid else None,
        reason="no requisites" if state is State.FAILED else "",
    )
    sent = ours().simulate(report, at=NOW)
    assert accepted(ours(), sent).reports == (report,)
    assert refused(ours(), ours().simulate(report, at=NOW, forged=True))


# -- JSON.stringify ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'{ "a" : "\u0416\/\u00e9" }', '{"a":"Ж/é"}'),
        (
            r'{"a":"\u2028\u007f\u0001\u001f\b\f\n\r\t\"\\"}',
            '{"a":"\u2028\x7f\\u0001\\u001f'
            r'\b\f\n\r\t\"\\"}',
        ),
        (r'{"a":"\ud83d\ude00 \ud83d \ude00"}', '{"a":"😀 \\ud83d \\ude00"}'),
        ('{"b":1,"a":[true,false,null,{}],"c":[]}', '{"b":1,"a":[true,false,null,{}],"c":[]}'),
        ('{"a":100.0,"b":1e+30,"c":-0}', '{"a":100.0,"b":1e+30,"c":-0}'),
        (f'{{"a":{"9" * 30}}}', f'{{"a":{"9" * 30}}}'),
    ],
)
def test_stringify_by_hand(text: str, expected: str) -> None:
    assert stringify(json_object(text.encode(), numbers=Number)) == expected


_NODE = shutil.which("node")
_JS = """
require("readline").createInterface({input: process.stdin}).on("line", line => {
  const value = JSON.parse(line);
  console.log(JSON.stringify([JSON.stringify(value), JSON.stringify(value, null, 3)]));
});
"""

# Keys that look like indexes come first in JavaScript, whatever the text says. Whoever signs has
# sorted them already, so what we see is in that order.
_TEXTS = st.text(st.characters(exclude_categories=()), max_size=8)
_VALUES = st.recursive(
    st.none() | st.booleans() | _TEXTS | st.integers() | st.floats(allow_nan=False).map(float),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


@contextmanager
def _node() -> Iterator[Any]:
    assert _NODE is not None
    with subprocess.Popen([_NODE, "-e", _JS], stdin=-1, stdout=-1) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def stringified(value: object) -> tuple[str, str]:
            process.stdin.write(json.dumps(value).encode() + b"\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            plain, spaced = json.loads(process.stdout.readline())  # type: ignore[union-attr]
            return plain, spaced

        yield stringified
        process.stdin.close()


@pytest.mark.skipif(_NODE is None, reason="no node on this machine")
def test_stringify_is_what_javascript_does() -> None:
    """However the text is written on its way, we sign what JavaScript signed."""
    with _node() as stringified:

        @settings(max_examples=300, deadline=None, database=None)
        @given(st.dictionaries(_TEXTS, _VALUES, max_size=5))
        def same(value: dict[str, object]) -> None:
            plain, spaced = stringified(_finite(value))
            escaped = json.dumps(plain)[1:-1].replace('\\"', '"').replace("\\\\", "\\")
            for text in (plain, spaced, escaped):
                assert stringify(json_object(text.encode(), numbers=Number)) == plain

        same()


def _finite(value: Any) -> Any:
    """Infinity is no JSON."""
    if isinstance(value, float):
        return value if abs(value) < 1e300 else 0.5
    if isinstance(value, list):
        return [_finite(each) for each in value]
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    return value
