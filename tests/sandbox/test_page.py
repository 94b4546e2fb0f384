"""The sandbox's page in a real browser: what a stranger sees and does."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import aiohttp
import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, Route, expect

from sandbox import Sandbox
from tests.sandbox.raw import Rest
from tests.sandbox.sample_bot import running

pytestmark = pytest.mark.browser

T = TypeVar("T")
Json = dict[str, Any]
ATTACK = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script>"
LIGHT = "rgb(255, 255, 255)"


class Stage:
    """A sandbox with the sample bot, on a loop of its own: the browser's test blocks its thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="stage")
        self._parts = AsyncExitStack()

    def run(self, work: Coroutine[Any, Any, T], timeout_s: float = 15.0) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout_s)

    def open(self) -> None:
        self._thread.start()
        self.run(self._enter())

    async def _enter(self) -> None:
        self.sandbox = await self._parts.enter_async_context(Sandbox())
        await self._parts.enter_async_context(running(self.sandbox))
        session = await self._parts.enter_async_context(aiohttp.ClientSession())
        self.rest = Rest(self.sandbox, session)

    def close(self) -> None:
        self.run(self._parts.aclose())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def send(self, channel: str = "alerts", **body: object) -> Json:
        """The bot posts a message."""
        response = self.run(self.rest.send(body, channel))
        assert response.status == 200, response.body
        return dict(response.body)

    def say(self, text: str) -> None:
        """The member writes into the alert channel."""

        async def write() -> None:
            self.sandbox.say("Member", "alerts", text)
            await asyncio.sleep(0)

        self.run(write())

    def edit(self, message: Json, **body: object) -> None:
        path = f"/channels/{message['channel_id']}/messages/{message['id']}"
        assert self.run(self.rest.ask("PATCH", path, body)).status == 200


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    made.open()
    yield made
    made.close()


@pytest.fixture
def shown(stage: Stage, page: Page) -> Page:
    """The page, open on the alert channel and live."""
    page.goto(stage.sandbox.url)
    expect(page.locator("body[data-live=true]")).to_be_visible()
    return page


def type_command(page: Page, *steps: str) -> None:
    """Type into the composer, then into what gets the focus, with Enter after each step."""
    page.locator("#composer").click()
    for step in steps:
        page.keyboard.type(step)
        page.keyboard.press("Enter")


def offered(page: Page) -> Locator:
    """The open list above the composer."""
    return page.get_by_role("listbox").get_by_role("option")


def test_the_page_opens_on_the_alert_channel_and_says_who_is_there(shown: Page) -> None:
    expect(shown).to_have_title("#alerts · Harbour · Vigie")
    expect(shown.get_by_role("heading", name="Harbour")).to_be_visible()
    expect(shown.locator(".channel-row")).to_have_text(["alerts", "general", "news"])
    expect(shown.locator("#bot-state")).to_contain_text("online")
    expect(shown.locator("#user option")).to_have_text(["Admin", "Moderator", "Member"])


def test_a_message_appears_by_itself_with_its_embed_and_buttons(stage: Stage, shown: Page) -> None:
    button = {"type": 2, "style": 1, "label": "Details", "custom_id": "details"}
    sent = stage.send(
        content="🔴 DOWN · Shop · HTTP 503 (3 of 3 checks)",
        embeds=[{"title": "Shop is down", "fields": [{"name": "Since", "value": "<t:0:D>"}]}],
        components=[{"type": 1, "components": [button]}],
    )
    item = shown.locator(f"li.message[data-id='{sent['id']}']")
    expect(item).to_contain_text("🔴 DOWN · Shop · HTTP 503 (3 of 3 checks)")
    expect(item).to_have_attribute("data-author", "Vigie")
    expect(item.locator(".embed-title")).to_have_text("Shop is down")
    expect(item.locator("time.timestamp")).to_contain_text("19")
    expect(item.get_by_role("button", name="Details")).to_be_enabled()


def test_foreign_text_stays_text(stage: Stage, shown: Page) -> None:
    sent = stage.send(
        content=f"{ATTACK} [x](javascript:alert(1)) [https://a.example](https://b.example)",
        embeds=[{"title": ATTACK, "description": ATTACK, "footer": {"text": ATTACK}}],
    )
    item = shown.locator(f"li.message[data-id='{sent['id']}']")
    expect(item.locator(".content")).to_contain_text(ATTACK)
    expect(item.locator(".embed-title")).to_have_text(ATTACK)
    expect(item.locator(".content a")).to_have_count(0)
    expect(item.locator("img, script")).to_have_count(0)
    assert shown.evaluate("window.pwned") is None


