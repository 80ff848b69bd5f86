"""Posting: money moves once, whole, and never below a floor."""

from kassa.db import Database
from kassa.ledger import Leg, audit, wallet
from kassa.money import Money


async def test_a_key_posts_once(db: Database) -> None:
    legs = [Leg(wallet(1, "TOK"), wallet(2, "TOK"), Money(1, "TOK"))]
    assert await audit(db) == []
    assert legs
