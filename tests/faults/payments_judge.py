"""What became of a world's rounds: the fakes' books against ours, and ours against themselves."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kassa import ledger
from kassa.db import Database
from kassa.ledger import clearing
from kassa.payments.providers.cryptopay_wire import spend_id_of
from tests.faults.payments_story import OPEN, Round
from tests.faults.payments_world import World

Ref = tuple[str, str]  # a provider, and its name of a payment
SETS = ("lost", "doubled", "stuck", "unknown", "audit", "broken")

_SUMS = """
SELECT a.provider, a.ref,
       (SELECT sum(c.received) FROM payments.charge c WHERE c.attempt_id = a.id) AS came,
       (SELECT sum(r.amount) FROM payments.refund r JOIN payments.charge c ON c.id = r.charge_id
         WHERE c.attempt_id = a.id AND r.status = 'done' AND NOT r.outside) AS ours,
       (SELECT sum(r.amount) FROM payments.refund r JOIN payments.charge c ON c.id = r.charge_id
         WHERE c.attempt_id = a.id AND r.status = 'done' AND r.outside
           AND r.key NOT LIKE 'dispute:%') AS outside
  FROM payments.attempt a WHERE a.ref IS NOT NULL
"""
_STUCK = """
SELECT payment_id, 'attempt ' || id || ' is ' || status || coalesce(', capture ' || capture, '')
       AS what, 'unknown' IN (status, capture) AS unknown
  FROM payments.attempt
 WHERE status NOT IN ('ok', 'declined') OR capture IS NOT NULL
UNION ALL
SELECT payment_id, 'refund ' || id || ' is ' || status, status = 'unknown'
  FROM payments.refund WHERE status NOT IN ('done', 'declined')
UNION ALL
SELECT payment_id, 'refund ' || id || ' is not taken back', false
  FROM payments.refund WHERE taken_back = 'failed'
UNION ALL
SELECT id, 'is ' || status, false FROM payments.payment WHERE status = ANY ($1)
UNION ALL
SELECT id, 'is not delivered: ' || delivery_error, false FROM payments.payment p
 WHERE delivery = 'failed' AND delivery_error NOT LIKE 'InsufficientFunds%'  -- spent elsewhere
   AND NOT EXISTS (SELECT FROM payments.refund r JOIN payments.charge c ON c.id = r.charge_id
                    WHERE c.payment_id = p.id AND r.status = 'done' AND c.fit IN ('exact', 'over'))
UNION ALL
SELECT NULL, 'inbox ' || id || ' (' || provider || ', ' || kind || ') is '
       || CASE WHEN dead_at IS NULL THEN 'due' ELSE 'dead' END || ': ' || said, false
  FROM payments.inbox
 WHERE handled_at IS NULL  -- what is of no attempt is a person's at last; money of it would be seen
   AND NOT (dead_at IS NOT NULL AND said LIKE '%no such payment%')
"""
_DELIVERIES = """
SELECT p.id, p.delivery, p.purpose,
       (SELECT count(*) FROM given g WHERE g.payment_id = p.id) AS given,
       (SELECT count(*) - count(DISTINCT refund_id) FROM taken t WHERE t.payment_id = p.id)
       AS twice
  FROM payments.payment p
"""
# What came to a person, less what went back, is what they have, owe, bought and spent.
_PEOPLE = """
WITH came AS (
    SELECT p.user_id, c.currency, sum(c.amount - c.refunded) AS amount
      FROM payments.charge c JOIN payments.payment p ON p.id = c.payment_id GROUP BY 1, 2
), bought AS (
    SELECT p.user_id, p.currency,
           sum(p.amount - coalesce((SELECT sum(t.amount) FROM taken t
                                     WHERE t.payment_id = p.id), 0)) AS amount
      FROM payments.payment p JOIN given g ON g.payment_id = p.id GROUP BY 1, 2
)
SELECT c.user_id, c.currency, c.amount - coalesce(b.amount, 0) AS amount
  FROM came c LEFT JOIN bought b USING (user_id, currency)
