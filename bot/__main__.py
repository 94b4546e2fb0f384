"""``vigie`` and ``python -m bot``: reads the command line and hands over to :mod:`bot.cli`."""

import argparse
import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from bot import __version__
from bot.cli import EXIT_CONFIG, EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_OK, EXIT_PIPE, STOP_S, fail
from bot.errors import ConfigError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status. 78 means: the configuration is refused."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a Latin-1 terminal has no 🔴
    try:
        try:
            status = _command(vars(_parser().parse_args(argv)))
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    except OSError as error:
        if not _stdout_is_gone():
            raise
        # `| head` ends it quietly, as it ends every other program.
        is_pipe = isinstance(error, BrokenPipeError)
        status = EXIT_PIPE if is_pipe else fail(f"cannot print: {error.strerror}", EXIT_FAILURE)
    return status if argv is not None else _leave(status)


def _command(options: dict[str, Any]) -> int:
    """Hand over to the module of the command, which takes its options by their names."""
    name = options.pop("command") or "run"
    if name in {"run", "lookout"}:
        _stop_in_order()
    if name == "run":
        signal.signal(signal.SIGHUP, lambda *_: None)
    if name in {"lookout", "places"} and not all(map(find_spec, ("nats", "bcrypt"))):
        return fail(f"{name} needs an extra: pip install 'vigie[places]'", EXIT_CONFIG)
    command = import_module(f"bot.cli.{name}")  # each loads only what it needs
    if name in {"demo", "replay"}:
        return int(command.run(**options))
    from bot import config  # noqa: PLC0415

    try:
        settings = config.load(secrets=name not in {"check", "places"})
    except ConfigError as error:
        refuse = getattr(command, "refuse", None)  # in the output format of the command
        return fail(error, EXIT_CONFIG) if refuse is None else int(refuse(str(error), **options))
    return int(command.run(config=settings, **options))


def _stop_in_order() -> None:
    """Until the app has its own handlers, a signal to stop is no failure either."""

    def stop(*_: object) -> None:
        late = threading.Timer(STOP_S, os._exit, (EXIT_OK,))  # something may hang here too
        late.daemon = True
        late.start()
        sys.exit(EXIT_OK)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _stdout_is_gone() -> bool:
    """Nothing can be printed any more; then the rest of the output is discarded."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
        return True
    return False


def _leave(status: int) -> int:
    """The end of the process waits for no thread: a look-up of names may hang in one."""
    others = (one for one in threading.enumerate() if one is not threading.main_thread())
    if any(not one.daemon for one in others):
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(status)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vigie",
        description="Watches sites and posts in a Discord channel when one goes down or comes"
        " back. Settings come from the environment and from .env.",
    )
    parser.add_argument("--version", action="version", version=f"vigie {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    json = argparse.ArgumentParser(add_help=False)
    json.add_argument("--json", dest="as_json", action="store_true", help="JSON alone on stdout")
    commands.add_parser("run", help="run the bot (the default)")
    demo = commands.add_parser("demo", help="see an outage arrive, without account or token")
    demo.add_argument("--speed", type=_speed, default=1.0, help="plays 150/SPEED rounds")
    demo.add_argument("--port", type=_port, default=0, help="of the page; a free one by default")
    check = commands.add_parser("check", parents=[json], help="check one address once")
    check.add_argument("url", metavar="URL")
    replay = commands.add_parser(
        "replay", parents=[json], help="play a recorded scenario (docs/replay.md)"
    )
    replay.add_argument("file", metavar="FILE.jsonl")
    commands.add_parser(
        "doctor", parents=[json], help="is everything ready, and if not, what to do"
    )
    backup = commands.add_parser(
        "backup", help="a verified copy of the database, also while it runs"
    )
    backup.add_argument(
        "file", type=_target, metavar="FILE", help="a new file, or FOLDER/ for dated copies"
    )
    backup.add_argument("--keep", type=_count, help="in a folder, so many stay (7)")
    backup.add_argument("--daily", action="store_true", help="stay, and make one a day in FOLDER")
    plan = commands.add_parser(
        "plan", help="what a file of sites would change (docs/sites-file.md)"
    )
    plan.add_argument("file", metavar="FILE", help="such as sites.yml; nothing is changed")
    _add_places(commands)
    return parser


def _add_places(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    lookout = commands.add_parser("lookout", help="check for a bot elsewhere (docs/places.md)")
    lookout.add_argument("name", metavar="NAME", help="of this place, such as paris")
    lookout.add_argument("url", metavar="NATS_URL", help="such as tls://watch.example.org:4222")
    places = commands.add_parser("places", help="who may look out for this bot (docs/places.md)")
    places.add_argument("action", choices=("add", "list", "remove"))
    places.add_argument("name", metavar="NAME", nargs="?", help="of a place, such as paris")
    places.add_argument("--file", help="the NATS server's configuration (Debian's, or nats.conf)")
    places.add_argument("--address", metavar="NATS_URL", help="where the place finds the server")
    places.add_argument(
        "--trusted", action="store_true", help="it may see headers and queries, and share the work"
    )
    places.add_argument(
        "--secrets", metavar="FOLDER", help="write secrets into files there, not on the terminal"
    )


def _target(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("name a file or a folder")
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("use a whole number from 1")
    return int(text)


def _speed(text: str) -> float:
    refusal = argparse.ArgumentTypeError("use a number from 0.1 to 10")
    try:
        speed = float(text)
    except ValueError:
        raise refusal from None
    if not 0.1 <= speed <= 10:  # noqa: PLR2004 - named in the message
        raise refusal
    return speed


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:  # noqa: PLR2004 - named in the message
        raise argparse.ArgumentTypeError("use a port from 1 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
