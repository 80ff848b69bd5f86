"""What a file of an older bot may look like, and what is said of one that is wrong."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from kassa.apps.subscriptions.older import file as import_file
from kassa.apps.subscriptions.older.file import File
from kassa.errors import Invalid

MOSCOW = ZoneInfo("Europe/Moscow")


def file(text: str, encoding: str = "utf-8") -> File:
    return import_file.read(text.encode(encoding), zone=MOSCOW, tiers=("standard",))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_whatever_program_has_written_it(encoding: str, separator: str) -> None:
    lines = [["first name", "TG_ID", "expire_at"], ["Фёдор; и, др.", "7000000001", "2027-01-31"]]
    quoted = "\r\n".join(separator.join(f'"{cell}"' for cell in line) for line in lines)
    found = file(f"{quoted}\r\n\r\n", encoding)
    (old,) = found.people.values()
    assert (found.separator, found.wrong, old.first_name) == (separator, [], "Фёдор; и, др.")
    assert (old.telegram_id, old.line) == (7_000_000_001, 2)
    # The whole of that day in Moscow.
    assert old.expires_at == datetime(2027, 1, 31, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2027-01-31T12:00:00+03:00", datetime(2027, 1, 31, 9, tzinfo=UTC)),
        ("2027-01-31 12:00:00.5", datetime(2027, 1, 31, 9, tzinfo=UTC)),
        ("2027-01-31 12:00:00 UTC", datetime(2027, 1, 31, 12, tzinfo=UTC)),
        ("2027-01-31T12:00:00Z", datetime(2027, 1, 31, 12, tzinfo=UTC)),
        ("1800000000", datetime.fromtimestamp(1_800_000_000, UTC)),
        ("1800000000.0", datetime.fromtimestamp(1_800_000_000, UTC)),
        ("1800000000000", datetime.fromtimestamp(1_800_000_000, UTC)),  # JavaScript's
        ("", None),
        ("NULL", None),
        ("0", None),
    ],
)
def test_a_moment_is_understood(said: str, at: datetime | None) -> None:
    found = file(f"telegram_id,expires_at\n1,{said}\n")
    assert (found.wrong, found.people[1].expires_at) == ([], at)


WRONG = [
    ("telegram_id", "", "telegram_id '' is not a person's number"),
    ("telegram_id", "-100500", "telegram_id '-100500' is not"),
    ("telegram_id", "7E+09", "telegram_id '7E+09' is not"),
    ("telegram_id", "٧", "telegram_id '٧' is not"),
    ("expires_at", "20270131", "expires_at '20270131' is no moment: write 2026-12-31"),
    ("expires_at", "31.01.2027", "is no moment"),
    ("expires_at", "2027-02-30", "is no moment"),
    ("expires_at", "9999-12-31", "is after 2200: for ever is 2199-12-30"),
    ("expires_at", "1999-12-31", "is before 2000"),
    ("tier", "gold", "tier 'gold' is none of standard"),
    ("panel_username", "a b", "panel_username 'a b' is none that a panel can have"),
    ("link", "x" * 2001, "link is none"),
    ("amount", "5", "a payment needs paid_at and currency, too"),
    ("first_name", "a,b", "3 cells, and the first line names 2"),
]


@pytest.mark.parametrize(("column", "said", "words"), WRONG)
def test_what_is_wrong_is_told_with_its_line(column: str, said: str, words: str) -> None:
    cells = [said, "x"] if column == "telegram_id" else ["7", said]
    header = [column, "note"] if column == "telegram_id" else ["telegram_id", column]
    found = file(f"{','.join(header)}\n\n{','.join(cells)}\n")
    assert [each.line for each in found.wrong] == [3]
    assert words in found.wrong[0].what
    assert found.people == {}


@pytest.mark.parametrize(
    ("payment", "words"),
    [
        ("2026-01-02,1.000,RUB", "amount: "),  # a thousand, or one
        ("2026-01-02,-5,RUB", "amount '-5' is no amount"),
        ("2026-01-02,,RUB", "amount '' is no amount"),
        ("2026-01-02,5,XXX", "amount: There is no currency 'XXX'."),
        ("2126-01-02,5,RUB", "has not come yet"),
        ("soon,5,RUB", "paid_at 'soon' is no moment"),
    ],
)
def test_a_payment_that_cannot_be_is_told(payment: str, words: str) -> None:
    found = file(f"telegram_id,paid_at,amount,currency\n1,{payment}\n")
    assert words in found.wrong[0].what


def test_several_lines_are_one_person() -> None:
    found = file(
        "telegram_id,expires_at,first_name,panel_username,paid_at,amount,currency\n"
        "1,2027-01-01,А,one,2026-01-02,5.0000,RUB\n"
        "1,2027-03-01,Б,,2026-01-02,5,RUB\n"  # the same payment
        "1,2027-02-01,,,2026-01-03,5,RUB\n"
        "1,,,other,,,\n"
        "2,,,ONE,,,\n"
    )
    assert [(each.line, each.what) for each in found.wrong] == [
        (5, "another panel_username than in line 2"),
        (6, "panel_username 'ONE' is another person's, too"),
    ]
    old = found.people[1]
    assert (old.first_name, old.panel_username, len(old.payments)) == ("Б", "one", 2)
    assert old.expires_at == datetime(2027, 3, 1, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The file is empty"),
        ("id;name\n1;2\n", "one of them must be telegram_id. It has: id, name."),
        ("telegram_id,tg_id\n", "There are several columns telegram_id"),
        ('telegram_id,note\n1,"' + "x" * 200_000 + '"\n', "Line 2 is no CSV"),
    ],
)
def test_what_is_no_such_file_is_told(text: str, words: str) -> None:
    with pytest.raises(Invalid) as told:
        file(text)
    assert words in str(told.value)
