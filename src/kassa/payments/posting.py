"""What arrived and what was delivered, in the books: all legs of all cases in one ledger call."""

from collections.abc import Sequence

from kassa import ledger
from kassa.db import Tx
from kassa.ledger import Leg, Transfer, clearing, debt, exchange, fee, suspense, wallet
from kassa.money import Money
from kassa.payments.cases import Case, charge_name, fee_of, new_fee


async def post(tx: Tx, cases: Sequence[Case]) -> None:
    transfers: list[Transfer] = []
    per_case: list[tuple[Case, list[Leg], list[Leg]]] = []
    for case in cases:
        credit = _credit(case) if case.ruling.fit else []
        effect = list(case.delivered.legs) if case.delivered else []
        per_case.append((case, credit, effect))
        if (late_fee := new_fee(case)) is not None and late_fee:
            charge = case.charge
            assert charge is not None
            of = (case.said.provider, late_fee.currency)
            leg = Leg(fee(*of), clearing(*of), late_fee)
            transfers.append(Transfer(f"payments.fee:{charge.id}", [leg]))
    repaid = await repayments(tx, [credit + effect for _, credit, effect in per_case])
    for (case, credit, effect), repay in zip(per_case, repaid, strict=True):
        (effect if effect else credit).extend(repay)
        if credit:
            name = charge_name(case.report)
            key = f"payments.paid:{case.said.provider}:{name}"
            transfers.append(Transfer(key, credit, at=case.report.at))
        if effect:
            transfers.append(Transfer(f"payments.delivered:{case.payment.id}", effect))
    if transfers:
        await ledger.post_many(tx, transfers)


def _credit(case: Case) -> list[Leg]:
    """Clearing to wallet, the provider's fee beside it; through exchange where coins came."""
    report, provider = case.report, case.said.provider
    assert report.amount is not None
    to = wallet(case.payment.user, report.amount.currency)
    received = report.received or report.amount
    into = to
    legs = []
    if received.currency != report.amount.currency:
        into = exchange(provider, received.currency)
        legs.append(Leg(exchange(provider, report.amount.currency), to, report.amount))
    if case.charge is not None:  # it was a stray one until now
        stray = case.charge.received
        return [Leg(suspense(stray.currency), into, stray), *legs]
    return [*arrival(provider, received, fee_of(report, received), into), *legs]


def arrival(provider: str, received: Money, kept: Money | None, into: ledger.Account) -> list[Leg]:
    currency = received.currency
    net = received - kept if kept else received
    legs = [Leg(clearing(provider, currency), into, net)] if net else []
    if kept:
        legs.append(Leg(fee(provider, currency), into, kept))
    return legs


async def repayments(tx: Tx, groups: Sequence[Sequence[Leg]]) -> list[list[Leg]]:
    """Of what these legs leave in wallets, what their owners owe goes first. (Their locks are
    held, so nobody else repays the same debt.)"""
    gains: list[dict[tuple[int, str], int]] = [_gains(legs) for legs in groups]
    owing = sorted({each for gain in gains for each in gain})
    if not owing:
        return [[] for _ in groups]
    found = await ledger.balances(tx, [debt(*each) for each in owing])
    owed = {each: -balance.posted.amount for each, balance in zip(owing, found, strict=True)}
    answers = []
    for gain in gains:
        legs = []
        for (user, currency), amount in gain.items():
            back = min(amount, owed[user, currency])
            if back > 0:
                owed[user, currency] -= back
                legs.append(
                    Leg(wallet(user, currency), debt(user, currency), Money(back, currency))
                )
        answers.append(legs)
    return answers


def _gains(legs: Sequence[Leg]) -> dict[tuple[int, str], int]:
    totals: dict[tuple[int, str], int] = {}
    for leg in legs:
        for account, sign in ((leg.credit, 1), (leg.debit, -1)):
            code = account if isinstance(account, str) else account.code
            if code.startswith("wallet:"):
                _, user, currency = code.split(":")
                of = (int(user), currency)
                totals[of] = totals.get(of, 0) + sign * leg.amount.amount
    return {of: amount for of, amount in totals.items() if amount > 0}
