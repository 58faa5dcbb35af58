"""Every key of config.toml: its form, its default, where it lives, whether it may change.

The shipped config.toml says the same with comments; a test holds the two together.
"""

import operator
from typing import NamedTuple

from tradebot.config.forms import (
    CLOCK,
    CLOCK_OR_NONE,
    DAYS,
    DISTANCE,
    HOLIDAYS,
    LISTEN,
    MAIL_ADDRESS,
    MAIL_ADDRESSES,
    PATH_OR_NONE,
    PATHS,
    SECRET,
    SERVER,
    SPECIAL,
    STOP_OR_NONE,
    SWITCH,
    ZONE,
    Form,
    address,
    duration,
    name,
    one_of,
    percent,
    real,
    some_of,
    whole,
)
from tradebot.config.settings import (
    BrokerKind,
    LogFormat,
    LogLevel,
    Market,
    Mode,
    Settings,
    Spoken,
    Tls,
)
from tradebot.core.alerting.alerts import Severity
from tradebot.core.guard.trades import PastStop, PriceSource
from tradebot.core.policy import Answer, ManualAdd, Persons

_SOURCE = one_of(PriceSource)
_SPIKE = percent(1000)
_HOLD = duration("0s", "10m")
_LEAST = one_of(Severity)
_CHAT_MAX = 2**53  # the Bot API promises 52 significant bits


class Key(NamedTuple):
    """One key."""

    name: str  # as a person writes it: "paper.seed"
    form: Form
    default: object  # as TOML has it
    live: bool = False  # a reload brings it into force, without a restart
    attribute: str = ""  # where ``Settings`` has it; empty: under its name

    @property
    def path(self) -> tuple[str, ...]:
        """The tables that lead to it, and its own name."""
        return tuple(self.name.split("."))

    @property
    def variable(self) -> str:
        """The variable of the environment that overrides it."""
        return "TRADEBOT_" + self.name.replace(".", "_").upper()

    def of(self, settings: Settings) -> object:
        """Return its value in ``settings``."""
        value: object = operator.attrgetter(self.attribute or self.name)(settings)
        return value

    def text(self, settings: Settings) -> object:
        """Return its value in ``settings`` as TOML has it."""
        return self.form.write(self.of(settings))


