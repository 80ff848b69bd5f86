"""The chart of accounts: every account of Kassa by its name.

A balance is what was given to an account less what was taken from it. What a person has is
positive; what a provider holds for us (clearing) and the tokens in being (issuance) are
where money comes from, so they are negative.
"""

from kassa.ledger.models import Account


def wallet(user: int, currency: str) -> Account:
    """What a person has."""
    return Account(f"wallet:{user}:{currency}", currency, floor=0)


def debt(user: int, currency: str) -> Account:
    """What a person owes, after a refund from outside; negative."""
    return Account(f"debt:{user}:{currency}", currency)


def clearing(provider: str, currency: str) -> Account:
    """Money that a provider holds for us; negative."""
    return Account(f"clearing:{provider}:{currency}", currency, deferred=True)


def fee(provider: str, currency: str) -> Account:
    """What a provider keeps."""
    return Account(f"fee:{provider}:{currency}", currency, deferred=True)


def exchange(provider: str, currency: str) -> Account:
    """What a provider changed for us: a price in dollars that was paid in coins."""
    return Account(f"exchange:{provider}:{currency}", currency, deferred=True)


def revenue(app: str, currency: str) -> Account:
    """What an app has earned for us."""
    return Account(f"revenue:{app}:{currency}", currency, deferred=True)


def issuance(currency: str) -> Account:
    """Tokens in being; negative."""
    return Account(f"issuance:{currency}", currency, deferred=True)


def escrow(deal: int, currency: str) -> Account:
    """The money of one deal, until it is decided who gets it."""
    return Account(f"escrow:order:{deal}", currency, floor=0)


def payout(number: int, currency: str) -> Account:
    """Money on its way out."""
    return Account(f"payout:{number}", currency, floor=0)


def suspense(currency: str) -> Account:
    """Money that nobody can place yet."""
    return Account(f"suspense:{currency}", currency)
