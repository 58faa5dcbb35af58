"""All bad inputs that a command is given, by the part of the program that reads them."""

from collections.abc import Mapping

from tests.bad_inputs import commands, configs, replays
from tests.bad_inputs.rows import Command

TABLES: Mapping[str, tuple[Command, ...]] = {
    "Configuration files": (*configs.FILES, *configs.SYNTAX),
    "Settings": (*configs.NAMES, *configs.VALUES, *configs.SESSIONS),
    "Flags and environment": (*configs.FLAGS, *configs.ENVIRONMENT),
    "Command lines": (*commands.USAGE, *commands.NOBODY_THERE),
    "Starts of the daemon": (*commands.STATE, *commands.RECORDINGS),
    "Recordings": (*replays.HEADERS, *replays.ROWS_OF_TICKS, *replays.FILES),
    "Trades": (*replays.LINES, *replays.KEYS, *replays.LEVELS, *replays.REFUSED),
    "Instruments": replays.INSTRUMENTS,
}
