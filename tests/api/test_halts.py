"""Who may trade may stop; only an admin stops the exits too, and only an admin releases."""

import pytest

from tests.api.world import KEY, LONG, READ_KEY, TRADE_KEY
from tradebot.core.leaving.halt import Form

HALT = "/api/v1/halt"
RELEASE = "/api/v1/release"


async def asked(world, key, method, path, **body):
    async with world.client(key=key) as client:
        return await client.request(method, path, json=body or None)


@pytest.mark.parametrize(
    ("key", "form", "status"),
    [
        (READ_KEY, "entries", 403),
        (TRADE_KEY, "entries", 200),
        (TRADE_KEY, "flatten", 200),
        (TRADE_KEY, "everything", 403),
        (KEY, "everything", 200),
    ],
)
async def test_a_form_is_set_by_whom_it_is_given_to(world, key, form, status):
    answer = await asked(world, key, "POST", HALT, form=form, why="fear")
    assert answer.status_code == status
    assert world.book.halt.form == (Form(form) if status == 200 else None)
    if status == 403 and key == TRADE_KEY:
        assert answer.json()["details"] == {"needed": "admin"}


@pytest.mark.parametrize(("key", "status"), [(READ_KEY, 403), (TRADE_KEY, 403), (KEY, 200)])
async def test_only_an_admin_releases(world, key, status):
    await world.halts.halt(Form.ENTRIES, "lunch")
    answer = await asked(world, key, "POST", RELEASE, why="back")
    assert answer.status_code == status
    assert (world.book.halt.form is None) == (status == 200)


async def test_everybody_with_a_key_sees_what_is_halted(world):
    empty = (await asked(world, READ_KEY, "GET", HALT)).json()["data"]
    assert empty == {"form": None, "why": None, "at": None, "exits_waiting": 0}
    made = (await asked(world, TRADE_KEY, "POST", HALT, form="flatten", why="fear")).json()["data"]
    assert (await asked(world, READ_KEY, "GET", HALT)).json()["data"] == made
    assert (made["form"], made["why"]) == ("flatten", "fear")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"form": "entries"}, "why"),
        ({"why": "x"}, "form"),
        ({"form": "all", "why": "x"}, "form"),
        ({"form": "entries", "why": ""}, "why"),
        ({"form": "entries", "why": "x" * 201}, "why"),
        ({"form": "entries", "why": "a\nb"}, "why"),
        ({"form": "entries", "why": "x", "until": "noon"}, "until"),
        ({"form": ["entries"], "why": "x"}, "form"),
    ],
)
async def test_a_halt_names_its_form_and_its_reason(world, body, field):
    answer = await asked(world, KEY, "POST", HALT, **body)
    assert (answer.status_code, answer.json()["details"]) == (400, {"field": field})
    assert world.book.halt.form is None


async def test_what_cannot_be_done_as_things_stand_is_a_conflict(world):
    answer = await asked(world, KEY, "POST", RELEASE, why="x")
    assert (answer.status_code, answer.json()["message"]) == (409, "nothing is halted")
    await asked(world, KEY, "POST", HALT, form="everything", why="x")
    milder = await asked(world, KEY, "POST", HALT, form="entries", why="x")
    assert milder.status_code == 409
    refused = await asked(world, KEY, "POST", "/api/v1/createtrade", **LONG)
    assert (refused.status_code, refused.json()["details"]) == (409, {"field": "halt"})


async def test_who_halted_what_is_in_the_audit(world):
    await asked(world, TRADE_KEY, "POST", HALT, form="everything", why="x")
    await asked(world, KEY, "POST", HALT, form="flatten", why="x")
    lines = [fields for name, _, fields in world.said if name == "api.audit"]
    told = [(line["who"], line["form"], line["outcome"]) for line in lines]
    assert told == [("trader", "everything", "forbidden"), ("test", "flatten", "success")]


async def test_ready_is_degraded_while_halted_and_says_why(world):
    await world.halts.halt(Form.FLATTEN, "margin call")
    ready = (await asked(world, None, "GET", "/ready")).json()["data"]
    assert ready["state"] == "degraded"
    assert ready["reasons"] == ["halted (flatten): margin call"]
