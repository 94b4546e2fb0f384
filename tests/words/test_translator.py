"""Words: which language is spoken, and how it counts, lists and measures."""

from pathlib import Path

import pytest
from babel.support import NullTranslations
from hypothesis import given
from hypothesis import strategies as st

from bot.words import translator
from bot.words.translator import LANGUAGES, N_, NN_, Translator, translator_for

NARROW = "\u202f"
EN, FR = translator_for("en"), translator_for("fr")


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("en-US", "en"),
        ("en-GB", "en"),
        ("fr", "fr"),
        ("fr-CA", "fr"),
        ("FR_ca", "fr"),
        ("de", "en"),
        ("zh-TW", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_a_discord_locale_finds_its_language_or_english(locale: str | None, language: str) -> None:
    assert translator_for(locale).language == language


def test_the_words_of_one_language_are_one_value() -> None:
    assert translator_for("fr-CA") == translator_for("fr") == Translator("fr")
    with pytest.raises(AttributeError):
        FR.language = "en"  # type: ignore[misc]


def test_languages_are_the_catalogues_that_are_there() -> None:
    assert set(LANGUAGES) == {"en", *(path.stem for path in translator.LOCALES.glob("*.po"))}


def test_a_new_catalogue_is_all_a_language_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = '"Content-Type: text/plain; charset=utf-8\\n"\n'
    rule = '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
    entries = 'msgid "OK"\nmsgstr "gut"\n\nmsgid "off"\nmsgstr ""\n\n'
    doubtful = '#, fuzzy\nmsgid "Since"\nmsgstr "?"\n'
    (tmp_path / "de.po").write_text(
        f'msgid ""\nmsgstr ""\n{header}{rule}\n{entries}{doubtful}', "utf-8"
    )
    monkeypatch.setattr(translator, "LOCALES", tmp_path)
    monkeypatch.setitem(translator._CATALOGUES, "de", translator._read("de"))
    german = Translator("de")
    assert german.text("OK") == "gut"
    assert german.text("off") == "off", "an empty translation is English"
    assert german.text("Since") == "Since", "a doubtful one too"
    assert german.number(1234.5) == "1.234,5"


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("es-ES", "es-ES"),
        ("es-419", "en"),
        ("pt-BR", "pt"),
        ("no", "nb"),
        ("zh-TW", "en"),
        ("sv-SE", "sv"),
    ],
)
def test_each_locale_of_discord_finds_its_catalogue(
    locale: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalogue of the whole language serves all its locales, one of a locale that alone."""
    monkeypatch.setattr(translator, "LANGUAGES", ("en", "es-ES", "nb", "pt", "sv"))
    translator._known.cache_clear()
    try:
        assert translator_for(locale).language == language
    finally:
        translator._known.cache_clear()


def test_a_slip_in_a_translation_says_the_sentence_in_english(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Slips(NullTranslations):
        def gettext(self, message: str) -> str:
            return message.replace("{name}", "{nom}")

    monkeypatch.setitem(translator._CATALOGUES, "fr", Slips())
    assert FR.text("{name} is down", name="shop") == "shop is down"


def test_braces_in_a_value_stay_as_they_are() -> None:
    assert EN.text("{name} is down", name="{x}") == "{x} is down"


def test_a_sentence_without_values_is_not_formatted() -> None:
    assert EN.text("100 % {") == "100 % {"


def test_a_name_of_a_command_is_looked_up_in_its_context() -> None:
    assert FR.text("channel", context="command") == "salon"
    assert FR.text("channel") == "channel"
    assert FR.text("nobody", context="command") == "nobody"


def test_plurals_follow_the_language() -> None:
    assert [EN.plural("{n} day", "{n} days", n) for n in (0, 1, 2)] == ["0 days", "1 day", "2 days"]
    french = [FR.plural("{n} day", "{n} days", n) for n in (0, 1, 2)]
    assert french == [f"0{NARROW}jour", f"1{NARROW}jour", f"2{NARROW}jours"]
    assert EN.plural("{n} x", "{n} xs", 1234) == "1,234 xs"


def test_numbers_and_lists_follow_the_language() -> None:
    assert (EN.number(1234567), FR.number(1234567)) == ("1,234,567", f"1{NARROW}234{NARROW}567")
    assert (EN.number(99.5), FR.number(99.5)) == ("99.5", "99,5")
    assert (EN.list(["a", "b", "c"]), FR.list(["a", "b", "c"])) == ("a, b, and c", "a, b et c")
    assert (EN.list(["a"]), EN.list([])) == ("a", "")


def test_a_part_is_rounded_down_so_that_all_and_nothing_are_true() -> None:
    parts = [(1, 1), (9_999_999, 10_000_000), (1, 2), (1, 10_000_000), (0, 1)]
    assert [EN.percent(*one) for one in parts] == ["100%", "99.99%", "50%", "0.01%", "0%"]
    assert FR.percent(9_997, 10_000) == "99,97\u00a0%"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (-3, "0 s"),
        (40, "40 s"),
        (59.4, "59 s"),
        (59.7, "1 min"),
        (720, "12 min"),
        (3_580, "1 h"),
        (7_500, "2 h 5 min"),
        (86_399, "1 day"),
        (90_000, "1 day 1 h"),
        (259_200, "3 days"),
        (604_799, "7 days"),
        (8.4 * 86_400, "8 days"),
    ],
)
def test_a_length_of_time_has_at_most_two_units(seconds: float, said: str) -> None:
    assert EN.duration(seconds) == said


def test_french_lengths_of_time_do_not_break_before_the_unit() -> None:
    assert FR.duration(40) == f"40{NARROW}s"
    assert FR.duration(7_500) == f"2{NARROW}h 5{NARROW}min"
    assert FR.duration(259_200) == f"3{NARROW}jours"


@given(st.floats(0, 1e9))
def test_a_said_length_of_time_is_close_to_the_real_one(seconds: float) -> None:
    scale = {"s": 1, "min": 60, "h": 3_600, "day": 86_400, "days": 86_400}
    words = EN.duration(seconds).replace(",", "").split()
    said = sum(int(n) * scale[unit] for n, unit in zip(words[::2], words[1::2], strict=True))
    assert len(words) <= 4
    assert abs(said - seconds) <= max(0.5, seconds / 14 if seconds > 86_400 else seconds / 2)


def test_markers_give_back_what_they_mark() -> None:
    assert N_("x") == "x"
    assert NN_("x", "xs") == ("x", "xs")
