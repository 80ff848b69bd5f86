"""Rows of people as records."""

from typing import Any, Protocol

from kassa.users.models import User

COLUMNS = """id, uid, telegram_id, first_name, last_name, username, language, phone, phone_proved,
             terms_version, terms_at, referral_code, referred_by, blocked_at, created_at"""


class Row(Protocol):
    def __getitem__(self, name: str, /) -> Any: ...
    def get(self, name: str, default: Any, /) -> Any: ...


def user(row: Row) -> User:
    """Of COLUMNS, or of what users.see returns, which tells who is new."""
    return User(
        id=row["id"],
        uid=row["uid"],
        telegram_id=row["telegram_id"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        username=row["username"],
        language=row["language"],
        phone=row["phone"],
        phone_proved=row["phone_proved"],
        terms_version=row["terms_version"],
        terms_at=row["terms_at"],
        referral_code=row["referral_code"],
        referred_by=row["referred_by"],
        blocked_at=row["blocked_at"],
        created_at=row["created_at"],
        is_new=row.get("is_new", False),
    )
