"""Stories about positions that nobody has a trade for: the account is read when it is asked for."""

from decimal import Decimal
from typing import Any, Self

from tests.playbook import KEY, Playbook, rules
from tradebot.core.adoption.found_events import PositionAdopted, PositionFound
from tradebot.core.adoption.strategies import Match, Strategy
from tradebot.core.events import TradeRefused
from tradebot.core.inputs import AccountReply, Adopt, NetPosition, PositionsReply
from tradebot.core.intents import ReadAccount, ReadPosition
from tradebot.core.market.instruments import NetKey
from tradebot.core.policy import AdoptPolicy, Policy
from tradebot.core.words.levels import parse_duration_ns

CASH = Strategy(name="cash", match=Match(exchange="NSE", product="MIS"), rules=rules(stop="5pts"))


class FoundStory(Playbook):
    """An account that holds what a test says; every reading of it is answered with that."""

    def __init__(self, *trades: Any, reconcile: str | None = None, **words: Any) -> None:
        words = {"strategies": (CASH,)} | words
        adopt = AdoptPolicy(account="A1", **words)
        self.held: dict[NetKey, tuple[Decimal, Decimal | None]] = {}
        self.fails = self.is_silent = self.net_fails = False
        every_ns = None if reconcile is None else parse_duration_ns(reconcile, "reconcile")
        policy = Policy(adopt=adopt, reconcile_every_ns=every_ns)
        super().__init__(*trades, policy=policy, broker=False)

    def holds(self, net: str, average: str | None = "800", key: NetKey = KEY) -> Self:
        """Say what the broker holds from now on."""
        price = None if average is None else Decimal(average)
        self.held[key] = Decimal(net), price
        return self

    def bought(self, units: str, price: str = "800", *, net: str, average: str | None) -> Self:
        """Let somebody trade, and the broker hold something else for it."""
        side, units = ("SELL", units[1:]) if units.startswith("-") else ("BUY", units)
        self.holds(net, average)
        return self.fill(None, units, price, side=side, order_id=f"P{next(self._serial)}")

    def _take(self, out):
        out = list(out)
        super()._take(out)
        for thing in out:
            if isinstance(thing, ReadAccount) and not self.is_silent:
                self.process(self.reading())
            elif isinstance(thing, ReadPosition) and not self.is_silent:
                net = self.held.get(thing.key, (Decimal(0), None))[0]
                read = None if self.net_fails else net
                self.process(PositionsReply(key=thing.key, net=read, at_ns=self.now_ns))

    def reading(self) -> AccountReply:
        positions = tuple(
            NetPosition(key=key, net=net, average=average)
            for key, (net, average) in self.held.items()
        )
        return AccountReply(positions=None if self.fails else positions, at_ns=self.now_ns)

    @property
    def stages(self) -> list[str]:
        """What was found, and what becomes of it: ``"SBIN 10 new waiting"``."""
        return [
            f"{found.key.symbol} {found.net} {found.origin} {found.stage}"
            for found in self.book.findings.found
        ]

    @property
    def asked(self) -> list[str]:
        return [event.why for event in self.events(PositionFound)]

    @property
    def adopted(self) -> list[str]:
        """Every adoption: ``"adopted-1 10 new rule"``."""
        return [
            f"{event.trade_id} {event.net} {event.origin} {event.by}"
            for event in self.events(PositionAdopted)
        ]


def adopt(
    story: FoundStory, *, key: NetKey = KEY, stop: str | None = "5pts", **fields: Any
) -> FoundStory:
    """Let a person adopt what was found, under a stop of five points or this one."""
    found = rules(stop=stop) if stop else None
    return story >> Adopt(key=key, rules=found, at_ns=story.now_ns, **fields)


def refusals(story: FoundStory) -> list[str]:
    """Return what was refused, with the field and the reason."""
    return [f"{event.field}: {event.why}" for event in story.events(TradeRefused)]
