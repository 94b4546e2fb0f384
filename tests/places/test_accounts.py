"""Who may do what: written by ``vigie places``, enforced by real servers, old and new."""

import asyncio
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from bot.clock import SystemClock
from bot.engine.place_router import NoVote, vote
from bot.errors import ConfigError
from bot.models import Target
from bot.places import accounts, messages
from bot.places.accounts import BOT, Accounts, User
from bot.places.address import Server, read_server
from bot.places.lookout import Lookout, PlaceCheckers
from tests.bench.origins import certificate
from tests.engine.sites import make_checker, serve
from tests.places.rig import (
    ROOT,
    SERVERS,
    LookoutProcess,
    NatsServer,
    checked,
    linked,
    settled,
    until,
    until_present,
    vigie,
    wait_until,
)


class Installation:
    """A server whose users ``vigie places`` wrote, and their secrets."""

    def __init__(self, server: NatsServer, folder: Path) -> None:
        self.server = server
        self._folder = folder

    def places(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return vigie("places", *arguments, "--file", str(self.server.file), folder=self._folder)

    def add(self, name: str, *more: str) -> None:
        done = self.places("add", name, "--secrets", str(self._folder / "secrets"), *more)
        assert done.returncode == 0, done.stderr

    def secret(self, name: str) -> str:
        return (self._folder / "secrets" / name).read_text("utf-8").strip()

    @property
    def bot_url(self) -> str:
        return self.secret("VIGIE_NATS_URL")

    def lookout(self, name: str, **environment: str) -> LookoutProcess:
        environment |= {"VIGIE_LOOKOUT_SECRET_FILE": str(self._folder / "secrets" / name)}
        return LookoutProcess(name, self.server.url, self._folder, **environment)

    async def client(self, name: str, errors: list[str]) -> Client:
        """A hostile one, with the rights of ``name`` and no manners."""

        async def note(error: Exception) -> None:
            errors.append(str(error))

        client = Client()
        await client.connect(
            self.server.url,
            user=name,
            password=self.secret(name),
            error_cb=note,
            allow_reconnect=False,
        )
        return client


@pytest.fixture(params=SERVERS)
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """Paris, and Oslo which is trusted."""
    binary = SERVERS[request.param]
    if binary is None:
        pytest.skip("Debian's nats-server is not installed")
    made = Installation(NatsServer(tmp_path, binary=binary), tmp_path)
    made.add("paris")
    made.add("oslo", "--trusted")
    with made.server:
        yield made


def test_what_is_written_works_and_only_the_trusted_see_secrets(
    installation: Installation,
) -> None:
    async def scenario() -> None:
        with installation.lookout("paris"), installation.lookout("oslo"):
            async with linked(installation.bot_url) as link, serve() as site:
                await until_present(link, "paris", "oslo")
                found = vote(await link.ask_all(Target(site.url())))
                assert found.through == ("oslo", "paris")
                secret = Target(site.url(), headers=(("X-Key", "s3cret"),))
                answers = await link.ask_all(secret)
                assert [(a.place, a.why) for a in answers] == [
                    ("oslo", None),
                    ("paris", NoVote.UNTRUSTED),
                ]
                assert vote(await link.ask_all(Target(site.url("/?k=1")))).through == ("oslo",)
                scheduled = [await checked(link, Target(site.url())) for _ in range(10)]
                assert all(result is not None and result.ok for result in scheduled)

    asyncio.run(scenario())


def test_a_lookout_cannot_read_what_others_are_asked(installation: Installation) -> None:
    async def scenario() -> None:
        errors: list[str] = []
        heard: list[Msg] = []
        spy = await installation.client("paris", errors)

        async def note(message: Msg) -> None:
            heard.append(message)

        wanted = [
            messages.ask("oslo"),
            messages.ask("oslo", secret=True),
            messages.ask("paris", secret=True),
            messages.CHECKS,
            messages.hello("*"),
            "vigie.>",
            "vigie.place.*.check",
            "_INBOX.>",
            ">",
        ]
        for subject in wanted:
            await spy.subscribe(subject, cb=note)
        await spy.subscribe(messages.CHECKS, queue=messages.GROUP, cb=note)
        await settled(spy)
        assert len(errors) == len(wanted) + 1, errors
        assert all("ermissions" in error for error in errors)
        with installation.lookout("oslo"):
            async with linked(installation.bot_url) as link, serve() as site:
                await until_present(link, "oslo")
                await link.ask_all(Target(site.url()))
                assert await checked(link, Target(site.url())) is not None
        assert heard == []
        await spy.close()

    asyncio.run(scenario())


def test_a_trusted_lookout_shares_scheduled_checks_and_cannot_copy_them(
    installation: Installation,
) -> None:
    async def scenario() -> None:
        errors: list[str] = []
        spy = await installation.client("oslo", errors)

        async def note(_: Msg) -> None:
            raise AssertionError

        await spy.subscribe(messages.CHECKS, cb=note)
        await spy.subscribe(messages.CHECKS, queue="mine", cb=note)
        await settled(spy)
        assert len(errors) == 2
        await spy.close()

    asyncio.run(scenario())


def test_a_lookout_cannot_answer_for_another(installation: Installation) -> None:
    """It may answer what it was asked, once, and say hello as itself: nothing else."""

    async def scenario() -> None:
        errors: list[str] = []
        liar = await installation.client("paris", errors)
        fine = b'{"v":1,"cause":null,"phases":[1,1,1,1,4]}'
        inboxes: list[str] = []

        async def lie(message: Msg) -> None:
            inboxes.append(message.reply)
            prefix, _, number = message.reply.rpartition(".")
            for guess in range(int(number) - 5, int(number) + 5):
                if str(guess) != number:
                    await liar.publish(f"{prefix}.{guess}", fine)
            await liar.publish(message.reply, fine)

        await liar.subscribe(messages.ask("paris"), cb=lie)
        await liar.publish(messages.hello("paris"), b'{"v":1,"release":"6.6.6"}')
        with installation.lookout("oslo"):
            async with linked(installation.bot_url) as link, serve(b"no http") as site:
                await liar.publish(messages.hello("paris"), b'{"v":1,"release":"6.6.6"}')
                await liar.publish(messages.hello("oslo"), b'{"v":1,"release":"6.6.6"}')
                await liar.publish(messages.hello("sydney"), b'{"v":1,"release":"6.6.6"}')
                await liar.publish(messages.WHO)
                await until_present(link, "oslo")
                await liar.publish(messages.hello("paris"), b'{"v":1,"release":"6.6.6"}')
                await until_present(link, "oslo", "paris")
                assert {p.name: p.release for p in link.places}["oslo"] != "6.6.6"
                for _ in range(5):
                    found = vote(await link.ask_all(Target(site.url())))
                    assert (found.failing, found.through) == (("oslo",), ("paris",))
                assert inboxes
                await settled(liar)
                assert len([e for e in errors if "ermissions" in e]) >= 3
        await liar.close()

    asyncio.run(scenario())


def test_a_wrong_secret_ends_a_lookout_with_78(installation: Installation) -> None:
    for environment in (
        {"VIGIE_LOOKOUT_SECRET": "wrong"},
        {},
    ):
        lookout = LookoutProcess(
            "paris", installation.server.url, installation.server.file.parent, **environment
        )
        with lookout:
            assert lookout.wait() == 78
            assert "does not take this user and secret" in lookout.log.read_text("utf-8")


def test_a_lookout_under_anothers_name_is_no_place_and_says_why(
    installation: Installation, tmp_path: Path
) -> None:
    async def scenario() -> None:
        server = replace(read_server(installation.server.url, "x"), user="paris")
        server = replace(server, password=installation.secret("paris"))
        probe = make_checker()
        liar = Lookout("oslo", server, PlaceCheckers(probe, probe), SystemClock())
        lying = asyncio.create_task(liar.run())
        async with linked(installation.bot_url) as link:
            await until(lambda: link.connected)
            await asyncio.sleep(0.5)
            assert link.places == []
        lying.cancel()
        await asyncio.gather(lying, return_exceptions=True)

    asyncio.run(scenario())


def test_whoever_is_removed_is_put_out_at_the_next_reload(installation: Installation) -> None:
    async def scenario() -> None:
        with installation.lookout("paris") as paris, installation.lookout("oslo"):
            async with linked(installation.bot_url) as link, serve() as site:
                await until_present(link, "paris", "oslo")
                assert installation.places("remove", "paris").returncode == 0
                installation.server.reload()
                found = vote(await link.ask_all(Target(site.url())))
                assert found.through == ("oslo",)
                assert paris.process is not None
                assert paris.process.poll() is None, "it may be let in again"
                assert installation.places("list").stdout == "oslo  trusted\n"

    asyncio.run(scenario())


# The file itself.


FILE = accounts.new_file(Server("127.0.0.1"))


def written(*users: User, text: str = FILE) -> str:
    return accounts.write(text, Accounts(users, "nats://10.0.0.1:4222"))


def test_a_block_is_read_back_and_leaves_the_rest_alone() -> None:
    users = (User(BOT, "$2a$04$x"), User("Québec", "$2a$04$y", trusted=True), User("oslo", "z"))
    text = written(*users, text="# mine\nport: 4333\n")
    assert accounts.read(text, "f") == Accounts(users, "nats://10.0.0.1:4222")
    assert text.startswith("# mine\nport: 4333\n# vigie places: begin")
    again = accounts.write(text + "max_connections: 9\n", Accounts(users[:1]))
    assert accounts.read(again, "f") == Accounts(users[:1])
    assert again.endswith("# vigie places: end\nmax_connections: 9\n")
    assert accounts.write(again, accounts.read(again, "f")) == again


@pytest.mark.parametrize("binary", SERVERS)
def test_every_server_understands_a_new_file(tmp_path: Path, binary: str) -> None:
    if SERVERS[binary] is None:
        pytest.skip("Debian's nats-server is not installed")
    pem = certificate(tmp_path)
    for address in (Server("127.0.0.1"), Server("a.example", 4333, tls=True)):
        text = accounts.new_file(address).replace("/etc/nats/fullchain.pem", str(pem))
        file = tmp_path / "nats.conf"
        file.write_text(text.replace("/etc/nats/privkey.pem", str(pem)), "utf-8")
        done = subprocess.run(
            [SERVERS[binary] or "", "-t", "-c", str(file)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("foreign", ["authorization { token: x }", "accounts: {}"])
def test_a_file_with_users_of_another_hand_is_left_alone(foreign: str) -> None:
    with pytest.raises(ConfigError, match="users of its own"):
        accounts.read(f"port: 4222\n{foreign}\n", "f")


@pytest.mark.parametrize("broken", ['{"user": 1', '{"user": "a"}', '{"user": "a", "password": 1}'])
def test_a_block_that_somebody_broke_is_not_overwritten(broken: str) -> None:
    text = written(User(BOT, "x")).replace("  ]", f"    {broken}\n  ]")
    with pytest.raises(ConfigError, match="cannot be read"):
        accounts.read(text, "f")


@pytest.mark.parametrize(
    ("text", "local", "tls"),
    [
        ("", "nats://127.0.0.1:4222", False),
        (FILE, "nats://127.0.0.1:4222", False),
        (accounts.new_file(Server("10.8.0.1")), "nats://127.0.0.1:4222", False),
        (accounts.new_file(Server("a.example", 4333, tls=True)), "tls://127.0.0.1:4333", True),
        ("host: 127.0.0.1\nport: 4333\n", "nats://127.0.0.1:4333", False),  # Debian's
        ("listen: 0.0.0.0:4333\n", "nats://127.0.0.1:4333", False),
        ('listen: "10.8.0.1:4222"\n', "nats://10.8.0.1:4222", False),
        ('listen: "[::1]:4222"\n', "nats://[::1]:4222", False),
        ("# listen: 1.2.3.4:5\nport = 4333\ntls {\n}\n", "tls://127.0.0.1:4333", True),
    ],
)
def test_where_a_server_with_this_file_listens(text: str, local: str, tls: bool) -> None:
    found = accounts.listening(text)
    assert (str(found.local), found.tls) == (local, tls)


def test_secrets_are_long_and_only_their_hash_is_kept() -> None:
    secret, hashed = accounts.new_secret()
    assert len(secret) >= 43
    assert re.fullmatch(r"\$2a\$04\$[./A-Za-z0-9]{53}", hashed)
    assert accounts.new_secret() != (secret, hashed)


# The command.


def test_the_first_place_on_this_machine(tmp_path: Path) -> None:
    file = tmp_path / "nats.conf"
    done = vigie("places", "add", "paris", "--file", str(file), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = re.search(r"  VIGIE_NATS_URL=nats://vigie:(\S{43})@127.0.0.1:4222\n", done.stdout)
    assert found is not None
    assert "  vigie lookout paris nats://127.0.0.1:4222\n" in done.stdout
    assert file.read_text("utf-8").count("$2a$") == 2
    assert found[1] not in file.read_text("utf-8")
    again = vigie("places", "add", "oslo", "--file", str(file), folder=tmp_path)
    assert "VIGIE_NATS_URL" not in again.stdout
    listed = vigie("places", "list", "--file", str(file), folder=tmp_path)
    assert listed.stdout == "paris\noslo\n"


def test_secrets_go_into_files_for_their_owner_alone(tmp_path: Path) -> None:
    file, folder = tmp_path / "nats.conf", tmp_path / "secrets"
    done = vigie(
        *("places", "add", "paris", "--file", str(file), "--secrets", str(folder)),
        folder=tmp_path,
    )
    kept = {path.name: path for path in folder.iterdir()}
    assert kept.keys() == {"paris", "VIGIE_NATS_URL"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in kept.values())
    assert kept["paris"].read_text("utf-8").strip() not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["add", "paris", "--address", "nats://93.184.216.34"], 78, "use tls://"),
        (["add", "paris", "--address", "http://x"], 78, "use an address such as"),
        (["add", "paris", "--address", "tls://u:p@x"], 78, "leave user and secret out"),
        (["add", "a.b"], 78, "names no place"),
        (["add"], 78, "names no place"),
        (["add", "vigie"], 78, "names no place"),
        (["add", "oslo"], 1, "there already"),
        (["remove", "paris"], 1, "no place paris"),
        (["remove", "vigie"], 78, "names no place"),
    ],
)
def test_what_is_not_done(tmp_path: Path, arguments: list[str], status: int, words: str) -> None:
    file = tmp_path / "nats.conf"
    before = written(User(BOT, "x"), User("oslo", "y"))
    file.write_text(before, "utf-8")
    done = vigie("places", *arguments, "--file", str(file), folder=tmp_path)
    assert (done.returncode, words in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr
    assert file.read_text("utf-8") == before


def test_a_server_for_others_has_to_say_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "nats.conf"
    file.write_text("listen: 0.0.0.0:4222\n", "utf-8")
    done = vigie("places", "add", "paris", "--file", str(file), folder=tmp_path)
    assert (done.returncode, "--address" in done.stderr) == (78, True)
    reported = ("--address", "nats://10.8.0.1")
    done = vigie("places", "add", "paris", "--file", str(file), *reported, folder=tmp_path)
    assert "vigie lookout paris nats://10.8.0.1:4222" in done.stdout
    assert "Note" not in done.stderr
    done = vigie("places", "add", "oslo", "--file", str(file), folder=tmp_path)
    assert "vigie lookout oslo nats://10.8.0.1:4222" in done.stdout, "it is remembered"


def test_what_a_server_lacks_for_others_is_said(tmp_path: Path) -> None:
    file = tmp_path / "nats.conf"
    file.write_text("host: 127.0.0.1\nport: 4222\n", "utf-8")  # as Debian has it
    reported = ("--address", "tls://watch.invalid")
    done = vigie("places", "add", "paris", "--file", str(file), *reported, folder=tmp_path)
    assert done.returncode == 0
    assert "listens on this machine alone" in done.stderr
    assert "no tls block" in done.stderr
    assert "VIGIE_NATS_URL=tls://vigie:" in done.stdout


def test_over_tls_the_whole_way(tmp_path: Path) -> None:
    pem = tmp_path / "server.pem"
    made = certificate(tmp_path)
    made.rename(pem)
    tls = f'tls {{ cert_file: "{pem}", key_file: "{pem}" }}\n'
    server = NatsServer(tmp_path, rest=tls)
    installation = Installation(server, tmp_path)
    installation.add("paris", "--address", f"tls://127.0.0.1:{server.port}")
    server.url = server.url.replace("nats://", "tls://")
    assert installation.bot_url.startswith("tls://vigie:")
    script = (
        "import asyncio, sys; from tests.places.rig import linked, until_present\n"
        "async def main():\n"
        "    async with linked(sys.argv[1]) as link: await until_present(link, 'paris')\n"
        "asyncio.run(main())"
    )
    with server:
        trusting = {"SSL_CERT_FILE": str(pem)}
        paris = installation.lookout("paris", **trusting)
        with paris:
            done = subprocess.run(
                [sys.executable, "-c", script, installation.bot_url],
                env=os.environ | trusting,
                cwd=ROOT,
                check=False,
                timeout=30,
            )
            assert done.returncode == 0
        with installation.lookout("paris") as doubting:
            wait_until(lambda: "certificate verify failed" in doubting.log.read_text("utf-8"))
