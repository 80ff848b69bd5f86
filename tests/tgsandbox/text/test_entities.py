"""Markup in, text and entities out, as Telegram's own server does it."""

import html

import pytest

from tests.tgsandbox.text.telling import told
from tgsandbox.telegram.text.entities import Entity, ParseError, parse

Case = tuple[str, str, list[str]]


def refused(text: str, mode: str | None) -> str:
    with pytest.raises(ParseError) as caught:
        parse(text, mode)
    return caught.value.description.removeprefix("can't parse entities: ")


HTML: list[Case] = [
    ("plain", "plain", []),
    ("<b>b</b><strong>s</strong>", "bs", ["bold 0+2"]),
    ("<i>i</i> <em>e</em>", "i e", ["italic 0+1", "italic 2+1"]),
    ("<u>u</u> <ins>n</ins>", "u n", ["underline 0+1", "underline 2+1"]),
    ("<s>s</s><strike>t</strike><del>d</del>", "std", ["strikethrough 0+3"]),
    ("<tg-spoiler>t</tg-spoiler>", "t", ["spoiler 0+1"]),
    ("<span class='tg-spoiler'>t</span>", "t", ["spoiler 0+1"]),
    ("<B>b</B>", "b", ["bold 0+1"]),
    ("<i>a</>", "a", ["italic 0+1"]),
    ("<b></b>a", "a", []),
    ("<b>🏟 🏟</b> &lt;<u>я</u>", "🏟 🏟 <я", ["bold 0+5", "underline 7+1"]),
    ("<i>a<b>b</b>c</i>", "abc", ["italic 0+1", "italic 1+2", "bold 1+1"]),
    ("<b x='>' y = z.1 w>b</b>", "b", ["bold 0+1"]),
    ('<a href="t.me/x?a=1&amp;b=2">l</a>', "l", ["text_link 0+1 http://t.me/x?a=1&b=2"]),
    ("<a href='HTTPS://EXAMPLE.com'>l</a>", "l", ["text_link 0+1 https://example.com/"]),
    ("<a href=telegram.org>l</a>", "l", ["text_link 0+1 http://telegram.org/"]),
    ("<a>telegram.org/x</a>", "telegram.org/x", ["text_link 0+14 http://telegram.org/x"]),
    ("<a href='nowhere'>l</a>", "l", []),
    ("<a href='ftp://example.com'>l</a>", "l", []),
    ("<a href='tg://user?id=42'>l</a>", "l", ["text_mention 0+1 {'id': 42}"]),
    ("<a href='tg:resolve?domain=x'>l</a>", "l", ["text_link 0+1 tg://resolve?domain=x"]),
    ("<code>c</code> <pre>p</pre>", "c p", ["code 0+1", "pre 2+1"]),
    ("<pre><code class='language-python'>p</code></pre>", "p", ["pre 0+1 python"]),
    ("<code class='language-go'><pre>p</pre></code>", "p", ["pre 0+1 go"]),
    ("<code class='language-go'>p</code>", "p", ["code 0+1"]),
    ("<pre><code>p</code></pre>", "p", ["pre 0+1"]),
    ("<pre><b>p</b></pre>", "p", ["pre 0+1"]),
    ("<b>a<code>c</code>b</b>", "acb", ["bold 0+1", "code 1+1", "bold 2+1"]),
    ("<blockquote>q <b>b</b></blockquote>", "q b", ["blockquote 0+3", "bold 2+1"]),
    ("<blockquote expandable>q</blockquote>", "q", ["expandable_blockquote 0+1"]),
    ("<tg-emoji emoji-id='537'>👍</tg-emoji>", "👍", ["custom_emoji 0+2 537"]),
    ("<tg-time unix=1647531900 format=wDT>d</tg-time>", "d", ["date_time 0+1 1647531900 wdt"]),
    ("<tg-time unix='1647531900' format='wDT'>d</tg-time>", "d", ["date_time 0+1 1647531900 wDT"]),
    ("<tg-time unix='0'>d</tg-time>", "d", []),
    ("&lt;&gt;&amp;&quot;&#39;&#x1F44D;&lt", "<>&\"'👍<", []),
    ("&nbsp; &Lt; &#0; &#12345678; & a", "&nbsp; &Lt; &#0; &#12345678; & a", []),
]

