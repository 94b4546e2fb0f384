"""Embeds, components, modals and commands: the limits, one by one, without a server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.errors import ApiError, Form
from sandbox.rules import commands, components, message
from sandbox.rules.commands import check_command, is_name
from sandbox.rules.components import check_rows
from sandbox.rules.layout import check_layout, check_modal
from sandbox.rules.message import check_embeds, check_message

OPENAPI = Path(__file__).parents[3] / "shared" / "data" / "discord-openapi.json"


def complaints(check: Callable[[Any, Form], None], value: object) -> set[str]:
    """``path: CODE`` of everything a check says against a value."""
    try:
        check(value, form := Form())
        form.close()
    except ApiError as error:
        return set(_flat(error.body.get("errors", {}), ())) or {f"status: {error.status}"}
    return set()


def _flat(tree: dict[str, Any], path: tuple[str, ...]) -> list[str]:
    found = [f"{'.'.join(path)}: {one['code']}" for one in tree.get("_errors", ())]
    for key, child in tree.items():
        if key != "_errors":
            found += _flat(child, (*path, key))
    return found


FIELD = {"name": "n", "value": "v"}
SHIP = "\U0001f6a2"  # one character, two units of UTF-16


@pytest.mark.parametrize(
    ("embed", "expected"),
    [
        ({"title": "x" * 256, "description": "y" * 4096}, set()),
        ({"title": "x" * 257}, {"0.title: BASE_TYPE_MAX_LENGTH"}),
        ({"title": SHIP * 128, "description": SHIP * 2048}, set()),
        ({"title": SHIP * 129}, {"0.title: BASE_TYPE_MAX_LENGTH"}),
        ({"description": SHIP * 2049}, {"0.description: BASE_TYPE_MAX_LENGTH"}),
        (
            {"description": SHIP * 2000, "footer": {"text": SHIP * 1001}},
            {": MAX_EMBED_SIZE_EXCEEDED"},
        ),
        ({"description": "x" * 4097}, {"0.description: BASE_TYPE_MAX_LENGTH"}),
        ({"title": "t", "footer": {"text": "x" * 2049}}, {"0.footer.text: BASE_TYPE_MAX_LENGTH"}),
        ({"author": {"name": "x" * 257}}, {"0.author.name: BASE_TYPE_MAX_LENGTH"}),
        ({"fields": [FIELD] * 26}, {"0.fields: BASE_TYPE_MAX_LENGTH"}),
        ({"fields": [{"name": "n", "value": ""}]}, {"0.fields.0.value: BASE_TYPE_REQUIRED"}),
        ({"fields": [{"name": "n"}]}, {"0.fields.0.value: BASE_TYPE_REQUIRED"}),
        (
            {"fields": [{"name": "n" * 257, "value": "v" * 1025}]},
            {
                "0.fields.0.name: BASE_TYPE_BAD_LENGTH",
                "0.fields.0.value: BASE_TYPE_BAD_LENGTH",
            },
        ),
        ({"title": "t", "color": 0x1000000}, {"0.color: NUMBER_TYPE_MAX"}),
        ({"title": "t", "url": "ftp://x.y"}, {"0.url: URL_TYPE_INVALID_SCHEME"}),
        ({"title": "t", "url": "https://"}, {"0.url: URL_TYPE_INVALID_URL"}),
        ({"image": {"url": "attachment://a.png"}}, set()),
        ({"title": "t", "timestamp": "yesterday"}, {"0.timestamp: DATE_TIME_TYPE_PARSE"}),
        ({"title": "t", "timestamp": "2016-11-08T20:00:00+00:00"}, set()),
        ({"color": 1}, {"0.description: BASE_TYPE_REQUIRED"}),
    ],
)
def test_embeds_keep_their_limits(embed: object, expected: set[str]) -> None:
    assert complaints(check_embeds, [embed]) == expected


def test_embeds_are_summed_up_over_the_message() -> None:
    one = {"title": "t", "description": "x" * 2999}
    assert complaints(check_embeds, [one, one]) == set()
    assert complaints(check_embeds, [one, {**one, "title": "tt"}]) == {": MAX_EMBED_SIZE_EXCEEDED"}
    assert complaints(check_embeds, [{"title": "t"}] * 11) == {": BASE_TYPE_MAX_LENGTH"}


BUTTON = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
LINK = {"type": 2, "style": 5, "label": "Go", "url": "https://example.com"}


def row(*children: object) -> dict[str, object]:
    return {"type": 1, "components": list(children)}


def numbered(count: int) -> list[dict[str, Any]]:
    return [{**BUTTON, "custom_id": f"go{n}"} for n in range(count)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row(*numbered(5))], set()),
        ([row(*numbered(6))], {"0.components: BASE_TYPE_MAX_LENGTH"}),
        ([row(button) for button in numbered(6)], {": BASE_TYPE_MAX_LENGTH"}),
        ([row()], {"0.components: BASE_TYPE_MIN_LENGTH"}),
        ([BUTTON], {"0.type: UNION_TYPE_CHOICES"}),
        ([{"type": 10, "content": "x"}], {"0.type: UNION_TYPE_CHOICES"}),
        ([row({**BUTTON, "custom_id": None})], {"0.components.0.custom_id: BASE_TYPE_REQUIRED"}),
        (
            [row(BUTTON, BUTTON)],
            {"0.components.1.custom_id: COMPONENT_CUSTOM_ID_DUPLICATED"},
        ),
        (
            [row({**BUTTON, "custom_id": "x" * 101})],
            {"0.components.0.custom_id: BASE_TYPE_BAD_LENGTH"},
        ),
        ([row({**BUTTON, "label": "x" * 81})], {"0.components.0.label: BASE_TYPE_MAX_LENGTH"}),
        ([row({**BUTTON, "label": None})], {"0.components.0: BUTTON_COMPONENT_REQUIRED"}),
        ([row({**BUTTON, "style": 9})], {"0.components.0.style: NUMBER_TYPE_MAX"}),
        ([row({**BUTTON, "emoji": {"name": "🔔"}})], set()),
        (
            [row({**BUTTON, "emoji": {"name": "bell"}})],
            {"0.components.0.emoji.name: COMPONENT_INVALID_EMOJI"},
        ),
        ([row(LINK)], set()),
        (
            [row({**LINK, "custom_id": "x"})],
            {"0.components.0: BUTTON_COMPONENT_CUSTOM_ID_URL_EXCLUSIVE"},
        ),
        ([row({**LINK, "url": None})], {"0.components.0.url: BASE_TYPE_REQUIRED"}),
        (
            [row({**LINK, "url": f"https://x.y/{'x' * 512}"})],
            {"0.components.0.url: BASE_TYPE_BAD_LENGTH"},
        ),
        (
            [row({"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "a"}] * 2})],
            {"0.components.0.options.1.value: SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"},
        ),
        (
            [row({"type": 3, "custom_id": "s", "options": []})],
            {"0.components.0.options: BASE_TYPE_MIN_LENGTH"},
        ),
        (
            [
                row(
                    {
                        "type": 8,
                        "custom_id": "s",
                        "default_values": [{"id": "1", "type": "channel"}],
                    }
                )
            ],
            set(),
        ),
        (
            [row({"type": 8, "custom_id": "s", "default_values": [{"id": "1", "type": "role"}]})],
            {"0.components.0.default_values.0.type: BASE_TYPE_CHOICES"},
        ),
        (
            [row({"type": 6, "custom_id": "s", "default_values": [{"id": 1, "type": "role"}] * 2})],
            {"0.components.0.default_values: BASE_TYPE_MAX_LENGTH"},
        ),
        (
            [row({"type": 8, "custom_id": "s"}, BUTTON)],
            {"0.components: COMPONENT_LAYOUT_WIDTH_EXCEEDED"},
        ),
    ],
)
def test_rows_keep_their_limits(rows: object, expected: set[str]) -> None:
    assert complaints(check_rows, rows) == expected


TEXT = {"type": 10, "content": "words"}


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ([{"type": 17, "components": [TEXT, row(BUTTON), {"type": 14}]}], set()),
        ([{"type": 9, "components": [TEXT], "accessory": BUTTON}], set()),
        ([{"type": 9, "components": [TEXT]}], {"0.accessory: BASE_TYPE_REQUIRED"}),
        ([BUTTON], {"0.type: UNION_TYPE_CHOICES"}),
        ([{"type": 17, "components": [{"type": 17}]}], {"0.components.0.type: UNION_TYPE_CHOICES"}),
        ([{"type": 10, "content": " "}], {"0.content: BASE_TYPE_REQUIRED"}),
        (
            [{"type": 10, "content": SHIP * 1001}] * 2,
            {": COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"},
        ),
        ([{"type": 10, "content": "x" * 2001}] * 2, {": COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"}),
        ([{"type": 10, "content": "字" * 3400}], {"status: 500"}),
        (
            [{"type": 12, "items": [{"media": {"url": "file:///x"}}]}],
            {"0.items.0.media.url: URL_TYPE_INVALID_SCHEME"},
        ),
        (
            [{"type": 17, "components": [TEXT] * 40}],
            {": COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"},
        ),
        ([TEXT] * 40, set()),
    ],
)
def test_layouts_keep_their_limits(layout: object, expected: set[str]) -> None:
    assert complaints(check_layout, layout) == expected


def test_layout_parts_need_the_flag_and_refuse_the_old_fields() -> None:
    def check(value: Any, form: Form) -> None:
        check_message(value, form, files=0)

    assert complaints(check, {"components": [TEXT], "flags": 1 << 15}) == set()
    assert complaints(check, {"components": [TEXT]}) == {"components.0.type: UNION_TYPE_CHOICES"}
    both = {"components": [TEXT], "flags": 1 << 15, "content": "x"}
    assert complaints(check, both) == {
        "content: MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
    }


SELECT = {"type": 8, "custom_id": "s", "min_values": 0}
INPUT = {"type": 4, "custom_id": "i", "style": 1, "label": "Name"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"title": "x" * 46}, {"title: BASE_TYPE_BAD_LENGTH"}),
        ({"custom_id": ""}, {"custom_id: BASE_TYPE_REQUIRED"}),
        (
            {"components": [row({**INPUT, "label": "x" * 46})]},
            {"components.0.components.0.label: BASE_TYPE_BAD_LENGTH"},
        ),
        ({"components": [row(INPUT)] * 6}, None),
        ({"components": [{"type": 18, "label": "Name", "component": INPUT}, TEXT]}, set()),
        ({"components": [row(BUTTON)]}, None),
        ({"components": [row({**INPUT, "max_length": 4, "value": "\U0001f600" * 2})]}, set()),
        (
            {"components": [row({**INPUT, "max_length": 4, "value": "\U0001f600" * 3})]},
            {"components.0.components.0.value: BASE_TYPE_MAX_LENGTH"},
        ),
        (
            {
                "components": [
                    {"type": 18, "label": "l", "component": {**SELECT, "required": False}},
                    {"type": 18, "label": "l", "component": {**SELECT, "custom_id": "t"}},
                ]
            },
            {"components.1.component.min_values: SELECT_COMPONENT_REQUIRED_MIN_VALUES"},
        ),
        (
            {"components": [{"type": 10, "content": "x" * 4001}]},
            {"components.0.content: BASE_TYPE_BAD_LENGTH"},
        ),
    ],
)
def test_modals_keep_their_limits(changes: dict[str, Any], expected: set[str] | None) -> None:
    found = complaints(
        check_modal, {"title": "t", "custom_id": "m", "components": [row(INPUT)], **changes}
    )
    assert found if expected is None else found == expected


COMMAND = {"name": "watch", "description": "Watch", "type": 1}
OPTION = {"type": 3, "name": "url", "description": "Address"}
SUB = {"type": 1, "name": "add", "description": "Add"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"default_member_permissions": 32, "contexts": [0], "integration_types": [0]}, set()),
        ({"name": "Watch"}, {"name: APPLICATION_COMMAND_INVALID_NAME"}),
        ({"name": "two words"}, {"name: APPLICATION_COMMAND_INVALID_NAME"}),
        ({"name": "x" * 33}, {"name: APPLICATION_COMMAND_INVALID_NAME"}),
        ({"description": ""}, {"description: BASE_TYPE_REQUIRED"}),
        ({"description": None}, {"description: BASE_TYPE_REQUIRED"}),
        ({"description": "x" * 101}, {"description: BASE_TYPE_BAD_LENGTH"}),
        ({"name_localizations": {"fr": "surveiller"}}, set()),
        (
            {"name_localizations": {"fr": "Surveiller"}},
            {"name_localizations.fr: APPLICATION_COMMAND_INVALID_NAME"},
        ),
        ({"name_localizations": {"xx": "a"}}, {"name_localizations.xx: ENUM_TYPE_COERCE"}),
        (
            {"description_localizations": {"fr": "x" * 101}},
            {"description_localizations.fr: BASE_TYPE_BAD_LENGTH"},
        ),
        ({"options": [{**OPTION, "name": f"o{n}"} for n in range(26)]}, None),
        (
            {"options": [OPTION, {**OPTION, "name": "b", "required": True}]},
            {"options.1: APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"},
        ),
        (
            {"options": [OPTION, OPTION]},
            {"options.1.name: APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE"},
        ),
        (
            {
                "options": [
                    {**OPTION, "name_localizations": {"fr": "nom"}},
                    {**OPTION, "name": "b", "name_localizations": {"fr": "nom"}},
                ]
            },
            {"options.1.name_localizations.fr: APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE"},
        ),
        (
            {"options": [OPTION, {**OPTION, "name": "b", "name_localizations": {"fr": "url"}}]},
            {"options.1.name_localizations.fr: APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE"},
        ),
        (
            {"options": [{**OPTION, "choices": [{"name": "\U0001f600" * 51, "value": "v"}]}]},
            {"options.0.choices.0.name: BASE_TYPE_MAX_LENGTH"},
        ),
        (
            {"options": [SUB, OPTION]},
            {"options: APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"},
        ),
        (
            {"options": [{**SUB, "options": [SUB]}]},
            {"options.0.options.0.type: APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"},
        ),
        (
            {"options": [{**SUB, "type": 2, "options": [{**SUB, "options": [OPTION]}]}]},
            set(),
        ),
        (
            {"options": [{**OPTION, "name": "Url"}]},
            {"options.0.name: APPLICATION_COMMAND_INVALID_NAME"},
        ),
        (
            {"options": [{**OPTION, "choices": [{"name": "a", "value": 1}]}]},
            {"options.0.choices.0.value: STRING_TYPE_CONVERT"},
        ),
        (
            {
                "options": [
                    {**OPTION, "choices": [{"name": str(n), "value": "v"} for n in range(26)]}
                ]
            },
            {"options.0.choices: BASE_TYPE_MAX_LENGTH"},
        ),
        (
            {"options": [{**OPTION, "type": 7, "autocomplete": True}]},
            {"options.0.autocomplete: APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID"},
        ),
        ({"contexts": [3]}, {"contexts.0: NUMBER_TYPE_MAX"}),
        (
            {
                "options": [
                    {
                        **OPTION,
                        "name": f"o{n}",
                        "choices": [{"name": str(m) * 50, "value": "v" * 100} for m in range(9)],
                    }
                    for n in range(9)
                ]
            },
            {": APPLICATION_COMMAND_TOO_LARGE"},
        ),
    ],
)
def test_commands_keep_their_limits(changes: dict[str, Any], expected: set[str] | None) -> None:
    found = complaints(check_command, {**COMMAND, **changes})
    assert found if expected is None else found == expected


@pytest.mark.parametrize("name", ["watch", "état", "見張り", "ดู", "a-b_c'd", "पहरा", "x" * 32])
def test_names_in_any_script_are_taken(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "Watch", "a b", "a!", "🔔", "x" * 33, "a\n", None])
def test_other_names_are_not(name: object) -> None:
    assert not is_name(name)


WORDS = st.sampled_from(
    [
        "type",
        "components",
        "custom_id",
        "label",
        "options",
        "name",
        "value",
        "choices",
        "description",
        "embeds",
        "fields",
        "title",
        "content",
        "flags",
        "url",
        "image",
        "media",
        "items",
        "accessory",
        "component",
        "style",
        "emoji",
        "id",
        "min_values",
        "nonce",
        "allowed_mentions",
        "parse",
        "users",
        "attachments",
        "message_reference",
        "footer",
        "text",
        "author",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers(-3, 40000) | st.text(max_size=3) | st.floats(0, 9)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(ANYTHING)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_body_breaks_a_check(value: object) -> None:
    def message(body: object, form: Form) -> None:
        check_message(form.mapping(body), form, files=0)

    def modal(body: object, form: Form) -> None:
        check_modal(form.mapping(body), form)

    for check in (check_embeds, check_rows, check_layout, check_command, message, modal):
        complaints(check, value)


@pytest.mark.skipif(not OPENAPI.exists(), reason="Discord's OpenAPI file is not here")
def test_the_limits_agree_with_discords_own_description() -> None:
    schemas = json.loads(OPENAPI.read_text())["components"]["schemas"]

    def limit(schema: str, key: str, bound: str = "maxLength") -> int:
        return int(schemas[schema]["properties"][key][bound])

    assert limit("RichEmbed", "title") == message.MAX_TITLE
    assert limit("RichEmbed", "description") == message.MAX_DESCRIPTION
    assert limit("RichEmbed", "fields", "maxItems") == message.MAX_FIELDS
    assert limit("RichEmbedField", "value") == message.MAX_FIELD_VALUE
    assert limit("RichEmbedFooter", "text") == message.MAX_FOOTER
    assert limit("ButtonComponentForMessageRequest", "custom_id") == components.MAX_CUSTOM_ID
    assert limit("ButtonComponentForMessageRequest", "label") == components.MAX_LABEL
    create = "ApplicationCommandCreateRequest"
    assert limit(create, "name") == commands.MAX_NAME
    assert limit(create, "description") == commands.MAX_DESCRIPTION
    assert limit(create, "options", "maxItems") == commands.MAX_OPTIONS
