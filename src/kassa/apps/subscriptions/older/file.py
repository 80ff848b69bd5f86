"""The file of an older bot, whoever wrote it: CSV, read and judged without a look at the database.

A person may have several lines, such as one a payment. What is wrong is told with its line, in
words; nothing is guessed that could cost somebody days.
"""

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal

from kassa import clock
from kassa.apps.subscriptions import months
from kassa.apps.subscriptions.older.payments import OldPayment
from kassa.errors import Invalid
from kassa.money import Money

# What a column may be called, in small letters.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "telegram_id": ("telegram_id", "tg_id"),
    "expires_at": ("expires_at", "expire_at"),
    "username": ("username", "telegram_username"),
    "first_name": ("first_name", "name"),
    "language": ("language", "language_code"),
    "tier": ("tier",),
    "panel_username": ("panel_username",),
    "panel_id": ("panel_id", "panel_uuid"),
    "link": ("link", "subscription_url"),
    "paid_at": ("paid_at",),
    "amount": ("amount",),
    "currency": ("currency",),
    "provider": ("provider",),
    "external_id": ("external_id", "payment_id"),
    "months": ("months",),
}
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
MOST_BYTES = 200_000_000
_NOTHING = ("", "0", "null", "none", "\\n", "-")  # as databases and people write it
_NAMES = {name: column for column, names in COLUMNS.items() for name in names}
_PANEL_NAME = re.compile(r"[A-Za-z0-9_-]{3,36}")
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME = re.compile("[T ][0-9]{2}:[0-9]{2}", re.ASCII)
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_MILLISECONDS = 10**11  # a number beyond it counts those: as seconds it would be past 5000
_LONGEST = 2000  # characters of a link


@dataclass(slots=True)
class Old:
    """A person of the older bot."""

    telegram_id: int
    line: int
    username: str = ""
    first_name: str = ""
    language: str = ""
    expires_at: datetime | None = None
    tier: str = ""
    panel_username: str = ""
    panel_id: str = ""
    link: str = ""
    payments: dict[str, OldPayment] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wrong:
    line: int
    what: str


@dataclass(slots=True)
class File:
    people: dict[int, Old] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)
    lines: int = 0  # without the header
    encoding: str = ""
    separator: str = ""
    unread: tuple[str, ...] = ()  # columns of which we know nothing


def read(content: bytes, *, zone: tzinfo = UTC, tiers: Collection[str]) -> File:
    """Raises Invalid for what is no such file at all."""
    if len(content) > MOST_BYTES:
        raise Invalid(f"The file is larger than {MOST_BYTES // 10**6} MB.")
    file = File()
    text, file.encoding = _decoded(content)
    first = text.lstrip("\r\n").partition("\n")[0]
    file.separator = max(SEPARATORS, key=lambda each: _fits(_split(first, each)))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=file.separator)
    header: list[str] | None = None
    reading = _Reading(file, zone, tiers)
    try:
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = _header(cells, file)
                continue
            file.lines += 1
            reading.line(rows.line_num, header, cells)
    except csv.Error as error:
        raise Invalid(f"Line {rows.line_num} is no CSV: {error}.") from None
    if header is None:
        raise Invalid("The file is empty.")
    return file


# -- as it is written --------------------------------------------------------------


