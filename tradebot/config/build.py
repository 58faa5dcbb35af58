"""``Settings`` from the values of all keys."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from tradebot.config import settings as s
from tradebot.config.forms import known
from tradebot.core.alerts import Severity
from tradebot.core.levels import Level
from tradebot.core.policy import Persons
from tradebot.core.sessions import Session
from tradebot.core.trades import PriceSource

_Kind = TypeVar("_Kind")


def settings_of(values: Mapping[str, object], sessions: Mapping[str, Session]) -> s.Settings:
    """Return the settings; every key has a value that its form has read."""

    def value(key: str, kind: type[_Kind]) -> _Kind:
        return known(values[key], kind)

    def class_price(kind: str) -> s.ClassPrice:
        source, spike = f"price.{kind}.source", f"price.{kind}.spike"
        return s.ClassPrice(source=value(source, PriceSource), spike=value(spike, Decimal))

    def path_or_none(key: str) -> Path | None:
        return None if values[key] is None else value(key, Path)

    return s.Settings(
        mode=value("mode", s.Mode),
        account=s.Account(id=value("account.id", str)),
        broker=_broker(values),
        exit=_exits(values),
        price=s.Price(
            cash=class_price("cash"),
            future=class_price("future"),
            option=class_price("option"),
            perpetual=class_price("perpetual"),
            stale_after_ns=value("price.stale_after", int),
        ),
        defaults=s.Defaults(
            strategy=value("defaults.strategy", str), product=value("defaults.product", str)
        ),
        paper=s.Paper(
            market=value("paper.market", s.Market),
            seed=value("paper.seed", int),
            replay_files=value("paper.replay_files", tuple),
            instruments_file=path_or_none("paper.instruments_file"),
            speed=value("paper.speed", float),
            latency_ns=value("paper.latency", int),
            slippage=value("paper.slippage", Level),
            partial_fills=value("paper.partial_fills", float),
            rejects=value("paper.rejects", float),
        ),
        shadow=_shadow(values),
        api=s.Api(listen=value("api.listen", s.Listen)),
        store=s.Store(
            sync_every_ns=value("store.sync_every", int),
            backup_every_ns=value("store.backup_every", int),
            backups_kept=value("store.backups_kept", int),
        ),
        record=s.Recording(
            on=value("record.on", bool),
            directory=path_or_none("record.directory"),
            rotate_ns=value("record.rotate", int),
            keep_ns=value("record.keep", int),
        ),
        alerts=_alerts(values),
        log=s.Log(level=value("log.level", s.LogLevel), format=value("log.format", s.LogFormat)),
        sessions=dict(sessions),
    )


def _exits(values: Mapping[str, object]) -> s.Exits:
    return s.Exits(
        hold_tagged_ns=known(values["exit.hold_tagged"], int),
        hold_plain_ns=known(values["exit.hold_plain"], int),
        hold_smart_ns=known(values["exit.hold_smart"], int),
        reconcile_every_ns=known(values["exit.reconcile_every"], int),
        persons=known(values["exit.resting_orders.persons"], Persons),
    )


def _alerts(values: Mapping[str, object]) -> s.Alerts:
    def value(key: str, kind: type[_Kind]) -> _Kind:
        return known(values[f"alerts.{key}"], kind)

    def secret(key: str) -> s.SecretName | None:
        return None if values[f"alerts.{key}"] is None else value(key, s.SecretName)

    report, server = values["alerts.daily_report_at"], values["alerts.email.server"]
    return s.Alerts(
        telegram=s.Telegram(
            token=secret("telegram.token"),
            chat=value("telegram.chat", int),
            min=value("telegram.min", Severity),
            commands=value("telegram.commands", tuple),
            server=value("telegram.server", str),
        ),
        webhook=s.Webhook(url=secret("webhook.url"), min=value("webhook.min", Severity)),
        email=s.Email(
            server=None if server is None else known(server, s.Listen),
            tls=value("email.tls", s.Tls),
            user=value("email.user", str),
            password=secret("email.password"),
            sender=value("email.from", str),
            to=value("email.to", tuple),
            min=value("email.min", Severity),
        ),
        daily_report_minutes=None if report is None else known(report, int),
        dead_man_url=secret("dead_man_url"),
    )


def _shadow(values: Mapping[str, object]) -> s.Shadow:
    stop = values["shadow.stop"]
    return s.Shadow(stop=None if stop is None else known(stop, Level))


def _broker(values: Mapping[str, object]) -> s.Broker:
    key = values["broker.key"]
    return s.Broker(
        kind=known(values["broker.kind"], s.BrokerKind),
        rest=known(values["broker.rest"], str),
        feed=known(values["broker.feed"], str),
        key=None if key is None else known(key, s.SecretName),
    )
