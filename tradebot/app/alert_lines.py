"""Which lines of the log a person is alerted of: what no event of the engine tells.

Events make alerts of their own (core/alerting/alert_rules.py). What only a line tells is the
daemon's: its disks, its files, its tasks, the broker's door.
"""

from collections.abc import Mapping
from typing import NamedTuple

from tradebot.core.alerting.alerts import Category, Change, Over, Raised, Severity

_INFO, _WARNING, _CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL


class Line(NamedTuple):
    """What becomes of a line; the words in braces are its fields."""

    severity: Severity
    text: str
    lasts: str = ""  # the matter that holds from now on
    per: str = ""  # the field that tells one matter from another


LINES: Mapping[str, Line] = {
    "alerts.no_sink": Line(_WARNING, "no alert is sent by {sink}: {why}", per="sink"),
    "alerts.unread": Line(_WARNING, "earlier alerts cannot be read: {why}"),
    "api.failed": Line(_WARNING, "a request to {path} failed inside: {error}"),
    "api.wrong_keys": Line(_WARNING, "somebody at {address} tries keys", per="address"),
    "backup.damaged": Line(_CRITICAL, "backup {file} is damaged: {error}", per="file"),
    "backup.failed": Line(_CRITICAL, "no backup can be made: {error}", lasts="backup"),
    "chat.not_heard": Line(_WARNING, "words of {chat} are not heard: {error}", lasts="chat"),
    "clock.corrected": Line(
        _WARNING, "the machine's clock was set, and is {where} the daemon's time", lasts="clock"
    ),
    "clock.differs": Line(_WARNING, "{why}; {todo}"),
    "clock.set": Line(
        _CRITICAL,
        "the machine's clock was set, and is {where} the daemon's time: sessions and times of day"
        " follow it; {todo}",
        lasts="clock",
    ),
    "config.refused": Line(_WARNING, "the changed configuration is refused: {problem}"),
    "daemon.ready": Line(_INFO, "the daemon guards {trades} trades"),
    "daemon.stopping": Line(_INFO, "the daemon stops: {why}"),
    "disk.full": Line(_CRITICAL, "the disk is full, its reserve is in use", lasts="disk"),
    "entry.unknown": Line(
        _WARNING, "the broker has no entry order {order_id}: its trade waits", per="order_id"
    ),
    "exit.not_saved": Line(
        _CRITICAL, "order {order_id} leaves though no disk took it: {error}", per="order_id"
    ),
    "exit.unanswered": Line(
        _WARNING, "the broker has not answered order {order_id} for {after_s} s", per="order_id"
    ),
    "execution.taken_back": Line(
        _CRITICAL,
        "the broker lists a fill of its order {order_id} no longer, {side} {quantity} {instrument}"
        " at {price}: compare the position with the broker's",
        per="order_id",
    ),
    "exit.unsaved": Line(
        _CRITICAL, "order {order_id} leaves though no disk took it", per="order_id"
    ),
    "journal.damaged": Line(
        _CRITICAL, "the journal was damaged ({what}): compare the trades with the broker's"
    ),
    "journal.failed": Line(_CRITICAL, "the journal refuses: {error}", lasts="journal"),
    "keys.refused": Line(_WARNING, "the file of the keys is refused: {error}"),
    "openalgo.analyzer_mode": Line(
        _CRITICAL, "OpenAlgo only simulates orders: no exit leaves", lasts="openalgo mode"
    ),
    "openalgo.locked_out": Line(
        _CRITICAL, "OpenAlgo does not take our key, no exit leaves: {why}", lasts="openalgo key"
    ),
    "openalgo.misdescribed": Line(
        _WARNING, "OpenAlgo describes {instrument} as it cannot be: {why}", per="instrument"
    ),
    "openalgo.semi_auto": Line(
        _CRITICAL,
        "OpenAlgo is in semi-auto mode: an exit leaves when it is approved at its Action Center",
        lasts="openalgo approval",
    ),
    "openalgo.undescribed": Line(
        _WARNING, "OpenAlgo does not describe {instrument}", per="instrument"
    ),
    "recording.failed": Line(_WARNING, "nothing is recorded any more: {error}"),
    "sessions.differ": Line(_WARNING, "{what}: {why}; {todo}", per="what"),
    "state.unannounced": Line(_WARNING, "{file} cannot be written: commands find no daemon"),
    "store.behind": Line(_CRITICAL, "the database is {rows} rows behind: {why}"),
    "store.damaged": Line(_CRITICAL, "the database was damaged, and is kept as {kept_as}"),
    "store.failed": Line(
        _CRITICAL, "the database refuses, trades are guarded in memory: {error}", lasts="store"
    ),
    "store.incomplete": Line(
        _CRITICAL, "what was made again of the database lacks something: compare with the broker"
    ),
    "store.repaired": Line(_CRITICAL, "the database was made again from {made_from}"),
    "task.ended": Line(_CRITICAL, "task {task} ended, and the daemon with it: {error}"),
    "telegram.stranger": Line(_WARNING, "somebody in chat {chat} writes to the bot"),
    "task.failed": Line(_WARNING, "task {task} failed: {error}", per="task"),
    "ticks.thinned": Line(_WARNING, "more ticks than could be judged: {kept} of {of} were kept"),
}
ENDS: Mapping[str, str] = {
    "backup.made": "backup",
    "chat.heard_again": "chat",
    "clock.agrees": "clock",
    "disk.room": "disk",
    "journal.back": "journal",
    "openalgo.auto": "openalgo approval",
    "openalgo.live_mode": "openalgo mode",
    "openalgo.unlocked": "openalgo key",
    "store.back": "store",
}

_TELLING = ("why", "what", "error", "problem", "file")  # of a line that nobody has put here


def changes_of_line(event: str, level: str, fields: Mapping[str, object]) -> tuple[Change, ...]:
    """Return what a line changes about the alerts.

    A line that is critical and unknown here is told in its own words: somebody found it
    important enough.
    """
    if event in ENDS:
        return (Over(key=ENDS[event]),)
    line = LINES.get(event)
    if line is None:
        if level != _CRITICAL.value:
            return ()
        said = ", ".join(str(fields[name]) for name in _TELLING if name in fields)
        line = Line(_CRITICAL, event if not said else f"{event}: {{said}}")
        fields = {"said": said}
    key = line.lasts or (f"{event}:{fields.get(line.per, '')}" if line.per else event)
    return (
        Raised(
            key=key,
            category=Category.SYSTEM,
            severity=line.severity,
            text=line.text.format_map(_Fields(fields)),
            lasts=bool(line.lasts),
        ),
    )


class _Fields(dict[str, object]):
    """Fields of a line; one that is missing is told as such."""

    def __missing__(self, _: str) -> str:
        return "?"