def _decoded(content: bytes) -> tuple[str, str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1251"]
    for encoding in encodings:
        try:
            return content.decode(encoding).replace("\0", ""), encoding.removesuffix("-sig")
        except UnicodeDecodeError:
            continue
    raise Invalid("The file is neither UTF-8 nor Windows-1251: save it as UTF-8.")


def _split(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _column(cell: str) -> str | None:
    return _NAMES.get(re.sub(r"[\s-]+", "_", cell.strip().lower()))


def _fits(cells: list[str]) -> tuple[int, int]:
    """The more names we know, the better."""
    return sum(_column(cell) is not None for cell in cells), len(cells)


def _header(cells: list[str], file: File) -> list[str]:
    names = [_column(cell) or "" for cell in cells]
    known = [each for each in names if each]
    if "telegram_id" not in known:
        raise Invalid(
            "The first line must name the columns, and one of them must be telegram_id. It has: "
            f"{', '.join(cell.strip() for cell in cells)[:300]}."
        )
    if twice := sorted({each for each in known if known.count(each) > 1}):
        raise Invalid(f"There are several columns {', '.join(twice)}.")
    file.unread = tuple(
        cell.strip() for cell, name in zip(cells, names, strict=True) if not name and cell.strip()
    )
    return names


# -- what it says ------------------------------------------------------------------


class _Reading:
    """Line by line, into people."""

    def __init__(self, file: File, zone: tzinfo, tiers: Collection[str]) -> None:
        self._file, self._zone, self._tiers = file, zone, tiers
        self._panel_names: dict[str, int] = {}  # whose
        self._latest = clock.now() + timedelta(days=2)

    def line(self, number: int, header: list[str], cells: list[str]) -> None:
        wrong: list[str] = []
        if len(cells) > len(header):
            wrong.append(f"{len(cells)} cells, and the first line names {len(header)}")
        said = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if name}
        telegram_id = _telegram_id(said.get("telegram_id", ""))
        if telegram_id is None:
            wrong.append(
                f"telegram_id {said.get('telegram_id', '')!r:.40} is not a person's number"
            )
        found = Old(telegram_id or 0, number)
        wrong += self._fill(found, said)
        if telegram_id is not None and not wrong:
            wrong += self._add(found)
        self._file.wrong += [Wrong(number, each) for each in wrong]

    def _fill(self, found: Old, said: Mapping[str, str]) -> Iterator[str]:
        found.username = _some(said, "username").removeprefix("@")[:64]
        found.first_name = _some(said, "first_name")[:256]
        found.language = _some(said, "language")[:10]
        found.panel_id, found.link = _some(said, "panel_id"), _some(said, "link")
        found.panel_username, found.tier = _some(said, "panel_username"), _some(said, "tier")
        if expires := _some(said, "expires_at"):
            try:
                found.expires_at = self._moment(expires, whole_day=True)
            except Invalid as error:
                yield f"expires_at {error}"
        if found.tier and found.tier not in self._tiers:
            yield f"tier {found.tier!r:.40} is none of {', '.join(self._tiers)}"
        if found.panel_username and not _PANEL_NAME.fullmatch(found.panel_username):
            yield f"panel_username {found.panel_username!r:.60} is none that a panel can have"
        if len(found.panel_id) > 100:
            yield "panel_id is too long"
        if found.link and (len(found.link) > _LONGEST or not found.link.isprintable()):
            yield "link is none"
        if any(_some(said, each) for each in ("paid_at", "amount", "currency")):
            try:
                payment = self._payment(said)
                found.payments[payment.key] = payment
            except Invalid as error:
                yield str(error)

    def _add(self, new: Old) -> list[str]:
        known = self._file.people.setdefault(new.telegram_id, new)
        problems = []
        name = new.panel_username
        if name and self._panel_names.setdefault(name.lower(), new.telegram_id) != new.telegram_id:
            problems.append(f"panel_username {name!r} is another person's, too")
        for what in ("panel_username", "panel_id"):
            before, now = getattr(known, what), getattr(new, what)
            if before and now and before != now:
                problems.append(f"another {what} than in line {known.line}")
        if known is new or problems:
            return problems
        if new.expires_at and (known.expires_at is None or new.expires_at >= known.expires_at):
            known.expires_at = new.expires_at
            known.tier, known.link = new.tier or known.tier, new.link or known.link
        for each in ("username", "first_name", "language", "panel_username", "panel_id"):
            setattr(known, each, getattr(new, each) or getattr(known, each))
        known.tier, known.link = known.tier or new.tier, known.link or new.link
        known.payments |= new.payments
        return []

    def _payment(self, said: Mapping[str, str]) -> OldPayment:
        if missing := [each for each in ("paid_at", "currency") if not _some(said, each)]:
            raise Invalid(f"a payment needs {' and '.join(missing)}, too")
        try:
            at = self._moment(said["paid_at"])
        except Invalid as error:
            raise Invalid(f"paid_at {error}") from None
        if at > self._latest:
            raise Invalid(f"paid_at {said['paid_at']!r:.40} has not come yet")
        money = _money(said.get("amount", ""), said["currency"].upper())
        provider, ref = said.get("provider", "")[:64], _some(said, "external_id")[:200]
        count = _some(said, "months") or "0"
        if not (count.isascii() and count.isdecimal() and len(count) <= 9 and int(count) <= 120):
            raise Invalid(f"months {count!r:.40} is no number from 0 to 120")
        key = f"{provider}:{ref}" if ref else f"{at.isoformat()}:{money.amount}:{money.currency}"
        return OldPayment(key, at, money, provider, ref, int(count))

    def _moment(self, said: str, *, whole_day: bool = False) -> datetime:
        """Seconds since 1970, or ISO; a date alone is until its end where somebody has paid."""
        problem = Invalid(
            f"{said!r:.40} is no moment: write 2026-12-31, 2026-12-31T20:00:00+03:00 or seconds "
            "since 1970"
        )
        if _DATE.match(said) and int(said[:4]) >= months.LAST_YEAR:
            raise Invalid(f"{said!r:.40} is after {months.LAST_YEAR}: for ever is 2199-12-30")
        try:
            if re.fullmatch("[0-9]{9,14}([.][0-9]+)?", said, re.ASCII):
                count = float(said)
                found = datetime.fromtimestamp(
                    count / 1000 if count > _MILLISECONDS else count, UTC
                )
            elif _DATE.fullmatch(said):
                day = date.fromisoformat(said) + timedelta(days=1 if whole_day else 0)
                found = datetime(day.year, day.month, day.day, tzinfo=self._zone)
            elif _DATE.match(said) and _TIME.match(said, 10):
                found = datetime.fromisoformat(said.replace(" UTC", "+00:00"))
                found = found if found.tzinfo else found.replace(tzinfo=self._zone)
            else:
                raise problem
            found = found.astimezone(UTC).replace(microsecond=0)
        except (ValueError, OverflowError, OSError):
            raise problem from None
        if found < _FIRST:
            raise Invalid(f"{said!r:.40} is before 2000")
        if found.year >= months.LAST_YEAR:
            raise problem
        return found


def _some(said: Mapping[str, str], name: str) -> str:
    found = said.get(name, "")
    return "" if found.lower() in _NOTHING else found


def _telegram_id(said: str) -> int | None:
    """As tables write it, too: 7000000001.0; never 7.0E+09, of which the end is lost."""
    plain = re.sub(r"[.,]0+$", "", said)
    if not (plain.isascii() and plain.isdecimal() and len(plain) <= 18):
        return None
    return int(plain) or None


def _money(said: str, currency: str) -> Money:
    plain = re.sub(r"[\s\u00a0\u202f]", "", said).replace(",", ".")
    if not re.fullmatch("[0-9]{1,18}([.][0-9]+)?", plain, re.ASCII):
        raise Invalid(f"amount {said!r:.40} is no amount such as 290 or 290.50")
    decimals = len(plain.partition(".")[2])
    whole = Decimal(plain)
    if decimals != 3 and whole == whole.to_integral_value():  # 290.0000; 1.000 may be a thousand
        plain = str(int(whole))
    try:
        return Money.from_decimal(plain, currency)
    except Invalid as error:
        raise Invalid(f"amount: {error}") from None
