"""Certificates as servers show them: dates are read from any bytes, and odd names are no outage."""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import DAY_MS
from bot.engine.tls import days_since_end
from bot.models import Target
from tests.engine.sites import CERTIFICATES, HOST, make_checker, serve
from tests.engine.test_tls import der_of
from tests.fuzz.effort import examples, mutated

TIMES = [
    b"\x17\x0d200131000000Z",
    b"\x18\x0f20200131000000Z",
    b"\x17\x0d999999999999Z",
    b"\x18\x0f" + b"0" * 14,
]


@examples(400)
@given(mutated([der_of("expired"), der_of("good"), b"".join(TIMES)], TIMES), st.integers(0, 2**50))
def test_any_der_has_a_number_of_days_or_none(der: bytes, now_ms: int) -> None:
    days = days_since_end(der, now_ms)
    assert days is None or days >= 0


NAMES_THAT_ARE_NO_TEXT = b"""
subjectAltName = DNS:site.example.net, URI:http://caf\xe9.example/, email:\xff@example.net
crlDistributionPoints = URI:http://\xe9.example/list
"""


OPENSSL = shutil.which("openssl")


@pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificate")
def test_a_trusted_certificate_with_names_that_are_no_text_is_no_outage(tmp_path: Path) -> None:
    """Python cannot decode such a certificate, although the connection is fine."""
    (tmp_path / "names").write_bytes(NAMES_THAT_ARE_NO_TEXT)
    # All certificates of the tests have one key, the authority's among them.
    authority, key = CERTIFICATES / "authority.pem", CERTIFICATES / "good.pem"
    openssl(f"req -new -key {key} -subj /CN=odd -out {tmp_path}/request")
    openssl(
        f"x509 -req -in {tmp_path}/request -CA {authority} -CAkey {key} -days 30"
        f" -set_serial 7 -extfile {tmp_path}/names -out {tmp_path}/odd"
    )
    (tmp_path / "odd.pem").write_bytes(
        key.read_bytes().partition(b"-----BEGIN CERT")[0] + (tmp_path / "odd").read_bytes()
    )

    async def scenario() -> None:
        async with serve(certificate=str(tmp_path / "odd")) as site:
            result = await make_checker().check(Target(site.url("/", HOST, "https")))
        assert result.cause is None
        assert result.certificate_expires_ms is not None
        assert 29 < (result.certificate_expires_ms - result.at_ms) / DAY_MS < 31

    asyncio.run(scenario())


def openssl(arguments: str) -> None:
    subprocess.run([OPENSSL or "", *arguments.split()], check=True, capture_output=True)
