"""Texts as browsers read them, and looked for as people read them."""

import asyncio
import encodings
import time

import pytest

from bot.engine.page_text import decoded, folded, holds

TEXT = "café 日本"


def page(head: str, text: str, charset: str) -> bytes:
    return f"<html><head>{head}</head><body>{text}</body></html>".encode(charset)


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/html; charset=utf-8", "é".encode(), "é"),
        ("text/html", "é".encode(), "é"),
        ("text/html", b"caf\xe9", "café"),
        ("", b"\xef\xbb\xbf\xc3\xa9", "é"),
        ("text/html; charset=iso-8859-1", b"\xef\xbb\xbf\xc3\xa9", "é"),
        ("", "é".encode("utf-16"), "é"),
        ("", b"\xfe\xff\x00\xe9", "é"),
        ("text/html; charset=utf-16", b"\xe9\x00", "é"),
        ("text/html; charset=ISO-8859-1", b"\x80 \x93", "€ “"),
        ("text/html; charset=us-ascii", b"\x80", "€"),
        ('text/html; charset="Windows-1252"', b"\x80", "€"),
        ("text/html; charset='koi8-u'", b"\xb6", "І"),
        ("text/html;charset=x-cp1251;x=y", b"\xef", "п"),
        ("text/html; CHARSET = windows-874", b"\xa1", "ก"),
        ("text/html; charset=tis-620", b"\xa1", "ก"),
        ("text/html; charset=gb2312", "㐀朱镕基".encode("gb18030"), "㐀朱镕基"),
        ("text/html; charset=gbk", "镕€".encode("gb18030"), "镕€"),
        ("text/html; charset=x-sjis", "①髙".encode("cp932"), "①髙"),
        ("text/html; charset=shift_jis", "～".encode("cp932"), "～"),
        ("text/html; charset=euc-kr", "똠".encode("cp949"), "똠"),
        ("text/html; charset=big5", "中".encode("big5"), "中"),
        ("text/html; charset=iso-8859-9", b"\xfd", "ı"),
        ("text/html; charset=macintosh", b"\x8e", "é"),
        ("text/html; charset=x-user-defined", b"a\xe9", "a\uf7e9"),
        ("text/html; charset=iso-2022-kr", b"abc", "\ufffd"),
        ("text/html; charset=no-such", "é".encode(), "é"),
        ("text/html; charset=punycode", "é".encode(), "é"),
        ("text/html; charset=idna", "é".encode(), "é"),
        ("text/html; charset=hex", b"6162", "6162"),
        ("text/html; charset=utf-7", b"+AGg-", "+AGg-"),
        ("text/html; charset=\xe9", b"abc", "abc"),
        ("text/html; charset=", "é".encode(), "é"),
        ("text/html; x=" + ';"' * 600 + "; charset=koi8-r", "é".encode(), "é"),
        # Named by the page itself.
        ("text/html", page('<meta charset="windows-1252">', "café", "cp1252"), "café"),
        ("text/html", page("<META CHARSET=gb2312>", "镕", "gb18030"), "镕"),
        ("", page("<meta\ncharset = 'shift_jis' />", "日本", "cp932"), "日本"),
        (
            "text/html",
            page(
                '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
                "привет",
                "cp1251",
            ),
            "привет",
        ),
        (
            "text/html",
            page("<!-- <meta charset=utf-8> --><meta charset=koi8-r>", "п", "koi8-r"),
            "п",
        ),
        ("text/html", page("<title>x</title>" * 300 + "<meta charset=koi8-r>", "п", "koi8-r"), "п"),
        (
            "text/html",
            page(
                '<meta name=description content="charset=koi8-r"><meta charset=utf-8>', "é", "utf-8"
            ),
            "é",
        ),
        (
            "text/html",
            page(
                '<meta content="text/html; charset=gb2312" http-equiv=Content-Type>',
                "镕",
                "gb18030",
            ),
            "镕",
        ),
        (
            "text/html",
            page('<script>"<meta charset=koi8-r>"</script><meta charset=utf-8>', "é", "utf-8"),
            "é",
        ),
        ("text/html", page("<meta charset=nonsense><meta charset=koi8-r>", "п", "koi8-r"), "п"),
        ("text/html", page("<meta charset=x-user-defined>", "é", "cp1252"), "é"),
        ("text/html", page("<meta charset=utf-16>", "é", "utf-8"), "é"),
        ("text/html", page("<metadata charset=koi8-r>", "é", "utf-8"), "é"),
        ("text/plain", page("<meta charset=koi8-r>", "é", "utf-8"), "é"),
        ("text/xml", b'<?xml version="1.0" encoding="iso-8859-2"?><a>\xf8</a>', "ř"),
        ("text/html", b"<?xml version='1.0' encoding='iso-8859-2'?><a>\xf8</a>", "ř"),
        ("application/xhtml+xml; charset=utf-8", '<?xml encoding="koi8-r"?>é'.encode(), "é"),
    ],
)
def test_a_charset_is_found_where_browsers_look(kind: str, body: bytes, text: str) -> None:
    assert text in decoded(body, kind)


