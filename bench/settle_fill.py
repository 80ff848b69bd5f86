"""What bench/settle.py finds in its databases: payments of the past, and some that wait."""

from typing import TYPE_CHECKING

from kassa.db import APP, OWNER, EmbeddedServer
from kassa.db.database import connect
from kassa.db.embedded import SUPERUSER

if TYPE_CHECKING:
    from asyncpg import Connection, Record

PRICE = 5_000_000  # 5 USDT
FIRST_INVOICE = 10_000_000  # an invoice's number is so much more than the payment's
NEW_PAYERS = 10  # one in so many has never paid before


def payers(stored: int) -> int:
    """How many people have paid: whoever came, came up to ten times."""
    return min(stored, max(10_000, stored // 10))


async def fill(running: EmbeddedServer, name: str, stored: int) -> None:
    """So many payments, paid, settled and delivered, as Kassa would have written them."""
    root = await connect(running.address(SUPERUSER, name))
    try:
        await root.execute(
            "SET statement_timeout = 0; SET session_replication_role = replica;"
            "SET synchronous_commit = off; SET maintenance_work_mem = '256MB';"
        )
        await root.execute(
            f"CREATE SCHEMA bench AUTHORIZATION {OWNER};"
            "CREATE TABLE bench.sold (payment_id bigint PRIMARY KEY);"
            f"GRANT USAGE ON SCHEMA bench TO {APP}; GRANT SELECT, INSERT ON bench.sold TO {APP}"
        )
        again = await _without_indexes(root)
        given = {"stored": stored, "payers": payers(stored), "price": PRICE}
        given["invoice"] = FIRST_INVOICE
        for statement in _FILL.format(**given).split(";\n"):
            await root.execute(statement)
        for statement in again:
            await root.execute(statement)
        await root.execute("VACUUM ANALYZE")
        await root.execute("CHECKPOINT")
    finally:
        await root.close()


async def _without_indexes(root: "Connection[Record]") -> list[str]:
    """Takes them and the constraints away; what makes them again, which is cheaper at the end."""
    found = await root.fetch(
        """
        SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname) AS gone,
               format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname,
                      pg_get_constraintdef(c.oid)) AS made,
               CASE c.contype WHEN 'f' THEN 3 ELSE 1 END AS n
          FROM pg_constraint c
         WHERE c.connamespace::regnamespace::text IN ('payments', 'ledger')
           AND c.contype IN ('p', 'u', 'f')
        UNION ALL
        SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid), 2
          FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
         WHERE t.relnamespace::regnamespace::text IN ('payments', 'ledger')
           AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
         ORDER BY n
        """
    )
    for row in reversed(found):
        await root.execute(row["gone"])
    return [row["made"] for row in found]


_FILL = """
INSERT INTO ledger.account (code, currency, deferred) VALUES
    ('clearing:cryptopay:USDT', 'USDT', true), ('fee:cryptopay:USDT', 'USDT', true),
    ('revenue:bench:USDT', 'USDT', true);
INSERT INTO ledger.account (code, currency, floor, deferred)
    SELECT 'wallet:' || u || ':USDT', 'USDT', 0, false FROM generate_series(1, {payers}) u;
INSERT INTO payments.payment (user_id, bot, purpose, subject, amount, currency, description,
                              details, hold, status, delivery, created_at, expires_at, paid_at)
    SELECT 1 + i % {payers}, 'bench_bot', 'bench.goods', 'a thing', {price}, 'USDT', 'A thing',
           '{{"payer": {{"telegram_id": 1}}}}', false, 'succeeded', 'done', at,
           at + interval '30 min', at
      FROM generate_series(0, {stored} - 1) i,
           LATERAL (SELECT now() - ({stored} - i) * interval '7 s' AS at) a;
INSERT INTO payments.attempt (payment_id, provider, method, key, ref, status, said, checkout,
                              asked_at, created_at)
    SELECT id, 'cryptopay', 'crypto', 'kassa-' || id, {invoice} + id, 'ok', 'paid',
           '{{"url": "https://t.me/CryptoBot?start=SIMULATED"}}', created_at, created_at
      FROM payments.payment ORDER BY id;
INSERT INTO payments.charge (provider, ref, payment_id, attempt_id, amount, currency, received,
                             received_currency, fit, paid_at)
    SELECT 'cryptopay', {invoice} + id, id, id, {price}, 'USDT', {price}, 'USDT', 'exact', paid_at
      FROM payments.payment ORDER BY id;
INSERT INTO payments.event (payment_id, at, kind, public, data)
    SELECT p.id, p.created_at, k.kind, true, k.data::jsonb
      FROM payments.payment p,
           (VALUES (1, 'created', '{{"amount": "5.000000 USDT"}}'),
                   (2, 'started', '{{"method": "crypto", "provider": "cryptopay"}}'),
                   (3, 'paid', '{{"fit": "exact", "amount": "5.000000 USDT"}}'),
                   (4, 'delivered', '{{}}')) k (n, kind, data)
     ORDER BY p.id, k.n;
INSERT INTO payments.inbox (provider, event, kind, confirm, method, query, headers, body,
                            received_at, handled_at, said)
    SELECT 'cryptopay', 'invoice_paid:' || {invoice} + id, 'invoice_paid', false, 'POST', '',
           '{{"content-type": "application/json"}}', convert_to(repeat('callback', 64), 'UTF8'),
           paid_at, paid_at, 'exact'
      FROM payments.payment ORDER BY id;
INSERT INTO bench.sold SELECT id FROM payments.payment ORDER BY id;
INSERT INTO ledger.transfer (id, key, kind, at)
    SELECT 2 * p.id + k.n, k.key || CASE k.n WHEN 0 THEN {invoice} + p.id ELSE p.id END, k.kind,
           p.paid_at
      FROM payments.payment p,
           (VALUES (0, 'payments.paid:cryptopay:', 'payments.paid'),
                   (1, 'payments.delivered:', 'payments.delivered')) k (n, key, kind)
     ORDER BY 1;
CREATE TEMP TABLE ids AS
    SELECT min(id) FILTER (WHERE code ~ '^clearing') AS clearing,
           min(id) FILTER (WHERE code ~ '^revenue') AS revenue,
           min(id) FILTER (WHERE code = 'wallet:1:USDT') - 1 AS wallet
      FROM ledger.account;
INSERT INTO ledger.posting (transfer_id, n, debit, credit, currency, amount)
    SELECT 2 * p.id + k, 1, CASE k WHEN 0 THEN clearing ELSE wallet + p.user_id END,
           CASE k WHEN 0 THEN wallet + p.user_id ELSE revenue END, 'USDT', {price}
      FROM ids, payments.payment p, generate_series(0, 1) k ORDER BY 1;
INSERT INTO ledger.entry (account_id, version, transfer_id, n, amount, after)
    SELECT clearing, p.id, 2 * p.id, 1, -{price}, -{price} * p.id FROM ids, payments.payment p
    UNION ALL
    SELECT revenue, p.id, 2 * p.id + 1, 1, {price}, {price} * p.id FROM ids, payments.payment p
    UNION ALL
    SELECT wallet + p.user_id, (p.id - 1) / {payers} * 2 + 1 + k, 2 * p.id + k, 1,
           CASE k WHEN 0 THEN {price} ELSE -{price} END, CASE k WHEN 0 THEN {price} ELSE 0 END
      FROM ids, payments.payment p, generate_series(0, 1) k;
UPDATE ledger.account a
   SET version = b.version, posted = b.posted
  FROM (SELECT account_id, max(version) AS version, sum(amount) AS posted
          FROM ledger.entry GROUP BY 1) b
 WHERE a.id = b.account_id;
SELECT setval('ledger.transfer_number', 3 * {stored} + 10)
"""


async def ask(running: EmbeddedServer, name: str, stored: int, count: int) -> list[int]:
    """So many more that wait for their payers; their numbers."""
    owner = await connect(running.address(OWNER, name))
    try:
        rows = await owner.fetch(
            """
            WITH asked AS (
                INSERT INTO payments.payment (user_id, bot, purpose, subject, amount, currency,
                       description, details, hold, status, created_at, expires_at)
                SELECT CASE WHEN i % $3 = 0 THEN 10000000 + random() * 1000000000
                            ELSE 1 + floor(random() * $2) END::bigint,
                       'bench_bot', 'bench.goods', 'a thing', $4, 'USDT', 'A thing',
                       '{"payer": {"telegram_id": 1}}', false, 'awaiting_payer', now(),
                       now() + interval '1 day'
                  FROM generate_series(1, $1::int) i
                RETURNING id, created_at
            ), tried AS (
                INSERT INTO payments.attempt (payment_id, provider, method, key, ref, status, said,
                       checkout, asked_at, created_at)
                SELECT id, 'cryptopay', 'crypto', 'kassa-' || id, (id + $5::bigint)::text, 'ok', '',
                       '{"url": "https://t.me/CryptoBot?start=SIMULATED"}', created_at, created_at
                  FROM asked
            ), told AS (
                INSERT INTO payments.event (payment_id, at, kind, public, data)
                SELECT id, created_at, k.kind, true, k.data::jsonb
                  FROM asked, (VALUES ('created', '{"amount": "5.000000 USDT"}'),
                                      ('started', '{"method": "crypto"}')) k (kind, data)
            )
            SELECT id FROM asked ORDER BY id
            """,
            *(count, payers(stored), NEW_PAYERS, PRICE, FIRST_INVOICE),
        )
        await owner.execute("ANALYZE payments.payment, payments.attempt, payments.event")
        return [row["id"] for row in rows]
    finally:
        await owner.close()
