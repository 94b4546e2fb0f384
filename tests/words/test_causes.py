"""What a probe saw, in words."""

import pytest

from bot.models import Cause, CheckResult, Game, Phases, Reason
from bot.words.causes import cause_sentence, cause_text, game_text, players_text, result_text
from bot.words.translator import Translator, translator_for

EN, FR = translator_for("en"), translator_for("fr")


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (Cause(Reason.HTTP, 503), "HTTP 503"),
        (Cause(Reason.DNS), "no DNS answer"),
        (Cause(Reason.REFUSED), "connection refused"),
        (Cause(Reason.TIMEOUT, 10), "timed out after 10 s"),
        (Cause(Reason.TLS_EXPIRED, 2), "TLS certificate expired 2 days ago"),
        (Cause(Reason.TLS_EXPIRED, 1), "TLS certificate expired 1 day ago"),
        (Cause(Reason.TLS_EXPIRED, 0), "TLS certificate expired today"),
        (Cause(Reason.TLS_EXPIRED), "TLS certificate expired"),
        (Cause(Reason.REDIRECTS), "too many redirects"),
        (Cause(Reason.TEXT_MISSING), "expected text missing"),
        (Cause(Reason.SMTP, 554), "SMTP 554"),
        (Cause(Reason.NO_STARTTLS), "no STARTTLS offered"),
    ],
)
def test_a_cause_is_a_few_words_in_a_push_line(cause: Cause, said: str) -> None:
    assert cause_text(EN, cause) == said


@pytest.mark.parametrize(
    ("game", "said"),
    [
        (Game(5, 100, "1.21", "de_dust"), "5/100 players · version 1.21 · map de_dust"),
        (Game(1), "1 player"),
        (Game(version="**1** <@&7> `x`"), "version \\*\\*1\\*\\* \\<\\@&7> \\`x\\`"),
        (Game(), ""),
    ],
)
def test_what_a_game_server_says_is_harmless_text(game: Game, said: str) -> None:
    assert game_text(EN, game) == said
    result = CheckResult(1, None, phases=Phases(total=12.4), game=game)
    players = players_text(EN, game)
    assert result_text(EN, result) == ("OK, 12 ms · " + players if players else "OK, 12 ms")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_in_every_language(reason: Reason) -> None:
    cause = Cause(reason, 503 if reason is Reason.HTTP else None)
    for words in (EN, FR):
        text, sentence = cause_text(words, cause), cause_sentence(words, cause)
        assert 0 < len(text) <= 42
        assert sentence.endswith(".")
        assert len(sentence) <= 200
        assert "{" not in text + sentence
    assert cause_sentence(EN, cause) != cause_sentence(FR, cause)


@pytest.mark.parametrize(
    ("status", "reported"),
    [
        (200, "not the status you expect"),
        (401, "visitors may still get through"),
        (403, "visitors may still get through"),
        (429, "visitors may still get through"),
        (404, "does not find the page"),
        (418, "rejects the request"),
        (500, "with an error"),
        (503, "with an error"),
        (519, "with an error"),
        (520, "behind the CDN does not answer"),
        (530, "behind the CDN does not answer"),
        (531, "with an error"),
    ],
)
def test_the_sentence_of_an_answer_says_its_kind_and_its_code(status: int, reported: str) -> None:
    sentence = cause_sentence(EN, Cause(Reason.HTTP, status))
    assert reported in sentence
    assert f"HTTP {status}" in sentence


@pytest.mark.parametrize(
    ("status", "english", "french"),
    [
        (503, "HTTP 503 (Service Unavailable)", "HTTP 503 (service indisponible)"),
        (404, "HTTP 404 (Not Found)", "HTTP 404 (ressource introuvable)"),
        (200, "HTTP 200 (OK)", "HTTP 200 (OK)"),
        (418, "HTTP 418 (I'm a Teapot)", "HTTP 418 (je suis une th\u00e9i\u00e8re)"),
        (520, "HTTP 520", "HTTP 520"),
        (999, "HTTP 999", "HTTP 999"),
        (None, "HTTP ?", "HTTP ?"),
    ],
)
def test_the_name_of_a_status_stands_beside_its_number_but_in_push_lines(
    status: int | None, english: str, french: str
) -> None:
    cause = Cause(Reason.HTTP, status)
    result = CheckResult(1, cause, status=status)
    for words, said in ((EN, english), (FR, french)):
        assert cause_text(words, cause, named=True) == said
        assert result_text(words, result) == said
        assert said in cause_sentence(words, cause)
        assert cause_text(words, cause) == f"HTTP {status or '?'}"


@pytest.mark.parametrize("words", [EN, FR], ids=lambda one: one.language)
def test_the_longest_name_of_a_status_fits_where_names_are_shown(words: Translator) -> None:
    """Details have 1,024 characters for twelve checks: about 30 for time and length of each."""
    for status in range(100, 600):
        cause = Cause(Reason.HTTP, status)
        assert len(cause_text(words, cause, named=True)) <= 52
        assert len(cause_sentence(words, cause)) <= 200


@pytest.mark.parametrize("word", ["overload", "traffic", "attack", "hacked", "crash", "because"])
def test_no_sentence_names_a_cause_the_probe_cannot_know(word: str) -> None:
    causes = [Cause(reason) for reason in Reason] + [Cause(Reason.HTTP, n) for n in range(100, 600)]
    assert not [cause for cause in causes if word in cause_sentence(EN, cause).lower()]