"""


@dataclass
class Verdict:
    """What is wrong, by kind; each with the round's number, or -1 where it is nobody's."""

    wrong: dict[str, list[tuple[int, str]]] = field(
        default_factory=lambda: {each: [] for each in SETS}
    )
    found_by_comparing: int = 0
    late_though_in_time: int = 0

    def says(self, kind: str, number: int | None, what: str) -> None:
        self.wrong[kind].append((-1 if number is None else number, what))

    @property
    def good(self) -> bool:
        return not any(self.wrong.values())


async def judge(world: World, db: Database, rounds: Sequence[Round], verdict: Verdict) -> None:
    by_payment = {each.payment.id: each for each in rounds if each.payment is not None}
    numbers = {payment: each.number for payment, each in by_payment.items()}
    of = {
        (row["provider"], row["ref"]): numbers.get(row["payment_id"])
        for row in await db.fetch("SELECT provider, ref, payment_id FROM payments.attempt")
    }
    for each in rounds:
        for what in each.broken:
            verdict.says("broken", each.number, what)
    await _sums(world, db, rounds, verdict, of)
    _refund_keys(world, verdict)
    await _transfers(world, db, verdict, numbers)
    await _disputes(world, db, verdict, of)
    for row in await db.fetch(_STUCK, [str(each) for each in OPEN]):
        kind = "unknown" if row["unknown"] else "stuck"
        verdict.says(kind, numbers.get(row["payment_id"]), row["what"])
    for row in await db.fetch(_DELIVERIES):
        sold = row["purpose"] != "wallet.topup"
        number, count = numbers.get(row["id"]), row["given"]
        most = sold and row["delivery"] in (
            "done",
            "taken_back",
        )  # or given back before it was given
        if count > most or row["twice"]:
            verdict.says("doubled", number, f"delivered {count} times, {row['delivery']}")
        if count < (sold and row["delivery"] == "done"):
            verdict.says("lost", number, "said to be delivered, and was not")
    await _people(db, verdict, rounds)
    await _held(world, db, verdict)
    for finding in await ledger.audit(db):
        said = f"{finding.invariant}: {finding.subject} ({finding.detail})"
        verdict.says("audit", None, said)
    for row in await db.fetch("SELECT * FROM payments.audit()"):
        verdict.says("audit", None, " ".join(str(each) for each in row.values()))
    verdict.late_though_in_time += await _late(world, db)


async def _sums(
    world: World,
    db: Database,
    rounds: Sequence[Round],
    verdict: Verdict,
    of: dict[Ref, int | None],
) -> None:
    """What came and what went back, payment by payment."""
    came, back, outside = _theirs(world, rounds)
    ours = {(row["provider"], row["ref"]): row for row in await db.fetch(_SUMS)}
    for ref in came.keys() - ours.keys():
        verdict.says("lost", None, f"{ref} was paid, and no attempt is its")
    for ref, row in ours.items():
        pairs = [("came", row["came"] or 0, came[ref])]
        if world.providers[ref[0]].abilities.refund == "api":
            # Where one of ours was under way that was as large, it stands for one from outside.
            from_outside = row["outside"] or 0
            pairs.append(("given back", (row["ours"] or 0) + from_outside, back[ref]))
            if from_outside > outside[ref]:
                said = f"{from_outside} at {ref} is not from outside, {outside[ref]} is"
                verdict.says("doubled", of[ref], said)
        for what, here, there in pairs:
            if here != there:
                kind = "lost" if here < there else "doubled"
                verdict.says(kind, of[ref], f"{what} at {ref}: {there} there, {here} here")


def _theirs(
    world: World, rounds: Sequence[Round]
) -> tuple[dict[Ref, int], dict[Ref, int], dict[Ref, int]]:
    """By payment: what came, what went back, and what of that we have not asked for."""
    came: dict[Ref, int] = defaultdict(int)
    back: dict[Ref, int] = defaultdict(int)
    for name, shop in world.shops.items():
        for entry in shop.books():
            if entry.kind == "paid":
                came[name, entry.ref] += entry.amount
            elif entry.kind == "refund":
                back[name, entry.ref] += entry.amount
    outside: dict[Ref, int] = defaultdict(int)
    for each in rounds:
        for ref, amount in each.outside.items():
            outside[each.pages[ref], ref] += amount
    return came, back, outside


def _refund_keys(world: World, verdict: Verdict) -> None:
    """A refund of ours is made once by whoever knows keys."""
    made = [each["metadata"] for each in world.shops["stripe"].memory.get("re", {}).values()]
    for payment in world.shops["yookassa"].payments:
        made += [
            each.get("metadata", {})
            for each in payment.data["refunds"]
            if each["status"] == "succeeded"
        ]
    keys = Counter(each["kassa"] for each in made if "kassa" in each)
    for key, times in keys.items():
        if times > 1:
            verdict.says("doubled", None, f"the refund {key} was made {times} times")


async def _transfers(world: World, db: Database, verdict: Verdict, numbers: dict[int, int]) -> None:
    """Crypto Pay gives back by a transfer for each refund."""
    made = [each["spend_id"] for each in world.shops["cryptopay"].memory.get("transfers", [])]
    found = await db.fetch(
        """
        SELECT r.id, r.payment_id, r.status, a.key FROM payments.refund r
          JOIN payments.charge c ON c.id = r.charge_id
          JOIN payments.attempt a ON a.id = c.attempt_id
         WHERE c.provider = 'cryptopay'
        """
    )
    for row in found:
        times = made.count(spend_id_of(f"{row['key']}-r{row['id']}"))
        wanted = row["status"] == "done"
        if times != wanted:
            kind = "doubled" if times > 1 else "lost"
            said = f"refund {row['id']} is {row['status']}, sent {times} times"
            verdict.says(kind, numbers.get(row["payment_id"]), said)


async def _disputes(
    world: World, db: Database, verdict: Verdict, of: dict[Ref, int | None]
) -> None:
    shop = world.shops["stripe"]
    states = {"needs_response": "open"}
    theirs = {
        ref: states.get(each["status"], each["status"])
        for ref, each in shop.memory.get("dp", {}).items()
    }
    ours = {
        row["ref"]: row["state"]
        for row in await db.fetch("SELECT ref, state FROM payments.dispute")
    }
    for ref, state in theirs.items():
        if ours.get(ref) != state:
            paid = next(e.ref for e in shop.books() if e.kind == "dispute" and e.charge == ref)
            said = f"dispute {ref} is {state} there, {ours.get(ref)} here"
            verdict.says("lost", of.get(("stripe", paid)), said)


async def _people(db: Database, verdict: Verdict, rounds: Sequence[Round]) -> None:
    spent: dict[tuple[int, str], int] = defaultdict(int)
    for each in rounds:
        for key, amount in each.spent.items():
            if await db.fetchval("SELECT true FROM ledger.transfer WHERE key = $1", key):
                spent[each.user, each.price.currency] += amount
    for row in await db.fetch(_PEOPLE):
        user, currency = row["user_id"], row["currency"]
        has = await _balance(db, ledger.wallet(user, currency))
        has += await _balance(db, ledger.debt(user, currency))
        wanted = int(row["amount"]) - spent[user, currency]
        if has != wanted:
            kind = "lost" if has < wanted else "doubled"
            number = next((e.number for e in rounds if e.user == user), None)
            verdict.says(
                kind, number, f"user {user} has {has} {currency}, and should have {wanted}"
            )


async def _held(world: World, db: Database, verdict: Verdict) -> None:
    """Clearing is what the provider holds, but for what a person gave back by another way."""
    by_hand = {
        (row["provider"], row["currency"]): int(row["amount"])
        for row in await db.fetch(
            """
            SELECT c.provider, r.currency, sum(r.amount) AS amount
              FROM payments.refund r JOIN payments.charge c ON c.id = r.charge_id
             WHERE c.provider = 'oneplat' AND r.status = 'done' GROUP BY 1, 2
            """
        )
    }
    for name, shop in world.shops.items():
        held = shop.held()
        for entry in shop.books():
            if entry.kind == "topup":
                held[entry.currency] -= entry.amount
        for currency in held:
            theirs = held[currency] - by_hand.get((name, currency), 0)
            ours = -await _balance(db, clearing(name, currency))
            if ours != theirs:
                kind = "lost" if ours < theirs else "doubled"
                verdict.says(kind, None, f"{name} holds {theirs} {currency}, we think {ours}")


async def _balance(db: Database, account: Any) -> int:
    return (await ledger.balance(db, account)).posted.amount


async def _late(world: World, db: Database) -> int:
    """Paid in time by the provider's clock, and not delivered since we heard too late."""
    found = await db.fetch(
        """
        SELECT a.provider, a.ref, p.expires_at FROM payments.charge c
          JOIN payments.attempt a ON a.id = c.attempt_id JOIN payments.payment p
            ON p.id = c.payment_id
         WHERE c.fit = 'late' AND p.status = 'expired'
        """
    )
    return sum(
        world.shops[row["provider"]].payment(row["ref"]).paid_at < row["expires_at"].timestamp()
        for row in found
    )
