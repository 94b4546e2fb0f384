"""Every catalogue holds every sentence of the code, whole, and nothing else."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from bot.words.translator import LANGUAGES, LOCALES, SOURCE
from tests.words.sentences import OTHER_STATUSES, STATUSES, Sentences, spoken

NARROW = "\u202f"
# What Discord allows for names of commands and options, and for their descriptions.
NAME = re.compile(r"[-_'\w]{1,32}")
TRANSLATED = [language for language in LANGUAGES if language != SOURCE]


@pytest.fixture(scope="module")
def sentences() -> Sentences:
    return spoken()


def catalogue(language: str) -> Catalog:
    with (LOCALES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language.replace("-", "_"), abort_invalid=True)


def messages(language: str) -> Iterator[Message]:
    return (message for message in catalogue(language) if message.id)


def forms(text: str | list[str] | tuple[str, ...] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or ())


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def entry(context: str | None, *ids: str) -> str:
    """What is to be pasted into the catalogue."""
    head = f'msgctxt "{context}"\n' if context else ""
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in ids]
    if len(quoted) == 1:
        return f'{head}msgid "{quoted[0]}"\nmsgstr ""\n'
    return f'{head}msgid "{quoted[0]}"\nmsgid_plural "{quoted[1]}"\nmsgstr[0] ""\nmsgstr[1] ""\n'


def test_the_code_speaks_only_sentences_that_can_be_translated(sentences: Sentences) -> None:
    assert sentences.texts
    assert sentences.plurals
    assert not sentences.faults, "\n".join(sentences.faults)


def test_no_sentence_is_both_a_text_and_the_first_half_of_a_plural(sentences: Sentences) -> None:
    """A catalogue has one entry for both, so one of them would go untranslated."""
    assert not {one for one, _ in sentences.plurals} & set(sentences.texts)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_of_the_code_is_translated(language: str, sentences: Sentences) -> None:
    found = catalogue(language)
    wanted: list[tuple[str | None, tuple[str, ...], str]] = [
        *((None, (text,), where) for text, where in sentences.texts.items()),
        *((None, pair, where) for pair, where in sentences.plurals.items()),
        *(("command", (name,), where) for name, where in sentences.names.items()),
        *(("http", (name,), "bot/words/causes.py") for name in STATUSES),
    ]
    missing = [
        f"# {where}\n{entry(context, *ids)}"
        for context, ids, where in wanted
        if not _translated(found, context, ids)
    ]
    assert not missing, f"locales/{language}.po lacks {len(missing)}:\n\n" + "\n".join(missing)


def _translated(found: Catalog, context: str | None, ids: tuple[str, ...]) -> bool:
    message = found.get(ids[0], context)
    if message is None or forms(message.id) != list(ids) or message.fuzzy:
        return False
    return all(forms(message.string))


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_catalogue_keeps_a_sentence_that_nobody_speaks(
    language: str, sentences: Sentences
) -> None:
    spoken_texts = {(text,) for text in sentences.texts} | {(text,) for text in sentences.may}
    spoken_ids = {None: spoken_texts | set(sentences.plurals)}
    names = {
        "command": {(name,) for name in sentences.names},
        "http": {(name,) for name in STATUSES | OTHER_STATUSES},
    }
    unused = [
        message.id
        for message in messages(language)
        if tuple(forms(message.id)) not in (spoken_ids | names).get(message.context, set())
    ]
    assert not unused
    assert not catalogue(language).obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_sentence(language: str) -> None:
    differing = [
        (message.id, said)
        for message in messages(language)
        for said in forms(message.string)
        if placeholders(said) != set().union(*map(placeholders, forms(message.id)))
    ]
    assert not differing


@pytest.mark.parametrize("language", TRANSLATED)
def test_names_and_descriptions_of_commands_are_what_discord_takes(
    language: str, sentences: Sentences
) -> None:
    found = catalogue(language)
    for name in sentences.names:
        translated = str(found.get(name, "command").string)  # type: ignore[union-attr]
        assert NAME.fullmatch(translated), translated
        assert translated == translated.lower()
    for text in sentences.descriptions:
        message = found.get(text)
        assert len(text) <= 100, text
        assert message is None or len(str(message.string)) <= 100, message.string


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_holds_an_invisible_or_bidi_character(
    language: str, sentences: Sentences
) -> None:
    said = [*sentences.texts, *(text for pair in sentences.plurals for text in pair)]
    if language != SOURCE:
        said = [text for message in messages(language) for text in forms(message.string)]
    for text in said:
        hidden = [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn"}]
        variation = [c for c in text if "\ufe00" <= c <= "\ufe0f"]
        assert hidden in ([], ["\n"] * len(hidden)), text
        assert not variation, text


def test_french_has_a_narrow_no_break_space_at_high_punctuation_and_before_a_unit() -> None:
    """Marks inside addresses, and the header line of HTTP shown as an example, take none."""
    bare = re.compile(
        rf"(?<!{NARROW})[:;!?](?=\s|$)|(?<!{NARROW})»|«(?!{NARROW})"
        r"|[\d}] (?:s|ms|min|h|jours?)\b(?!’)"
    )
    wrong = [
        text
        for message in messages("fr")
        for text in forms(message.string)
        if bare.search(text.replace("Nom: valeur", "").removeprefix("? "))
    ]
    assert not wrong


def test_french_writes_apostrophes_as_printers_do() -> None:
    assert not [m.string for m in messages("fr") if any("'" in t for t in forms(m.string))]


def test_the_plural_rule_of_a_catalogue_is_the_one_of_its_language() -> None:
    for language in TRANSLATED:
        text = (LOCALES / f"{language}.po").read_text("utf-8")
        assert f"Language: {language}" in text
        assert "Plural-Forms:" in text
    assert catalogue("fr").num_plurals == 2


def test_there_are_no_compiled_catalogues() -> None:
    assert not list(Path(LOCALES).rglob("*.mo"))
