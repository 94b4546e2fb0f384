"""Settings from the environment, ``.env`` and files of secrets; a complaint says what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.config import load
from bot.errors import ConfigError

ROOT = Path(__file__).parents[1]
NOBODY = 65534


def refusal(environ: dict[str, str], dotenv: Path | None = None) -> str:
    with pytest.raises(ConfigError) as no:
        load(environ, dotenv)
    return str(no.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://discord.example/api/v10",
        "http://10.0.0.5:8080/api/v10",
        "http://proxy:8080",
        "HTTP://discord.example/api",
        "http://127.0.0.1.example.com/",
        "http://[2001:db8::1]/",
        "http://[::ffff:10.0.0.1]/",
    ],
)
def test_the_token_never_travels_in_plain_http_beyond_this_machine(url: str) -> None:
    assert "plain text" in refusal({"DISCORD_API_URL": url})


@pytest.mark.parametrize(
    "url",
    [
        "https://discord.example/api/v10",
        "HTTPS://discord.example/api/v10",
        "http://127.0.0.1:8080/api/v10",
        "http://127.3.2.1/api",
        "http://localhost:1/api/v10",
        "http://api.localhost/",
        "http://[::1]:8080/api/v10",
    ],
)
def test_https_anywhere_and_http_on_this_machine_are_fine(url: str) -> None:
    assert load({"DISCORD_API_URL": url}, None).api_url.casefold() == url.rstrip("/").casefold()


@pytest.mark.parametrize(
    ("name", "remark"),
    [
        ("VIGIE_MIN_INTERVALL", "Did you mean VIGIE_MIN_INTERVAL?"),
        ("VIGIE_ALLOW_PRIVAT", "Did you mean VIGIE_ALLOW_PRIVATE?"),
        ("VIGIE_CANARY", "Did you mean VIGIE_CANARIES?"),
        ("VIGIE_HEARTBEAT", "Did you mean VIGIE_HEARTBEAT_URL?"),
        ("vigie_ports", "Did you mean VIGIE_PORTS?"),
        ("VIGIE_PORTS_FILE", "Did you mean VIGIE_PORTS?"),
        ("VIGIE_SOMETHING_ELSE_ALTOGETHER", "all of them stand in .env.example"),
        ("DISCORD_TOKENS", "Did you mean DISCORD_TOKEN?"),
    ],
)
def test_a_name_that_is_no_setting_is_remarked_on(name: str, remark: str, tmp_path: Path) -> None:
    (said,) = load({name: "s3cret"}, None).remarks
    assert said.startswith(f"{name} is no setting of Vigie")
    assert remark in said
    assert "s3cret" not in said
    (tmp_path / ".env").write_text(f"{name}=1\n")
    assert load({}, tmp_path / ".env").remarks == (said,)


def test_known_names_and_those_of_others_are_not_remarked_on() -> None:
    others = {"PATH": "/bin", "HOME": "/", "DISCORD_CLIENT_ID": "1", "DISCORD_GUILD": "2"}
    ours = {"VIGIE_PORTS": "81", "DISCORD_TOKEN": "x", "VIGIE_LOG_LEVEL": "INFO"}
    assert load(others | ours, None).remarks == ()


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbfabc.def\r\n", b"abc.def", b"  abc.def \n\n", b"\xef\xbb\xbf abc.def"]
)
def test_a_file_with_the_token_may_have_a_byte_order_mark_and_blanks(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "token").write_bytes(content)
    assert load({"DISCORD_TOKEN_FILE": str(tmp_path / "token")}, None).token == "abc.def"


def test_a_file_with_the_token_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    for name, content, why in (
        ("utf16", "abc".encode("utf-16"), "is not UTF-8 text"),
        ("latin", b"\xe9\xe8", "is not UTF-8 text"),
        ("empty", b"\xef\xbb\xbf \n", "is empty"),
    ):
        (tmp_path / name).write_bytes(content)
        said = refusal({"DISCORD_TOKEN_FILE": str(tmp_path / name)})
        assert said == f"DISCORD_TOKEN_FILE: {tmp_path / name} {why}."
    assert "no such file" in refusal({"DISCORD_TOKEN_FILE": str(tmp_path / "none")})
    assert "is a directory" in refusal({"DISCORD_TOKEN_FILE": str(tmp_path)})
    assert "names no file" in refusal({"DISCORD_TOKEN_FILE": "a\0b"})


def test_dotenv_in_another_encoding_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes("VIGIE_PORTS=81".encode("utf-16"))
    assert refusal({}, file) == f"{file} cannot be read: it is not UTF-8 text."
    file.write_bytes(b"\xef\xbb\xbfexport VIGIE_PORTS = '81'  # more\r\n")
    assert load({}, file).ports == {81}


@pytest.mark.process
@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
@pytest.mark.parametrize("where", ["file", "folder"])
def test_dotenv_that_may_not_be_read_says_so(tmp_path: Path, where: str) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    file = folder / ".env"
    file.write_text("VIGIE_PORTS=81\n")
    (file if where == "file" else folder).chmod(0o600)
    code = f"""import os; from pathlib import Path; from bot.config import load
from bot.errors import ConfigError; import encodings.idna, dotenv
os.seteuid({NOBODY})
try: load({{}}, Path({str(file)!r}))
except ConfigError as error: print(error)"""
    for one in (tmp_path, *tmp_path.parents[:3]):
        one.chmod(one.stat().st_mode | 0o111)  # pytest's own folders are for its user alone
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == f"{file} cannot be read: permission denied. Check who owns it.\n"


def test_a_heartbeat_address_that_is_none_is_refused_without_repeating_it() -> None:
    for url in ("hc-ping.example/s3cret", "ftp://x/s3cret", "https://", "https//x/s3cret"):
        said = refusal({"VIGIE_HEARTBEAT_URL": url})
        assert said.startswith("VIGIE_HEARTBEAT_URL is no address")
        assert "s3cret" not in said
    assert load({"VIGIE_HEARTBEAT_URL": " "}, None).heartbeat_url is None


@pytest.mark.parametrize(
    ("typed", "read"), [("", "local"), ("local", "local"), ("Remote", "remote")]
)
def test_who_makes_the_checks_is_local_or_remote(typed: str, read: str) -> None:
    assert load({"VIGIE_PROBE": typed}, None).probe == read
    assert "use one of local, remote" in refusal({"VIGIE_PROBE": "home"})