def test_markdown_is_drawn_as_discord_draws_it(stage: Stage, shown: Page) -> None:
    inline = "**b** *i* __u__ ~~s~~ `**c**` \\*no\\* snake_case_name [l](https://l.example)"
    text = f"{inline}\n- one\n- two\n> q"
    item = shown.locator(f"li.message[data-id='{stage.send(content=text)['id']}'] .content")
    for tag, words in {"strong": "b", "em": "i", "u": "u", "s": "s", "code": "**c**"}.items():
        expect(item.locator(tag)).to_have_text(words)
    expect(item).to_contain_text("*no* snake_case_name")
    expect(item.locator("a")).to_have_attribute("href", "https://l.example/")
    expect(item.locator("ul li")).to_have_text(["one", "two"])
    expect(item.locator("blockquote")).to_have_text("q")


def test_only_a_real_ping_is_shown_as_one(stage: Stage, shown: Page) -> None:
    roles = stage.sandbox.world.guild("Harbour").roles.values()
    role = next(role for role in roles if role.name == "On call")
    stage.sandbox.admin.give_role("Harbour", "Admin", role)
    shown.reload()
    quiet = stage.send(content=f"<@&{role.id}>", allowed_mentions={"parse": []})
    loud = stage.send(content=f"<@&{role.id}>", allowed_mentions={"roles": [role.id]})
    pill = "li.message[data-id='{}'] .mention"
    expect(shown.locator(pill.format(loud["id"]))).to_have_text("@On call")
    expect(shown.locator(pill.format(loud["id"]))).to_have_attribute("data-pinged", "true")
    assert shown.locator(pill.format(quiet["id"])).get_attribute("data-pinged") is None
    expect(shown.locator("li.message.for-me")).to_have_attribute("data-id", loud["id"])


def test_an_edit_changes_the_message_in_its_place(stage: Stage, shown: Page) -> None:
    sent = stage.send(content="🟡 UNSTABLE · Shop")
    item = shown.locator(f"li.message[data-id='{sent['id']}']")
    expect(item).to_contain_text("UNSTABLE")
    stage.edit(sent, content="🔴 DOWN · Shop")
    expect(item.locator(".content")).to_have_text("🔴 DOWN · Shop (edited)")
    expect(shown.locator("li.message")).to_have_count(1)


def test_a_reply_leads_back_to_its_message(stage: Stage, shown: Page) -> None:
    first = stage.send(content="🔴 DOWN · Shop")
    for number in range(30):
        stage.say(f"line {number}")
    stage.send(
        content="🟢 UP · Shop",
        flags=1 << 12,
        message_reference={"message_id": first["id"]},
    )
    answer = shown.locator("li.message").last
    expect(answer.locator(".reply")).to_contain_text("Vigie 🔴 DOWN · Shop")
    expect(answer.get_by_role("img", name="Sent silently")).to_be_visible()
    expect(answer).to_be_in_viewport()
    answer.locator(".reply-go").click()
    expect(shown.locator(f"li.message[data-id='{first['id']}']")).to_be_in_viewport()


def test_the_composer_finds_a_command_and_asks_for_its_options(stage: Stage, shown: Page) -> None:
    shown.locator("#composer").click()
    shown.keyboard.type("/wat")
    expect(offered(shown)).to_have_text(
        ["/watch add urlAdd one", "/watch remove monitorRemove one"]
    )
    shown.keyboard.press("Enter")
    shown.keyboard.type("shop.example")
    shown.keyboard.press("Tab")
    shown.keyboard.type("every")
    shown.keyboard.press("Enter")
    shown.keyboard.type("5")
    shown.keyboard.press("Enter")
    expect(shown.locator("#composer-error")).to_have_text("every: Enter a number from 30 to 3600.")
    shown.locator("[data-option=every]").fill("90")
    shown.keyboard.press("Enter")
    answer = shown.locator("li.message[data-ephemeral=true]")
    expect(answer).to_contain_text("shop.example 90 None None")
    expect(answer).to_contain_text("Only you can see this")
    expect(shown.locator("#composer")).to_be_focused()


def test_a_monitor_is_completed_by_the_bot_while_typing(stage: Stage, shown: Page) -> None:
    type_command(shown, "/watch remove")
    shown.keyboard.type("sh")
    expect(offered(shown)).to_have_text(["Shop"])
    shown.keyboard.press("Enter")
    expect(shown.locator("[data-option=monitor]")).to_have_value("Shop")
    shown.keyboard.press("Enter")
    expect(shown.locator("li.message")).to_contain_text("removed shop")
    expect(shown.locator("li.message")).to_contain_text("Admin used /watch remove")


