"""``/alerts escalate`` through the whole Vigie."""

from pathlib import Path

from tests.cogs.bot_fixture import BotFixture, run_with_bot


def test_it_says_who_is_called_when_and_where_and_what_is_missing(tmp_path: Path) -> None:
    async def scenario(fixture: BotFixture) -> None:
        role = fixture.role_id("On call")
        await fixture.set_channel("alerts")
        answer = await fixture.run("alerts escalate", after="15m", role=role)
        assert f"<@&{role}> is pinged below the alert" in answer.text
        assert "15 min" in answer.text
        general = fixture.sandbox.channel("general").id
        fixture.sandbox.admin.set_permissions("general", deny=["send_messages"])
        answer = await fixture.run("alerts escalate", after="2h", role=role, channel=general)
        assert f"in <#{general}>" in answer.text
        assert "Send Messages" in answer.text
        shown = await fixture.run("alerts show")
        assert "Escalation" in shown.text
        assert "2 h" in shown.text
        for refused in ("soon", "5s", "9d"):
            answer = await fixture.run("alerts escalate", after=refused, role=role)
            assert "15m" in answer.text or "30m" in answer.text
        off = await fixture.run("alerts escalate", after="off", role=role)
        assert "Nobody else is pinged" in off.text
        shown = await fixture.run("alerts show")
        assert "is called" not in shown.text

    run_with_bot(tmp_path, scenario)
