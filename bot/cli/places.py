"""``vigie places add|list|remove NAME``: who may look out for this bot."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bot.cli import EXIT_CONFIG, EXIT_FAILURE, EXIT_OK, fail
from bot.config import Config
from bot.errors import ConfigError
from bot.places import accounts
from bot.places.accounts import BOT, User
from bot.places.address import Server, read_server
from bot.places.messages import place_name

DEBIAN = Path("/etc/nats-server.conf")


def run(
    action: str,
    name: str | None,
    config: Config,
    *,
    file: str | None = None,
    address: str | None = None,
    trusted: bool = False,
    secrets: str | None = None,
) -> int:
    """Returns 0, 1 when there is nothing to do it to, 78 when it would not be safe."""
    path = Path(file) if file else _usual_file(config)
    try:
        if action == "list":
            return _list(path)
        place = place_name(name or "")
        if action == "remove":
            return _remove(path, place)
        return _add(path, place, address, None if secrets is None else Path(secrets), trusted)
    except (ConfigError, ValueError) as error:
        return fail(error, EXIT_CONFIG)
    except OSError as error:
        return fail(f"{error.filename or address}: {error.strerror}.", EXIT_FAILURE)


def _usual_file(config: Config) -> Path:
    """Debian's own where its server is installed, else beside the database."""
    return DEBIAN if DEBIAN.exists() else config.database.parent / "nats.conf"


def _list(path: Path) -> int:
    found = accounts.read(_read(path), str(path)).places
    for user in found:
        print(f"{user.name}  trusted" if user.trusted else user.name)
    if not found:
        print(f"No place in {path}. Add one: vigie places add NAME", file=sys.stderr)
    return EXIT_OK


def _remove(path: Path, place: str) -> int:
    text = _read(path)
    known = accounts.read(text, str(path))
    if known.find(place) is None:
        return fail(f"{path} has no place {place}.", EXIT_FAILURE)
    _write(path, accounts.write(text, known.without(place)))
    print(f"{place} is removed from {path}.")
    _reload(path)
    return EXIT_OK


def _add(path: Path, place: str, address: str | None, folder: Path | None, trusted: bool) -> int:
    text = _read(path)
    known = accounts.read(text, str(path))
    if known.find(place) is not None:
        return fail(f"{place} is there already: remove it first.", EXIT_FAILURE)
    server = _address(address or known.address, text)
    text = text or accounts.new_file(server)
    known = replace(known, address=str(server))
    first = known.find(BOT) is None
    home_secret, hashed = accounts.new_secret()
    if first:
        known = known.with_user(User(BOT, hashed))
    secret, hashed = accounts.new_secret()
    _write(path, accounts.write(text, known.with_user(User(place, hashed, trusted))))
    print(f"{place} is added to {path}.")
    _reload(path)
    if first:
        line = str(server).replace("://", f"://{BOT}:{home_secret}@")
        title = "The bot's own line, for its .env:"
        _show(title, "VIGIE_NATS_URL", line, folder, shown=f"VIGIE_NATS_URL={line}")
    print(f"In {place}, type:\n  vigie lookout {place} {server}")
    _show("It asks for this secret, shown only here:", place, secret, folder, shown=secret)
    return EXIT_OK


def _address(typed: str | None, text: str) -> Server:
    """Where the place finds the server. Raises ConfigError when that would be in the clear."""
    home = accounts.listening(text)
    if typed is None:
        if not text or (home.local.on_loopback and not home.everywhere):
            return home.local
        raise ConfigError(
            "Say where the place finds this server: --address tls://watch.example.org:4222"
            " (or nats://… inside a private network)."
        )
    server = read_server(typed, "--address")
    if server.user or server.password:
        raise ConfigError("--address: leave user and secret out.")
    server.require_private(_addresses(server))
    for hint in _hints(server, home) if text else ():
        print(f"Note: {hint}", file=sys.stderr)
    return server


def _addresses(server: Server) -> list[str]:
    """A name that only the place can look up is judged there, when it connects."""
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(address[0]) for *_, address in found]


def _hints(server: Server, home: accounts.Listening) -> Iterator[str]:
    if home.local.on_loopback and not home.everywhere and not server.on_loopback:
        yield 'the server listens on this machine alone: it needs listen: "0.0.0.0:4222".'
    if server.tls and not home.tls:
        yield "the server has no tls block yet (docs/places.md)."


def _show(title: str, name: str, value: str, folder: Path | None, *, shown: str) -> None:
    """A secret, once: on the terminal, or in a file for its owner alone."""
    if folder is None:
        print(f"{title}\n  {shown}")
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / name
    target.unlink(missing_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{value}\n")
    print(f"{title}\n  it is in {target}")


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _write(path: Path, text: str) -> None:
    """All or nothing, with the owner and the rights the file had."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.resolve()
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as new:
        new.write(text)
    try:
        if path.exists():
            shutil.copystat(path, new.name)
            shutil.chown(new.name, path.stat().st_uid, path.stat().st_gid)
        else:
            Path(new.name).chmod(0o644)  # it holds hashes of random secrets alone
        Path(new.name).replace(path)
    except OSError:
        Path(new.name).unlink()
        raise


def _reload(path: Path) -> None:
    """Have the server read it: Debian's by systemd, any other is the operator's to signal."""
    systemctl = shutil.which("systemctl")
    if path == DEBIAN and systemctl is not None and Path("/run/systemd/system").exists():
        done = subprocess.run([systemctl, "reload", "nats-server"], check=False)  # noqa: S603
        if done.returncode == 0:
            return
    print("Have the NATS server read it: nats-server --signal reload")
