"""``Settings`` from the values of all keys."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from tradebot.config import settings as s
from tradebot.config.forms import known
from tradebot.core.adoption.strategies import Strategy
from tradebot.core.alerting.alerts import Severity
from tradebot.core.guard.trades import PastStop, PriceSource
from tradebot.core.market.sessions import Session
from tradebot.core.policy import Answer, ManualAdd, Persons
from tradebot.core.words.levels import Level

_Kind = TypeVar("_Kind")


def settings_of(
    values: Mapping[str, object],
    sessions: Mapping[str, Session],
    strategies: Iterable[Strategy] = (),
) -> s.Settings:
    """Return the settings; every key has a value that its form has read."""

    def value(key: str, kind: type[_Kind]) -> _Kind:
        return known(values[key], kind)

    def path_or_none(key: str) -> Path | None:
        return None if values[key] is None else value(key, Path)

    return s.Settings(
        mode=value("mode", s.Mode),
        account=s.Account(id=value("account.id", str)),
        broker=_broker(values),
        exit=_exits(values),
        adopt=_adopt(values),
        price=_price(values),
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
        strategies=tuple(strategies),
    )


def _adopt(values: Mapping[str, object]) -> s.Adopt:
    return s.Adopt(
        existing=known(values["adopt.existing"], Answer),
        new=known(values["adopt.new"], Answer),
        manual_add=known(values["adopt.manual_add"], ManualAdd),
        past_stop=known(values["adopt.past_stop"], PastStop),
        grace_ns=known(values["adopt.grace"], int),
    )


def _price(values: Mapping[str, object]) -> s.Price:
    def of(kind: str) -> s.ClassPrice:
        source, spike = values[f"price.{kind}.source"], values[f"price.{kind}.spike"]
        return s.ClassPrice(source=known(source, PriceSource), spike=known(spike, Decimal))

    return s.Price(
        cash=of("cash"),
        future=of("future"),
        option=of("option"),
        perpetual=of("perpetual"),
        stale_after_ns=known(values["price.stale_after"], int),
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