def test_a_whole_line_can_be_typed_key_by_key_with_the_names_of_its_options(shown: Page) -> None:
    shown.locator("#composer").click()
    shown.keyboard.type("/watch add url:shop.example")
    expect(shown.locator("[data-option=url]")).to_have_value("shop.example")
    shown.keyboard.press("Enter")
    expect(shown.locator("li.message[data-ephemeral=true]")).to_contain_text("shop.example 60")
    shown.locator("#composer").click()
    shown.keyboard.type("/watch remove monitor:sh")
    expect(offered(shown)).to_have_text(["Shop"])


def test_another_option_can_be_begun_within_the_field_of_one(shown: Page) -> None:
    shown.locator("#composer").click()
    shown.keyboard.type("/watch add shop.example/a b every:90")
    expect(shown.locator("[data-option=url]")).to_have_value("shop.example/a b")
    expect(shown.locator("[data-option=every]")).to_have_value("90")
    shown.keyboard.press("Enter")
    answer = shown.locator("li.message[data-ephemeral=true]")
    expect(answer).to_contain_text("shop.example/a b 90 None")


def test_the_name_of_an_option_is_understood_in_either_language(shown: Page) -> None:
    typed = """async (text) => {
        const { Field } = await import("/page/field.js");
        const names = { name: "every", name_localizations: { fr: "toutes" } };
        const host = { list: {}, showHelp() {}, complain() {} };
        const { input } = new Field({ type: 3, description: "", ...names }, host);
        input.value = text;
        input.dispatchEvent(new Event("input"));
        return input.value;
    }"""
    assert shown.evaluate(typed, "every:5 m") == "5 m"
    assert shown.evaluate(typed, "Toutes:5 m") == "5 m"
    assert shown.evaluate(typed, "other:5 m") == "other:5 m"


def test_a_file_and_a_channel_go_with_a_command(shown: Page) -> None:
    shown.locator("#composer").fill("/watch add url:x.example channel:#news file:")
    file = FilePayload(name="list.json", mimeType="application/json", buffer=b"[1, 2]")
    shown.locator("[data-option=file]").set_input_files(file)
    shown.locator("#composer").press("Enter")
    expect(shown.locator("li.message[data-ephemeral=true]")).to_contain_text(
        "x.example 60 news None [1, 2]"
    )


def test_an_ephemeral_answer_is_only_for_its_user(stage: Stage, shown: Page) -> None:
    type_command(shown, "/watch add", "a.example", "")
    answer = shown.locator("li.message[data-ephemeral=true]")
    expect(answer).to_be_visible()
    shown.get_by_label("You are").select_option("Moderator")
    expect(answer).to_have_count(0)
    shown.get_by_label("You are").select_option("Admin")
    expect(answer).to_be_visible()
    answer.get_by_role("button", name="Dismiss message").click()
    expect(answer).to_have_count(0)


def test_commands_a_member_may_not_use_are_not_offered(shown: Page) -> None:
    shown.get_by_label("You are").select_option("Member")
    shown.locator("#composer").fill("/")
    expect(offered(shown).first).to_contain_text("/ask")
    expect(offered(shown).filter(has_text="watch")).to_have_count(0)


def test_a_button_is_pressed_and_answered(shown: Page) -> None:
    type_command(shown, "/hello name:Ada", "")
    shown.get_by_role("button", name="Echo ahoy").click()
    expect(shown.locator("li.message[data-ephemeral=true]")).to_contain_text("echo ahoy")


def test_a_modal_is_filled_and_sent(shown: Page) -> None:
    type_command(shown, "/ask", "")
    dialog = shown.get_by_role("dialog", name="Who are you?")
    dialog.get_by_label("Name").fill("Ada")
    dialog.get_by_role("button", name="Submit").click()
    expect(shown.locator("li.message")).to_contain_text("Hello Ada")
    expect(dialog).to_have_count(0)


def test_silence_and_refusals_are_said(stage: Stage, shown: Page) -> None:
    stage.sandbox.settings.first_answer_s = 0.1
    type_command(shown, "/silent", "")
    expect(shown.get_by_text("The application did not respond")).to_be_visible()
    type_command(shown, "/nonsense")
    expect(shown.locator("#composer-error")).to_contain_text("There is no such command")


def test_the_page_comes_back_by_itself_when_the_sandbox_does(stage: Stage, shown: Page) -> None:
    port = stage.sandbox.port
    stage.run(stage.sandbox.stop())
    expect(shown.locator("#connection")).to_contain_text("Connection to the sandbox lost")
    stage.run(stage.sandbox.start(port))
    expect(shown.locator("#connection")).to_be_hidden()
    stage.say("back again")
    expect(shown.locator("li.message")).to_contain_text("back again")


