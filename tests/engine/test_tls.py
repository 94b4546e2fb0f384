"""When a certificate ended, and whom a connection trusts."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clock import DAY_MS
from bot.engine.tls import client_context, client_object, days_since_end, unverified_context
from bot.models import Reason, Target
from tests.engine.sites import CERTIFICATES, Names, make_checker, serve


def der_of(name: str) -> bytes:
    pem = (CERTIFICATES / f"{name}.pem").read_text("ascii")
    return ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE") :])


def validity(*days: bytes) -> bytes:
    """The part of a certificate that says from when to when, DER."""
    return b"\x30\x1e" + b"".join(b"\x17\x0d" + day + b"000000Z" for day in days)


def ms(*date: int) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type,misc]  # three numbers


@pytest.mark.parametrize(
    ("name", "now_ms", "days"),
    [
        ("expired", ms(2020, 1, 31), 0),
        ("expired", ms(2020, 2, 1) - 1, 0),
        ("expired", ms(2020, 2, 1), 1),
        ("expired", ms(2021, 1, 31), 366),
        ("expired", ms(2020, 1, 30), None),
        ("good", ms(2026, 1, 1), None),
        ("good", ms(2125, 1, 3), 2),  # written with four digits of the year
    ],
)
def test_the_days_since_a_certificate_ended(name: str, now_ms: int, days: int | None) -> None:
    assert days_since_end(der_of(name), now_ms) == days


@pytest.mark.parametrize(
    "der",
    [b"", b"\x17\x0d200131000000Z", validity(b"200131", b"209931"), b"\xff" * 99],
)
def test_what_is_no_certificate_has_no_end(der: bytes) -> None:
    assert days_since_end(der, 10_000 * DAY_MS) is None


def test_years_from_fifty_on_are_of_the_last_century() -> None:
    assert days_since_end(validity(b"500101", b"700101"), 3 * DAY_MS) == 3


def test_a_time_elsewhere_in_a_certificate_is_not_its_end() -> None:
    elsewhere = b"\x17\x0d990101000000Z\x17\x0d990101000000Z"
    assert days_since_end(elsewhere + validity(b"700101", b"700102"), 3 * DAY_MS) == 2


def test_the_systems_authorities_are_trusted_by_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", "/nonexistent")
    context = client_context()
    assert context.cert_store_stats()["x509_ca"] == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT


def test_the_systems_authorities_are_trusted_by_a_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "5ad8a5d6.0").write_bytes((CERTIFICATES / "authority.pem").read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert client_context().cert_store_stats()["x509_ca"] == 0


@pytest.mark.parametrize("there", [True, False])
def test_where_the_system_trusts_nobody_the_bundle_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, there: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path if there else tmp_path / "none"))
    assert client_context().cert_store_stats()["x509_ca"] > 50


def test_the_unverified_context_verifies_nothing_and_is_made_once() -> None:
    assert unverified_context() is unverified_context()
    assert unverified_context().verify_mode is ssl.CERT_NONE


def named(host: str, certificate: str = "names") -> Reason | None:
    """What a check of that host makes of a certificate."""

    async def scenario() -> Reason | None:
        async with serve(certificate=certificate) as site:
            checker = make_checker(Names(default=["127.0.0.1"]))
            cause = (await checker.check(Target(site.url("/", host, "https")))).cause
            return None if cause is None else cause.reason

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    "host",
    [
        "my-shop.example.net",
        "my_shop.example.net",
        "_a.example.net",
        "MY_shop.Example.NET",
        "my_shop.example.net.",
        "xn--bcher-kva.example.net",
        "a.my_zone.example.org",
        "a_b.my_zone.example.org",
        "one_name.example.com",
        "127.0.0.1",
    ],
)
def test_a_name_is_matched_as_browsers_do(host: str) -> None:
    assert named(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "example.net",
        "a.b.example.net",
        "a_b.c.example.net",
        "a_b.c_d.example.net",
        "my_zone.example.org",
        "other_name.example.com",
        "a.one_name.example.com",
        "a_b.edu",
        "a.edu",
        "foo.example.info",
        "f_o.example.info",
    ],
)
def test_a_name_that_browsers_would_not_take_is_named(host: str) -> None:
    assert named(host) is Reason.TLS_NAME


def test_an_address_stands_among_the_names_or_is_not_named() -> None:
    assert named("127.0.0.1", "other") is Reason.TLS_NAME


@pytest.mark.parametrize("host", ["site.example.net", "my_site.example.net"])
def test_a_common_name_alone_is_no_name(host: str) -> None:
    assert named(host, "common") is Reason.TLS_NAME


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("self-signed", Reason.TLS_UNTRUSTED),
        ("expired", Reason.TLS_EXPIRED),
        ("future", Reason.TLS_NOT_YET_VALID),
        ("other", Reason.TLS_NAME),
    ],
)
def test_a_name_with_an_underscore_is_no_way_past_the_chain(
    certificate: str, reason: Reason
) -> None:
    assert named("my_site.example.net", certificate) is reason


def test_whether_a_context_compares_names_is_left_as_it_was() -> None:
    context = client_context()
    for host in ("a_b.example.net", "a.example.net"):
        client_object(context, ssl.MemoryBIO(), ssl.MemoryBIO(), host, ())
        assert context.check_hostname