_ALL = (
    Key("mode", one_of(Mode), "paper"),
    Key("account.id", name(), "PAPER-1"),
    Key("broker.kind", one_of(BrokerKind), "paper"),
    Key("broker.rest", address("http", "https"), "http://127.0.0.1:5000"),
    Key("broker.feed", address("ws", "wss"), "ws://127.0.0.1:8765"),
    Key("broker.key", SECRET, ""),
    Key("exit.hold_tagged", _HOLD, "10s", live=True, attribute="exit.hold_tagged_ns"),
    Key("exit.hold_plain", _HOLD, "2m", live=True, attribute="exit.hold_plain_ns"),
    Key("exit.hold_smart", _HOLD, "1m", live=True, attribute="exit.hold_smart_ns"),
    Key(
        "exit.reconcile_every",
        duration("0s", "1h"),
        "30s",
        live=True,
        attribute="exit.reconcile_every_ns",
    ),
    Key("exit.resting_orders.persons", one_of(Persons), "ask", live=True, attribute="exit.persons"),
    Key("adopt.existing", one_of(Answer), "ask", live=True),
    Key("adopt.new", one_of(Answer), "ask", live=True),
    Key("adopt.manual_add", one_of(ManualAdd), "guard", live=True),
    Key("adopt.past_stop", one_of(PastStop), "ask", live=True),
    Key("adopt.grace", duration("0s", "10m"), "5s", live=True, attribute="adopt.grace_ns"),
    Key("price.cash.source", _SOURCE, "last", live=True),
    Key("price.cash.spike", _SPIKE, "1%", live=True),
    Key("price.future.source", _SOURCE, "last", live=True),
    Key("price.future.spike", _SPIKE, "1%", live=True),
    Key("price.option.source", _SOURCE, "last", live=True),
    Key("price.option.spike", _SPIKE, "25%", live=True),
    Key("price.perpetual.source", _SOURCE, "last", live=True),
    Key("price.perpetual.spike", _SPIKE, "1%", live=True),
    Key(
        "price.stale_after",
        duration("100ms", "1h"),
        "10s",
        live=True,
        attribute="price.stale_after_ns",
    ),
    Key("defaults.strategy", name(length_min=0), "", live=True),
    Key("defaults.product", name(length_max=32), "MIS", live=True),
    Key("paper.market", one_of(Market), "simulated"),
    Key("paper.seed", whole(0, 2**63 - 1), 1),
    Key("paper.replay_files", PATHS, []),
    Key("paper.instruments_file", PATH_OR_NONE, ""),
    Key("paper.speed", real(0, 1e6), 1.0),
    Key("paper.latency", duration("0ms", "60s"), "20ms", attribute="paper.latency_ns"),
    Key("paper.slippage", DISTANCE, "0pts"),
    Key("paper.partial_fills", real(0, 1), 0.0),
    Key("paper.rejects", real(0, 1), 0.0),
    Key("shadow.stop", STOP_OR_NONE, "", live=True),
    Key("api.listen", LISTEN, "127.0.0.1:4800"),
    Key(
        "store.sync_every",
        duration("1ms", "10s"),
        "250ms",
        live=True,
        attribute="store.sync_every_ns",
    ),
    Key(
        "store.backup_every",
        duration("10s", "24h"),
        "5m",
        live=True,
        attribute="store.backup_every_ns",
    ),
    Key("store.backups_kept", whole(2, 1_000), 12),
    Key("record.on", SWITCH, default=False, live=True),
    Key("record.directory", PATH_OR_NONE, "", live=True),
    Key("record.rotate", duration("1m", "24h"), "1h", live=True, attribute="record.rotate_ns"),
    Key("record.keep", duration("1h", "365d"), "7d", live=True, attribute="record.keep_ns"),
    Key("alerts.telegram.token", SECRET, ""),
    Key("alerts.telegram.chat", whole(-_CHAT_MAX, _CHAT_MAX), 0),
    Key("alerts.telegram.min", _LEAST, "warning"),
    Key("alerts.telegram.commands", some_of(Spoken), []),
    Key("alerts.telegram.server", address("https", "http"), "https://api.telegram.org"),
    Key("alerts.webhook.url", SECRET, ""),
    Key("alerts.webhook.min", _LEAST, "warning"),
    Key("alerts.email.server", SERVER, ""),
    Key("alerts.email.tls", one_of(Tls), "starttls"),
    Key("alerts.email.user", name(length_min=0, length_max=254), ""),
    Key("alerts.email.password", SECRET, ""),
    Key("alerts.email.from", MAIL_ADDRESS, "", attribute="alerts.email.sender"),
    Key("alerts.email.to", MAIL_ADDRESSES, []),
    Key("alerts.email.min", _LEAST, "warning"),
    Key(
        "alerts.daily_report_at",
        CLOCK_OR_NONE,
        "",
        attribute="alerts.daily_report_minutes",
    ),
    Key("alerts.dead_man_url", SECRET, ""),
    Key("log.level", one_of(LogLevel), "info", live=True),
    Key("log.format", one_of(LogFormat), "text"),
)
KEYS = {key.name: key for key in _ALL}

# [sessions.EXCHANGE]: a table of these for each exchange that does not trade round the clock.
SESSION_KEYS: dict[str, Form] = {
    "zone": ZONE,
    "open": CLOCK,
    "close": CLOCK,
    "days": DAYS,
    "holidays": HOLIDAYS,
    "special": SPECIAL,
    "pre_open": CLOCK,
}
SESSION_DAYS = ["mon", "tue", "wed", "thu", "fri"]

# [strategies.NAME]: a table for each; its match has these, and beside it stand its rules and
# ``on_corporate_action``.
MATCH_KEYS: dict[str, Form] = {
    "exchange": name(length_max=32),
    "product": name(length_max=32),
    "symbol": name(),
}

FLAGS = {  # what the command line may override; the last two are the halves of api.listen
    "mode": "--paper",
    "log.level": "--log-level",
    "log.format": "--log-format",
    "api.host": "--host",
    "api.port": "--port",
}