def test_nothing_is_fetched_from_outside(stage: Stage, browser: Browser) -> None:
    foreign: list[str] = []

    def judge(route: Route) -> None:
        if not route.request.url.startswith((stage.sandbox.url, "data:")):
            foreign.append(route.request.url)
        route.continue_()

    page = browser.new_page()
    page.route("**/*", judge)
    page.goto(stage.sandbox.url)
    stage.send(embeds=[{"title": "x", "image": {"url": "https://pictures.example/a.png"}}])
    expect(page.locator(".embed")).to_be_visible()
    page.close()
    assert foreign == []


def test_a_phone_shows_the_messages_and_hides_the_sidebar(stage: Stage, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{stage.sandbox.url}/?theme=light")
    stage.send(content="word " * 50, embeds=[{"title": "x" * 200}])
    expect(page.locator(".embed")).to_be_visible()
    expect(page.locator("#sidebar")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == LIGHT
    page.get_by_role("button", name="Channels and settings").click()
    page.get_by_role("button", name="general").click()
    expect(page).to_have_title("#general · Harbour · Vigie")
    expect(page.locator("#sidebar")).to_be_hidden()
    page.close()


def test_french_is_spoken_when_chosen(shown: Page) -> None:
    shown.get_by_label("Language").select_option("fr")
    expect(shown.locator("#composer")).to_have_attribute(
        "placeholder", "Tapez / pour lancer une commande dans #alerts"
    )
    expect(shown.locator("html")).to_have_attribute("lang", "fr")


def test_a_reader_who_scrolled_up_stays_there_and_is_reported(stage: Stage, shown: Page) -> None:
    for number in range(40):
        stage.say(f"line {number}")
    expect(shown.get_by_text("line 39")).to_be_in_viewport()
    shown.locator("#scroller").evaluate("node => node.scrollTop = 0")
    expect(shown.get_by_text("line 0", exact=True)).to_be_in_viewport()
    stage.say("the newest")
    jump = shown.get_by_role("button", name="New messages")
    expect(jump).to_be_visible()
    expect(shown.get_by_text("the newest")).not_to_be_in_viewport()
    jump.click()
    expect(shown.get_by_text("the newest")).to_be_in_viewport()


def test_a_select_is_used_with_the_keyboard_and_a_failure_is_said(
    stage: Stage, shown: Page
) -> None:
    stage.sandbox.settings.first_answer_s = 0.1
    options = [{"label": name, "value": name.lower()} for name in ("Day", "Week", "Month")]
    select = {"type": 3, "custom_id": "period", "placeholder": "Period", "options": options}
    stage.send(content="history", components=[{"type": 1, "components": [select]}])
    owner = shown.get_by_role("combobox", name="Period")
    owner.focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        shown.keyboard.press(key)
    expect(owner).to_have_text("Week")
    expect(shown.locator("li.message")).to_contain_text("This interaction failed")


def test_a_board_of_components_v2_is_drawn(stage: Stage, shown: Page) -> None:
    details = {"type": 2, "style": 2, "label": "Details", "custom_id": "d"}
    section = {
        "type": 9,
        "components": [{"type": 10, "content": "🔴 DOWN **Shop**"}],
        "accessory": details,
    }
    parts = [{"type": 10, "content": "## Harbour"}, {"type": 14}, section]
    stage.send(
        flags=1 << 15, components=[{"type": 17, "accent_color": 0xDA373C, "components": parts}]
    )
    board = shown.locator(".v2-container")
    expect(board.get_by_role("heading", name="Harbour")).to_be_visible()
    expect(board.locator("strong")).to_have_text("Shop")
    expect(board.get_by_role("button", name="Details")).to_be_visible()


def test_a_link_to_a_message_is_a_chip_that_goes_there(stage: Stage, shown: Page) -> None:
    first = stage.send(content="the first one")
    channel_id = first["channel_id"]
    stage.send("general", content=f"see https://discord.com/channels/1/{channel_id}/{first['id']}")
    shown.locator(".channel-row[data-channel=general]").click()
    shown.get_by_role("button", name="#alerts › 💬").click()
    expect(shown).to_have_title("#alerts · Harbour · Vigie")


def test_a_role_made_later_is_shown_by_its_name(stage: Stage, shown: Page) -> None:
    async def make() -> str:
        return stage.sandbox.admin.add_role("Harbour", "Night shift", mentionable=True).id

    sent = stage.send(content=f"<@&{stage.run(make())}>")
    expect(shown.locator(f"li.message[data-id='{sent['id']}']")).to_contain_text("@Night shift")