V2: list[Case] = [
    ("*b* _i_ __u__", "b i u", ["bold 0+1", "italic 2+1", "underline 4+1"]),
    ("~s~ ||p||", "s p", ["strikethrough 0+1", "spoiler 2+1"]),
    ("`c` ```p```", "c p", ["code 0+1", "pre 2+1"]),
    ("```python\nx = 1\n```", "x = 1", ["pre 0+5 python"]),
    ("```\nx```", "x", ["pre 0+1"]),
    ("`a\\`b`", "a`b", ["code 0+3"]),
    (r"1\.5 \*not\* \\", r"1.5 *not* " + "\\", []),
    ("_a__b___", "ab", ["italic 0+1", "italic 1+1", "underline 1+1"]),
    ("__a_b_**__", "ab", ["underline 0+1", "italic 1+1", "underline 1+1"]),
    ("*🏟 я*", "🏟 я", ["bold 0+4"]),
    ("[l](http://t.me/\\)x)", "l", ["text_link 0+1 http://t.me/)x"]),
    ("[t\\.me]", "t.me", ["text_link 0+4 http://t.me/"]),
    ("[](t.me)a", "a", []),
    ("[n](tg://user?id=7)", "n", ["text_mention 0+1 {'id': 7}"]),
    ("![👍](tg://emoji?id=5368)", "👍", ["custom_emoji 0+2 5368"]),
    ("![now](tg://time?unix=5&format=r)", "now", ["date_time 0+3 5 r"]),
    (">q\n>r\nx", "q\nr\nx", ["blockquote 0+4"]),
    ("a\n>q", "a\nq", ["blockquote 2+1"]),
    (">q\n**>r", "q\nr", ["blockquote 0+2", "blockquote 2+1"]),
    (">q\n>r||\nx", "q\nr\nx", ["expandable_blockquote 0+4"]),
    (">q||", "q", ["expandable_blockquote 0+1"]),
    (">*b*\n>_i_", "b\ni", ["blockquote 0+3", "bold 0+1", "italic 2+1"]),
    ("*a [l](t.me)*", "a l", ["bold 0+2", "text_link 2+1 http://t.me/", "bold 2+1"]),
]

MARKDOWN: list[Case] = [
    ("*b* _i_ `c`", "b i c", ["bold 0+1", "italic 2+1", "code 4+1"]),
    ("```py\nx```", "x", ["pre 0+1 py"]),
    ("```x```", "x", ["pre 0+1"]),
    (r"\*a\_b\[c\`", "*a_b[c`", []),
    ("a.b! (c) ~d~ __", "a.b! (c) ~d~", []),
    ("[l](t.me/x)", "l", ["text_link 0+1 http://t.me/x"]),
    ("[n](tg://user?id=7)", "n", ["text_mention 0+1 {'id': 7}"]),
    ("*a _b*", "a _b", ["bold 0+4"]),
    ("*🏟* я *я*", "🏟 я я", ["bold 0+2", "bold 5+1"]),
]


@pytest.mark.parametrize(
    ("mode", "markup", "text", "entities"),
    [
        *(("HTML", *case) for case in HTML),
        *(("MarkdownV2", *case) for case in V2),
        *(("Markdown", *case) for case in MARKDOWN),
    ],
)
def test_markup(mode: str, markup: str, text: str, entities: list[str]) -> None:
    for written in (mode, mode.upper(), mode.lower()):
        written_text, found = parse(markup, written)
        assert (written_text, told(found)) == (text, entities)


