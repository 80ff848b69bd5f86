"""Who sent somebody here: t.me/some_bot?start=ref_CODE, whatever app answers /start."""

import re
from collections.abc import Mapping
from typing import Any

from kassa import users
from kassa.db import Tx
from kassa.users import User

_INVITED = re.compile(r"/start(?:@\w+)? ref_([0-9A-Za-z]{1,64})")


async def invited(tx: Tx, user: User, message: Mapping[str, Any]) -> User | None:
    """Notes who invited them, if anybody did, and they are new."""
    text = message.get("text")
    found = _INVITED.fullmatch(text) if isinstance(text, str) else None
    return await users.referred(tx, user.id, found[1]) if found else None