def test_a_letter_cut_by_the_limit_spoils_nothing() -> None:
    assert decoded("é".encode() * 9 + b"\xc3") == "é" * 9


def test_python_is_asked_for_known_charsets_alone() -> None:
    """It keeps every name it was asked for in vain, for ever."""
    remembered = len(encodings._cache)
    for name in ("nobody-knows", "a.b/../c", "\u0441\u04401251", "x" * 40, "ms-kanji-x"):
        decoded(b"<meta charset=%s>" % name.encode(), f"text/html; charset={name}")
    assert len(encodings._cache) == remembered


@pytest.mark.parametrize(
    ("text", "wanted", "kind"),
    [
        ("caf&eacute; &amp; bar", "café & bar", "text/html"),
        ("caf&eacute;", "caf&eacute;", "text/html"),
        ("it&#39;s &#x201c;fine&#x201d;", "it's “fine”", "text/html"),
        ("a&nbsp;b", "a b", "text/html"),
        ("a\u00a0b", "a b", "text/plain"),
        ("a b", "a\u00a0b", "text/plain"),
        ("all\r\n   systems\twork", "all systems work", "text/html"),
        ("all systems", "  all\nsystems ", "text/html"),
        ("cafe\u0301", "café", "text/html"),
        ("café", "cafe\u0301", "text/html"),
        ("\u1100\u1161\u11a8", "각", "text/html"),
        ('{"a": "caf\\u00e9"}', "café", "application/json"),
        ('{"a": "\\ud83d\\ude00"}', "😀", "application/json"),
        ('{"a": "x\\/y \\"z\\""}', 'x/y "z"', "application/problem+json; charset=utf-8"),
        ('[{"a": "caf\\u00e9"}]', "café", ""),
        ('{"a": "caf\\u00e9"}', "caf\\u00e9", "application/json"),
        ('{"a": "one\\ntwo"}', "one two", "application/json"),
        ("&" * 40_000 + "caf&eacute;", "café", "text/html"),
        ("&#" + "9" * 9_000 + "; caf&eacute;", "café", "text/html"),
        ("\\u0041" * 40_000 + "caf\\u00e9", "café", "text/json"),
        ("x" * 255 + "e\u0301", "xé", "text/html"),
    ],
)
def test_a_text_is_found_as_people_read_it(text: str, wanted: str, kind: str) -> None:
    assert asyncio.run(holds(text, wanted, kind))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("Systems", "systems"), ("cafe", "café"), ("a-b", "a b"), ("", "a"), ("&eacut", "é")],
)
def test_what_differs_is_not_found(text: str, wanted: str) -> None:
    assert not asyncio.run(holds(text, wanted, "text/html"))


@pytest.mark.parametrize(
    "text",
    [
        "\u0300\u0316" * 131_072,
        "e" + "\u0301" * 262_143,
        "\u1161" * 262_144,
        "&" * 262_144,
        "&lt" * 87_000,
        "&aa" * 87_000,
        "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * 7_700,
        "&#" + "9" * 262_000,
        "&#x" + "9" * 262_000,
        "&#99999999" * 26_000,
        " \n" * 131_072,
        "\u00a0" * 262_144,
        "{" + "\\n" * 131_072,
        "{" + "\\na" * 87_000,
        "{" + "\\u00e9" * 43_000,
        "{" + "\\" * 262_144,
    ],
    ids=range(16),
)
def test_no_text_holds_the_loop(text: str) -> None:
    async def scenario() -> float:
        longest = 0.0
        before = time.thread_time()

        async def beat() -> None:
            nonlocal longest, before
            while True:
                now = time.thread_time()
                longest, before = max(longest, now - before), now
                await asyncio.sleep(0)

        beating = asyncio.ensure_future(beat())
        await asyncio.sleep(0)
        assert not await holds(text, "ñever there", "")
        await asyncio.sleep(0)
        beating.cancel()
        return longest

    asyncio.run(scenario())
    assert min(asyncio.run(scenario()) for _ in range(3)) < 0.05


@pytest.mark.parametrize(
    "body",
    [
        b"<meta " * 2_700,
        b"<meta charset" * 1_300,
        b"<meta " + b"charset = " * 1_600,
        b"<!--" * 4_096,
        b"<?xml" + b" " * 16_384,
        b" " * 16_384 + b"<?xml",
        b"<meta" + b" " * 16_384,
        (b"<meta " + b"a=" * 500 + b">") * 16,
        (b"<meta " + b"a" * 1_000 + b">") * 16,
        (b"<meta " + b"a " * 500 + b">") * 16,
        b"<meta >" * 2_300,
        b"<script" * 2_300,
    ],
)
def test_no_page_makes_the_search_for_its_charset_slow(body: bytes) -> None:
    def took_s() -> float:
        began = time.thread_time()
        decoded(body, "text/html")
        return time.thread_time() - began

    assert min(took_s() for _ in range(3)) < 0.05


def test_blanks_at_the_ends_are_no_part_of_a_text() -> None:
    assert asyncio.run(folded(" a \n\u00a0b ")) == "a b"
