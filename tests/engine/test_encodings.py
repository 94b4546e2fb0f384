"""Old encodings are read as browsers read them: every sequence, compared with Chromium."""

import time
from collections.abc import Iterator
from itertools import product

import pytest
from playwright.sync_api import Page, sync_playwright

from bot.engine.page_text import MOST_GAPS, decode, decoded
from tests.sandbox.conftest import QUIET, chromium

ONE_BYTE = [
    *(f"windows-125{n}" for n in range(9)),
    *(f"iso-8859-{n}" for n in (*range(1, 11), 13, 14, 15, 16)),
    *("windows-874", "ibm866", "koi8-r", "koi8-u", "macintosh", "x-mac-cyrillic"),
    *("iso-8859-8-i", "x-user-defined", "utf-8", "us-ascii", "tis-620"),
]
BYTES = range(256)
HIGH = range(0x80, 0x100)
PLAIN = range(0x21, 0x7F)
MULTI_BYTE: dict[str, list[tuple[tuple[int, ...], range, range]]] = {
    "euc-jp": [((), HIGH, BYTES), ((0x8F,), HIGH, HIGH)],
    "shift_jis": [((), HIGH, BYTES)],
    "euc-kr": [((), HIGH, BYTES)],
    "gb2312": [((), HIGH, BYTES)],
    "gbk": [((), HIGH, BYTES)],
    "gb18030": [
        ((), HIGH, BYTES),
        *(((a, b), HIGH, range(0x30, 0x3A)) for a in range(0x81, 0x85) for b in (0x30, 0x35, 0x39)),
    ],
    "big5": [((), HIGH, BYTES)],
    "iso-2022-jp": [
        ((0x1B, 0x24, 0x42), PLAIN, PLAIN),
        ((0x1B, 0x28, 0x4A), PLAIN, PLAIN),
        ((0x1B, 0x28, 0x49), range(0x21, 0x60), range(0x21, 0x60)),
    ],
}
# One character of Python's for two sequences, and a second tilde; Chromium's own slip in Big5.
DIFFERENT = {
    "euc-jp": {"8fa2b7"},
    "big5": {"a241", "a242", "8862", "8864", "88a3", "88a5"},
}
READ = """([label, prefix, first, second]) => {
    const decoder = new TextDecoder(label);
    return first.flatMap(a => second.map(b => decoder.decode(new Uint8Array([...prefix, a, b]))));
}"""


@pytest.mark.parametrize(
    ("label", "body", "text"),
    [
        ("euc-jp", "ada1adb5adc6", "①Ⅰ㌃"),  # the row of NEC
        ("x-euc-jp", "f9a1fcf1", "纊ⅰ"),  # the extensions of IBM
        ("euc-jp", "8fb0a1", "丂"),  # JIS X 0212
        ("euc-jp", "8eb1", "ｱ"),
        ("euc-jp", "a1c1a1dda1f1", "～－￠"),
        ("euc-jp", "ad21a4a2", "\ufffd!あ"),
        ("euc-jp", "a4fea4a2", "\ufffdあ"),
        ("euc-jp", "a4", "\ufffd"),
        ("iso-2022-jp", "1b24422d21243f1b284261", "①たa"),
        ("iso-2022-jp", "1b2849311b2842", "ｱ"),
        ("shift_jis", "8740fbfcee", "①髙\ufffd"),
        ("gbk", "80a1a1", "€\u3000"),
        ("gb2312", "c3fba8bca6d9", "名ḿ︐"),
        ("gb18030", "8135f4379439da33", "\ue7c7💩"),
        ("big5", "877aa3e1a145", "㡵€‧"),
        ("big5-hkscs", "8e69fe6f", "箸瑜"),
        ("euc-kr", "8141b0a1", "갂가"),
        ("windows-1252", "8180", "\x81€"),
        ("windows-1255", "ca", "\u05ba"),
        ("koi8-u", "aebe", "ўЎ"),
        ("no-such", "61", ""),
    ],
)
def test_a_sequence_is_read_as_browsers_read_it(label: str, body: str, text: str) -> None:
    assert decode(bytes.fromhex(body), label) == text


def test_a_page_of_a_browser_is_found_by_its_label() -> None:
    body = b"<meta charset=euc-jp>\xad\xa1 \xb4\xb0\xce\xbb"
    assert decoded(body, "text/html").endswith("① 完了")


@pytest.mark.parametrize("piece", [b"\x80", b"\x80a", b"\xad\xa1\xa4\xa2", b"\x87\x7a", b"\xff"])
@pytest.mark.parametrize("label", ["gbk", "euc-jp", "big5", "iso-2022-jp"])
def test_no_body_holds_the_loop(label: str, piece: bytes) -> None:
    body = piece * (262_144 // len(piece))

    def took_s() -> float:
        began = time.thread_time()
        decode(body, label)
        return time.thread_time() - began

    assert min(took_s() for _ in range(3)) < 0.05


def test_after_many_gaps_the_rest_is_read_without_them() -> None:
    text = decode(b"\xad\xa1" * (MOST_GAPS + 1) + b"\xa4\xa2", "euc-jp")
    assert text.count("①") == MOST_GAPS
    assert "\ufffd" in text[MOST_GAPS:]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    path = chromium()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield running.new_page()
        running.close()


@pytest.mark.parametrize("label", ONE_BYTE)
def test_every_byte_is_read_as_chromium_reads_it(page: Page, label: str) -> None:
    texts = page.evaluate(READ, [label, [], [0x61], list(BYTES)])
    assert [decode(bytes((0x61, byte)), label) for byte in BYTES] == texts


@pytest.mark.parametrize("label", MULTI_BYTE)
def test_every_sequence_is_read_as_chromium_reads_it(page: Page, label: str) -> None:
    differ = set()
    for prefix, first, second in MULTI_BYTE[label]:
        texts = page.evaluate(READ, [label, list(prefix), list(first), list(second)])
        for (a, b), text in zip(product(first, second), texts, strict=True):
            body = bytes((*prefix, a, b))
            # What browsers cannot read is no text that anybody looks for.
            if "\ufffd" not in text and decode(body, label) != text:
                differ.add(body.hex())
    assert differ == DIFFERENT.get(label, set())