RESERVED = "is reserved and must be escaped with the preceding '\\'"
SURROGATES = (
    "Text contains invalid Unicode characters after decoding HTML entities, "
    "check for unmatched surrogate code units"
)
WRONG = [
    ("HTML", "<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
    ("HTML", "<x>a</x>", 'Unsupported start tag "x" at byte offset 0'),
    ("HTML", "ж🏟<X y>", 'Unsupported start tag "x" at byte offset 6'),
    ("HTML", "ж <b", "Unclosed start tag at byte offset 3"),
    ("HTML", "1 < 2 >", 'Unsupported start tag "" at byte offset 2'),
    ("HTML", "<b ", 'Empty attribute name in the tag "b" at byte offset 0'),
    ("HTML", "<b/>", 'Unsupported start tag "b/" at byte offset 0'),
    ("HTML", "<b =c>", 'Empty attribute name in the tag "b" at byte offset 0'),
    ("HTML", "<b c", 'Unclosed start tag "b" at byte offset 0'),
    ("HTML", "<b c = ", 'Unclosed start tag "b" at byte offset 0'),
    ("HTML", "<b c='d", "Unclosed start tag at byte offset 0"),
    ("HTML", "<b c=d", "Unclosed start tag at byte offset 0"),
    ("HTML", "<a href=http://t.me>l</a>", "Unexpected end of name token at byte offset 8"),
    ("HTML", "я</b>", "Unexpected end tag at byte offset 2"),
    ("HTML", "<b>я</b", "Unclosed end tag at byte offset 5"),
    (
        "HTML",
        "<b>я</i>",
        'Unmatched end tag at byte offset 5, expected "</b>", found "</i>"',
    ),
    ("HTML", "я<span>", 'Tag "span" must have class "tg-spoiler" at byte offset 2'),
    ("HTML", "<tg-emoji>x</tg-emoji>", "Invalid custom emoji identifier specified"),
    ("HTML", "<tg-time unix='1' format='y'>x</tg-time>", "Invalid date format used"),
    ("HTML", "a\0", "Text must not contain null bytes"),
    ("HTML", "&#xD83D;", SURROGATES),
    ("HTML", "<a href='t.me/&#xDE00;'>l</a>", SURROGATES),
    *(("MarkdownV2", f"я{char}", f"Character '{char}' {RESERVED}") for char in "]()>#+-=|{}.!"),
    ("MarkdownV2", "я*b", "Can't find end of Bold entity at byte offset 2"),
    ("MarkdownV2", "_i", "Can't find end of Italic entity at byte offset 0"),
    ("MarkdownV2", "__u_", "Can't find end of Italic entity at byte offset 3"),
    ("MarkdownV2", "~s", "Can't find end of Strikethrough entity at byte offset 0"),
    ("MarkdownV2", "||s", "Can't find end of Spoiler entity at byte offset 0"),
    ("MarkdownV2", "`c", "Can't find end of Code entity at byte offset 0"),
    ("MarkdownV2", "```c", "Can't find end of Pre entity at byte offset 0"),
    ("MarkdownV2", "```c ", "Can't find end of PreCode entity at byte offset 0"),
    ("MarkdownV2", "[l", "Can't find end of TextUrl entity at byte offset 0"),
    ("MarkdownV2", "![l", "Can't find end of CustomEmoji entity at byte offset 0"),
    ("MarkdownV2", "*[l](t.me", "Can't find end of a URL at byte offset 5"),
    ("MarkdownV2", "![l]", "The entity must contain a tg://emoji or tg://time URL"),
    ("MarkdownV2", "![l](t.me)", "Invalid tg://emoji or tg://time URL specified"),
    ("MarkdownV2", "![l](tg://emoji?id=05)", "Invalid tg://emoji or tg://time URL specified"),
    ("MarkdownV2", "![l](tg://time?unix=-1)", "Invalid tg://emoji or tg://time URL specified"),
    ("MarkdownV2", ">*b\na*", "Can't find end of Bold entity at byte offset 1"),
    ("MarkdownV2", ">a||b\nc||", "Can't find end of Spoiler entity at byte offset 2"),
    ("Markdown", "я *b", "Can't find end of the entity starting at byte offset 3"),
    ("Markdown", "snake_case", "Can't find end of the entity starting at byte offset 5"),
    ("Markdown", "```x``", "Can't find end of the entity starting at byte offset 0"),
    ("Markdown", "[l", "Can't find end of the entity starting at byte offset 0"),
    ("BBCode", "a", "unsupported parse_mode"),
    (None, "\ud83d", "strings must be encoded in UTF-8"),
    (None, "я" * 16385, "text is too long"),
]


@pytest.mark.parametrize(("mode", "markup", "reason"), WRONG)
def test_refusals(mode: str | None, markup: str, reason: str) -> None:
    assert refused(markup, mode) == reason


def test_only_wrong_markup_is_said_to_be_unparsable() -> None:
    with pytest.raises(ParseError, match=r"^can't parse entities: Can't find end of Bold"):
        parse("*a", "MarkdownV2")
    with pytest.raises(ParseError, match=r"^unsupported parse_mode$"):
        parse("*a", "MarkdownV3")
    assert parse("", "MarkdownV3") == ("", [])


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  a\n b \n", "a\n b"),
        ("a\r\n\0b\tc\x1f\x7f", "a\n b c \x7f"),
        ("a\u2028b\u202ec\u0333", "abc"),
        ("\u200f\u200e\u200fa", "\u200c\u200c\u200fa"),
        (" \n\t\r ", ""),
        ("\u200b \u2800\u3164\ufeff".replace("\u3164", ""), ""),
        ("", ""),
    ],
)
def test_cleaning(text: str, cleaned: str) -> None:
    assert parse(text, None) == (cleaned, [])
    assert parse(html.escape(text.replace("\0", " ")), "html") == (cleaned, [])


def test_entities_follow_what_is_cleaned() -> None:
    # The space before the bold stays outside and goes; the one inside it stays.
    assert parse("  <b> a\r\nb </b> ", "HTML") == (
        " a\nb",
        [Entity(type="bold", offset=0, length=4)],
    )
    assert parse("  <b> </b> ", "HTML") == ("", [])
    assert told(parse("a<b>\r</b><i>b </i>", "HTML")[1]) == ["italic 1+1"]


def test_a_hundred_entities_and_no_more() -> None:
    text, entities = parse("<b>a</b> " * 99 + "<i>b</i> <u>c</u> @name", "HTML")
    assert [each.type for each in entities] == ["bold"] * 99 + ["italic", "mention"]
    assert text.endswith("a b c @name")
