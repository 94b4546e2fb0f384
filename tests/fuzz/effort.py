"""How much is tried, how bytes and texts are mutated, and what every answer must be like."""

import json
import os
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from bot.discord.command_tree import error_text
from bot.errors import UserError
from bot.words.translator import translator_for

TIMES = "FUZZ_TIMES"
_TIMES = int(os.environ.get(TIMES, "1"))
_HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
_NASTY = (
    "@everyone <@1> <@&2> <#3> </x:4> <t:1> \u202e\u200b\u2066\ufeff\x00\x07\x1b[31m\n\r\u2028 ```"
    " ** [a](b) \ud800 \udfff \U0001f534 e\u0301\u0316\u0301 \u0660\u0661 \uff11\uff12 \u00b2"
    " \u00bd \u0130 \u017f \ufb01 {name} {0.__class__} %s \\ \" ' ; \U000e0041 \uffff \x85"
)


def examples(usual: int) -> settings:
    """Examples of one test: ``usual`` in the suite, and the same ones each time."""
    return settings(
        max_examples=usual * _TIMES,
        deadline=None,
        derandomize=_TIMES == 1,
        database=None,
        suppress_health_check=_HEALTH,
    )


def texts(*likely: str, most: int = 40) -> st.SearchStrategy[str]:
    """What people type: likely words, and whatever else can be in a string."""
    parts = [
        st.sampled_from(_NASTY.split(" ")),
        st.text(max_size=6),
        st.text("0123456789", max_size=6),
    ]
    if likely:
        parts.append(st.sampled_from(likely))
    joined = st.lists(st.one_of(parts), max_size=8).flatmap(
        lambda words: st.sampled_from(["", " ", ",", ":", "-"]).map(lambda glue: glue.join(words))
    )
    return (joined | st.text(max_size=most) | st.sampled_from(likely or ("",))).map(
        lambda t: t[:4_000]
    )


@st.composite
def mutated(draw: st.DrawFn, whole: Sequence[bytes], pieces: Sequence[bytes] = ()) -> bytes:
    """One of these with up to six cuts, repetitions and insertions."""
    data = draw(st.sampled_from(whole))
    inserted = st.binary(max_size=8) | st.sampled_from([*pieces, b"\x00", b"\r\n", b"\xff\xfe"])
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 12))
        match draw(st.integers(0, 3)):
            case 0:
                data = data[:at] + data[at + length :]
            case 1:
                data = data[:at] + draw(inserted) + data[at:]
            case 2:
                data = (
                    data[:at]
                    + data[at : at + length] * draw(st.integers(2, 50))
                    + data[at + length :]
                )
            case _:
                data = data[:at] + draw(inserted) + data[at + length :]
    return data


def json_values(
    keys: Sequence[str], leaves: st.SearchStrategy[Any] | None = None
) -> st.SearchStrategy[Any]:
    """Anything JSON can say, with the names that are looked for."""
    leaf = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(),
        texts(),
        *([] if leaves is None else [leaves]),
    )
    return st.recursive(
        leaf,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(list(keys)) | texts(most=8), inner, max_size=6)
        ),
        max_leaves=12,
    )


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def harmless(text: str, *, lines: bool = False) -> None:
    """No control, format or private character, no half pair, no line that was not meant."""
    for char in text:
        if lines and char == "\n":
            continue
        assert unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}, ascii(text)
    text.encode()


def said(error: UserError) -> None:
    """A refusal is one harmless sentence in every language, and mentions nobody."""
    for language in ("en", "fr"):
        sentence = error_text(translator_for(language), error)
        harmless(sentence)
        assert sentence
        assert len(sentence) < 2_000
        unescaped = sentence.replace("\\<", "").replace("\\@", "")
        assert "<@" not in unescaped, sentence
        assert "@everyone" not in unescaped, sentence


def fields(known: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of these fields, each as it should be or as it should not."""
    odd = json_values(list(known))
    return st.fixed_dictionaries({}, optional={name: good | odd for name, good in known.items()})
