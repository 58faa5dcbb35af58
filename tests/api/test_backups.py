"""An admin has a backup made, and is told which, or why there is none."""

from tests.api.world import TRADE_KEY

BACKUP = "/api/v1/backup"


async def test_a_backup_is_made_and_named(world):
    async with world.client() as client:
        answer = await client.post(BACKUP)
    assert answer.status_code == 200
    assert answer.json()["data"] == {
        "file": "tradebot-00000001.db",
        "at": "2026-01-05T03:45:00Z",
        "bytes": 4096,
        "frame": 7,
    }


async def test_why_there_is_none_is_told(world):
    world.no_backup = "the disk is full"
    async with world.client() as client:
        answer = await client.post(BACKUP)
    assert (answer.status_code, answer.json()["error_code"]) == (503, "store_failed")
    assert answer.json()["message"] == "the disk is full"


async def test_it_takes_no_words_and_an_admin(world):
    async with world.client() as client:
        refused = await client.post(BACKUP, json={"file": "x"})
        assert (refused.status_code, refused.json()["details"]) == (400, {"field": "file"})
    async with world.client(key=TRADE_KEY) as client:
        assert (await client.post(BACKUP)).status_code == 403
