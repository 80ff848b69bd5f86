"""What Telegram finds in a text by itself."""

import pytest

from tgsandbox.telegram.text.entities import parse

FOUND = [
    ("/start /start@shop_bot /a@b x/y /a/b </a>", {"bot_command": "/start /start@shop_bot"}),
    ("@name, @gif @abc no@name @ab@cde", {"mention": "@name @gif"}),
    ("(@" + "n" * 32 + ") @" + "n" * 33, {"mention": "@" + "n" * 32}),
    ("#tag #тег #123 #1a #a#b а#c #x@chat", {"hashtag": "#tag #тег #1a #x@chat"}),
    ("#" + "a" * 300, {"hashtag": "#" + "a" * 256}),
    ("$USD, $TON@chat $usd $$A $A1 $ABCDEFGHI $1INCH", {"cashtag": "$USD $TON@chat $1INCH"}),
    ("me@example.com. mailto:a_b@d-e.org", {"email": "me@example.com a_b@d-e.org"}),
    ("a@b a@b.c @abc.com a@@b.com", {}),
    ("call +1-212-555-0123 or +7 (999) 123-45-67!", {"phone_number": None}),
    ("1+1234567 12-345-678", {}),
    ("telegram.org, (t.me/x) «example.com»", {"url": "telegram.org t.me/x example.com"}),
    ("http://a.bc/?q=(1)&x=[y]. https://x.y/)", {"url": "http://a.bc/?q=(1)&x=[y]"}),
    ("почта.рф ТеСт.МоСкВа www.🤙.tk:1/я", {"url": "почта.рф ТеСт.МоСкВа www.🤙.tk:1/я"}),
    ("end.Next x.Org X.ORG file.txt 1.5 a..b v1.2.3", {"url": "X.ORG"}),
    ("127.0.0.1 127.0.0.256 http://1.2", {"url": "127.0.0.1"}),
    ("http://u:p@x.com:8080 x.com:70000/a", {"url": "http://u:p@x.com:8080 x.com"}),
    ("ftp://x.com sftp://x.com http://@x.com", {"url": "ftp://x.com"}),
    ("http://a-.com http://a_.com http://a_.b.com", {"url": "http://a_.b.com"}),
    ("tg://resolve?domain=x. TON://a tg:x tg://", {"url": "tg://resolve?domain=x TON://a"}),
    ("http://xn--80afpi2a3c.xn--p1ai/ x.xn--", {"url": "http://xn--80afpi2a3c.xn--p1ai/"}),
    ("http://x.com/(a))b https://x.com/a(b]c", {"url": "http://x.com/(a) https://x.com/a(b"}),
    ("(see x.com/a,) яhttp://x.com", {"url": "x.com/a http://x.com"}),
    ("http://x.y-z http://x.c_d http://x.y http://x. com", {}),
    ("https://t.me/abc… https://t.…", {"url": "https://t.me/abc"}),
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_found(text: str, expected: dict[str, str | None]) -> None:
    encoded = parse(text, None)[0].encode("utf-16-le")
    told: dict[str, list[str]] = {}
    for entity in parse(text, None)[1]:
        piece = encoded[2 * entity.offset : 2 * entity.end].decode("utf-16-le")
        told.setdefault(entity.type, []).append(piece)
    if "phone_number" in expected:
        assert told == {"phone_number": ["+1-212-555-0123", "+7 (999) 123-45-67"]}
    else:
        assert told == {kind: pieces.split() for kind, pieces in expected.items() if pieces}


def spans(text: str, mode: str) -> list[tuple[str, int, int]]:
    return [(each.type, each.offset, each.length) for each in parse(text, mode)[1]]


def test_nothing_is_found_in_code_and_links() -> None:
    for tag in ("code", "pre", "a href='t.me'", "tg-emoji emoji-id='1'", "tg-time unix='5'"):
        kinds = [kind for kind, _, _ in spans(f"<{tag}>@name x.com</>", "HTML")]
        assert len(kinds) == 1
    assert spans("<code>@na</code>me", "HTML") == [("code", 0, 3)]


def test_found_in_styles_and_quotes() -> None:
    assert spans("<i>a x.com</i>", "HTML") == [("italic", 0, 2), ("url", 2, 5), ("italic", 2, 5)]
    assert spans("<blockquote>x.com</blockquote>", "HTML") == [("blockquote", 0, 5), ("url", 0, 5)]
    assert spans("<blockquote>x.</blockquote>com", "HTML") == [("blockquote", 0, 2)]
    assert spans("👍 *@name*", "MarkdownV2") == [("mention", 3, 5), ("bold", 3, 5)]
