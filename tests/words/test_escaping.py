"""Foreign text pings nobody, links nowhere and breaks nothing; ordinary names stay as they are."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.words.escaping import clip, code, host, markdown, plain, units

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
# How Discord's clients read marks, after escapes are taken out: none of these may be left.
LIVE = re.compile(
    r"""[*`<@\\] | \|\| | ~~ | \]\( | :// | :[\w+-]+: | __.+?__ | _[^_]+_(?![A-Za-z0-9_])
    | ^(?:>|\#{1,3}\s|-\#?\s|\+\s|\d+\.\s)""",
    re.VERBOSE | re.ASCII,
)
ESCAPE = re.compile(r"\\([^0-9A-Za-z\s])")
NASTY = st.text(
    st.sampled_from("aB1é_*~|`<>@&!:/[]()#-+.\\ \n\u202e\u200b\u0301\ufe0f\u3164🔴"), max_size=40
)


@pytest.mark.parametrize(
    "name",
    [
        "shop",
        "Shop API",
        "127.0.0.1:8081",
        "[::1]:8081",
        "immigration-canada",
        "example.com",
        "my-site",
        "my_site_2",
        "[prod] API (eu)",
        "A | B",
        "Café #1",
        "50 % + 1",
        "v1.2",
        "R&D: wiki",
        "北京",
    ],
)
def test_ordinary_names_come_out_as_they_are(name: str) -> None:
    assert markdown(name, 80) == name


@pytest.mark.parametrize(
    ("nasty", "shown"),
    [
        ("@everyone", r"\@everyone"),
        ("<@&1>", r"\<\@&1>"),
        ("<t:1>", r"\<t:1>"),
        ("</cmd:1>", r"\</cmd:1>"),
        ("<id:guide>", r"\<id:guide>"),
        ("[a](http://b)", r"[a]\(http\://b)"),
        ("https://evil.example", r"https\://evil.example"),
        ("||a||", r"\|\|a\|\|"),
        ("**a**", r"\*\*a\*\*"),
        ("__a__", r"\_\_a\_\_"),
        ("x__a__y", r"x\_\_a\_\_y"),
        ("_a_", r"\_a\_"),
        ("_a_é", r"\_a\_é"),
        ("~~a~~", r"\~\~a\~\~"),
        ("`a`", r"\`a\`"),
        (":smile:", r"\:smile:"),
        ("# a", r"\# a"),
        ("-# a", r"\-# a"),
        ("- a", r"\- a"),
        (">>> a", r"\>>> a"),
        ("2024. a", r"2024\. a"),
        ("\\*", r"\\\*"),
    ],
)
def test_marks_are_made_literal(nasty: str, shown: str) -> None:
    assert markdown(nasty, 80) == shown


@given(NASTY | st.text(max_size=40), st.integers(1, 60))
@example("x_foo_bar", 7)
@example("ab:c:d", 5)
@example("a" * 9 + "*", 10)
def test_no_mark_survives_and_no_escape_is_cut(text: str, limit: int) -> None:
    shown = markdown(text, limit)
    assert units(shown) <= limit
    assert (len(shown) - len(shown.rstrip("\\"))) % 2 == 0
    assert not LIVE.search(ESCAPE.sub("¤", shown)), shown


@given(NASTY | st.text(max_size=40))
def test_an_escaped_text_reads_like_the_plain_one(text: str) -> None:
    assert ESCAPE.sub(r"\1", markdown(text, 500)) == plain(text, 500)


@given(NASTY | st.text(max_size=60), st.integers(1, 60))
def test_plain_text_is_one_visible_line(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert len(shown) <= limit
    assert shown == shown.strip()
    assert "  " not in shown
    assert not {unicodedata.category(c) for c in shown} & HIDDEN
    assert not re.search("[\ufe00-\ufe0f\u3164\u115f\u2800]", shown)
    assert plain(shown, limit) == shown
    assert unicodedata.is_normalized("NFC", shown)


def test_what_is_not_to_be_seen_is_dropped() -> None:
    assert plain("a\u202eb\u200bc\u2066d\ufeffe\x00f\x1b[0m\U000e0041", 80) == "abcdef[0m"
    assert plain("a\u2028b\n\tc\u00a0 d", 80) == "a b c d"
    assert plain("e\u0301", 80) == "é"


def test_a_cut_text_ends_with_an_ellipsis_and_whole_characters() -> None:
    assert plain("abcdef", 6) == "abcdef"
    assert plain("abcdefg", 6) == "abcde…"
    assert plain("abc defg", 5) == "abc…"
    assert plain("abq\u0323\u0307cdef", 5) == "ab…"


def test_our_own_text_is_never_cut_inside_an_escape() -> None:
    assert clip(r"ab\*cd", 6) == r"ab\*cd"
    assert clip(r"ab\*cd", 5) == r"ab\*…"
    assert clip(r"ab\*cd", 4) == "ab…"


def test_an_emoji_counts_twice_as_discord_counts_it() -> None:
    ships = "\U0001f6a2" * 10
    assert units(ships) == 20
    assert clip(ships, 20) == ships
    assert clip(ships, 19) == ships[:9] + "…"
    assert clip(ships, 18) == ships[:8] + "…"
    assert markdown(ships, 20) == ships
    assert markdown(f"*{ships}", 20) == r"\*" + ships[:8] + "…"
    assert code(ships, 22) == f"`{ships}`"
    assert code(ships, 21) == f"`{ships[:8]}…`"


def test_inline_code_holds_no_tick_and_keeps_its_limit() -> None:
    assert code("a`b", 20) == "`ab`"
    assert code("```", 20) == "`?`"
    assert code("a" * 30, 10) == "`aaaaaaa…`"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://example.com/a?b", "example.com"),
        ("https://user:word@example.com:8080/", "example.com:8080"),
        ("https://xn--bcher-kva.example/", "bücher.example (xn--bcher-kva.example)"),
        ("https://bücher.example:8080/", "bücher.example:8080 (xn--bcher-kva.example:8080)"),
        ("https://xn--fa-hia.de/", "xn--fa-hia.de"),
        ("tcp://[::1]:25", "[::1]:25"),
        ("dns://example.com", "example.com"),
        ("https://[oops", "?"),
    ],
)
def test_a_host_that_is_not_ascii_has_its_true_form_beside(address: str, shown: str) -> None:
    assert host(address) == shown


@given(st.text(max_size=60))
def test_no_address_is_too_odd_to_be_shown(text: str) -> None:
    for shown in (host(f"https://{text}"), host(text)):
        assert not {unicodedata.category(c) for c in shown} & HIDDEN
