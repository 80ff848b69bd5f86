"""Telephone numbers: as people write them, and as Telegram shares them."""

import re

from kassa.users.models import WrongPhone

_WRITTEN = re.compile(r"\+[0-9 ().-]{5,40}")
_SHARED = re.compile(r"\+?([1-9][0-9]{4,14})")


def parse(text: str) -> str:
    """What a person typed, in E.164: "+998 90 123-45-67" is "+998901234567"."""
    import phonenumbers  # with its tables, 30 ms

    typed = text.strip().replace("\N{NO-BREAK SPACE}", " ")
    if not typed.startswith("+"):
        raise WrongPhone("Write the number with + and the country's code: +998901234567.")
    if not _WRITTEN.fullmatch(typed):
        raise WrongPhone("A phone number has digits only: +998901234567.")
    try:
        number = phonenumbers.parse(typed)
    except phonenumbers.NumberParseException:
        raise WrongPhone("There is no such country's code. Write it so: +998901234567.") from None
    if not phonenumbers.is_valid_number(number):
        raise WrongPhone("There is no such phone number. Write it so: +998901234567.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def shared(text: str) -> str:
    """What a contact of Telegram's says, with or without +. It is believed: there are numbers that
    only Telegram knows (+888…)."""
    found = _SHARED.fullmatch(re.sub(r"[ ().-]", "", text))
    if found is None:
        raise WrongPhone("The contact has no phone number.")
    return f"+{found[1]}"
