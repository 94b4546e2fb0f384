"""Game servers in Discord: how many play stands where people look."""

from pathlib import Path

from bot.services.history.period_report import Period
from tests.cogs.bot_fixture import BotFixture, run_with_bot, until
from tests.engine.game_servers import udp_server
from tests.engine.line_servers import SILENCE, line_server
from tests.engine.test_game_checkers import JAVA, pong


def test_players_stand_in_answers_and_version_and_world_on_cards(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        async with line_server([JAVA, SILENCE]) as java, udp_server(lambda p: [pong(p)]) as bedrock:
            url = f"minecraft://127.0.0.1:{java.port}"
            added = await fixture.run("watch add", url=url, name="Craft")
            assert "5/100 players" in added.content
            url = f"bedrock://127.0.0.1:{bedrock.port}"
            await fixture.run("watch add", url=url, name="Rock")
            tested = await fixture.run("watch test", monitor="Rock")
            assert "7/10 players · version 1.19.1 · map Bedrock level" in tested.text
            listed = await fixture.run("status")
            assert "5/100 players" in listed.text
            assert "Paper" not in listed.text
            card = await fixture.run("status", monitor="Craft")
            assert "5/100 players · version Paper 1.21.5" in card.text
            french = await fixture.run("status", monitor="Rock", locale="fr")
            assert "7/10 joueurs" in french.text

    run_with_bot(tmp_path, scenario)


def test_a_port_that_does_not_speak_the_game_is_down_and_says_so(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        async with line_server([b"220 mail\r\n", SILENCE]) as mail:
            url = f"minecraft://127.0.0.1:{mail.port}"
            added = await fixture.run("watch add", url=url, name="Craft")
            assert "answers in another protocol" in added.content
            refused = await fixture.run("watch add", url=url, name="Other", contains="creeper")
            assert "Only http:// and https:// have a page" in refused.content

    run_with_bot(tmp_path, scenario)


def test_how_many_play_is_kept_by_the_hour_where_it_is_wanted(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        async with udp_server(lambda p: [pong(p)]) as bedrock:
            url = f"bedrock://127.0.0.1:{bedrock.port}"
            await fixture.run("watch add", url=url, name="Rock", every=1, players=True)
            await fixture.run("watch add", url=url, name="Other", every=1)
            await until(lambda: len(bedrock.heard) > 4)
            await fixture.app.recorder.flush()
            history, monitors = fixture.app.services.history, fixture.app.monitors
            guild_id = fixture.guild_id
            for period in Period:
                rock = monitors.find(guild_id, "Rock")
                found = (await history.report(guild_id, rock.id, period)).players
                assert {(one.mean, one.most) for one in found} == {(7, 7)}
            other = monitors.find(guild_id, "Other")
            assert (await history.report(guild_id, other.id, Period.DAY)).players == ()
            past = await fixture.run("history", monitor="Rock")
            assert "7 on average · 7 at most" in past.text
            edited = await fixture.run("watch edit", monitor="Rock", players=False)
            assert "Changed: Players in pictures." in edited.content

    run_with_bot(tmp_path, scenario)


def test_only_games_have_players(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        refused = await fixture.run("watch add", url=fixture.site.url, players=True)
        assert refused.content == "Only game servers have players: leave out players."

    run_with_bot(tmp_path, scenario)
