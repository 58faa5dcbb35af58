"""The route of the backups: an admin has one made now."""

from datetime import UTC, datetime

from litestar import post
from litestar.handlers import HTTPRouteHandler

from tradebot.api.answers import Reply, answer
from tradebot.api.errors import Asked
from tradebot.api.halts import Door
from tradebot.api.keys import Scope
from tradebot.core.words.fields import json_object
from tradebot.services.backups import BackupSchedule


def backup_routes(backups: BackupSchedule, door: Door) -> list[HTTPRouteHandler]:
    """Return the routes of the backups."""

    @post("/api/v1/backup")
    async def backup(request: Asked) -> Reply:
        json_object(await door.body(request, Scope.ADMIN), (), "backup")
        made = await backups.make()
        at = datetime.fromtimestamp(made.at_ns // 1_000_000_000, UTC)
        return answer(
            {
                "file": made.name,
                "at": at.isoformat().replace("+00:00", "Z"),
                "bytes": made.size,
                "frame": made.frame,
            }
        )

    return [backup]
