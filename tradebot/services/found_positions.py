"""What a person does with positions that no trade guards: look, adopt, leave alone."""

from collections.abc import Iterator

from tradebot.core.adoption.found import Found, Stage
from tradebot.core.adoption.found_events import PositionAdopted
from tradebot.core.adoption.strategies import strategy_of
from tradebot.core.events import TradeRefused
from tradebot.core.guard.trades import PastStop, PriceSource
from tradebot.core.inputs import Adopt, IgnoreFound
from tradebot.core.market.instruments import NetKey, kind_of
from tradebot.core.words.did_you_mean import shown, suggestion
from tradebot.core.words.fields import Json, json_object, number, text, word
from tradebot.core.words.rule_words import RULE_KEYS, RULE_MEANINGS, rules_of
from tradebot.errors import InputError, NotFoundError, RefusedError, StoreError
from tradebot.ports import Clock
from tradebot.services.loop import EngineLoop, Outputs
from tradebot.services.trade_json import iso
from tradebot.services.trade_json import number as exact
from tradebot.services.trades import Trades

_KEYS = (*RULE_KEYS, "entry_price", "strategy", "past_stop", "price_source", "tag")
_NAMED_MAX = 3  # trades on one position, in a message


class FoundPositions:
    """The use cases of positions that other hands have opened."""

    def __init__(self, loop: EngineLoop, trades: Trades, *, clock: Clock) -> None:
        """Take the engine, and the trades that these positions become."""
        self._loop = loop
        self._trades = trades
        self._clock = clock

    def listed(self) -> list[Json]:
        """Return those that wait for a person, and those that are left alone, oldest first."""
        return [self._row(found) for found in self._known()]

    async def adopt(self, name: str, obj: object) -> Json:
        """Guard a position; its trade is on disk before this returns.

        Args:
            name: as ``found_id`` has it.
            obj: the decoded JSON: rules as in a new trade; none: those of its strategy.

        Raises:
            InputError: a key is wrong.
            NotFoundError: no such position waits.
            RefusedError: the engine cannot guard it like that.
            StoreError: it is guarded from memory, but no disk took it.
        """
        found = self._found(name)
        words = json_object(obj, _KEYS, "adoption", meanings=RULE_MEANINGS)
        kind = kind_of(found.key.symbol)
        known = self._loop.engine.book.instruments.get(found.key.instrument)
        sources = self._trades.defaults.price_sources
        source = sources.get(known.kind if known else kind, PriceSource.LAST)
        has_rules = any(key in words for key in RULE_KEYS)
        has_strategy, asks = "strategy" in words, "past_stop" in words
        outputs = await self._loop.command(
            Adopt(
                key=found.key,
                rules=rules_of(words, abs(found.net)) if has_rules else None,
                entry_price=number(words, "entry_price"),
                strategy=text(words, "strategy", length_min=0) if has_strategy else None,
                past_stop=word(words, "past_stop", PastStop) if asks else None,
                price_source=word(words, "price_source", PriceSource, default=source),
                tag=text(words, "tag", default="", length_min=0, length_max=200),
                at_ns=self._clock.now_ns(),
            )
        )
        _raise_if_refused(outputs)
        trade_id = next(out.trade_id for out in outputs if isinstance(out, PositionAdopted))
        try:
            await self._trades.durable()
        except StoreError as error:
            message = f"trade {trade_id} is guarded, but only from memory: {error}"
            raise StoreError(message) from error
        return await self._trades.shown(trade_id)

    async def ignore(self, name: str) -> Json:
        """Leave a position alone until it is flat; that is on disk before this returns.

        Raises:
            NotFoundError: no such position waits.
            StoreError: it is left alone, but no disk took it.
        """
        key = self._found(name).key
        outputs = await self._loop.command(IgnoreFound(key=key, at_ns=self._clock.now_ns()))
        _raise_if_refused(outputs)
        try:
            await self._trades.durable()
        except StoreError as error:
            message = f"position {name} is ignored, but only in memory: {error}"
            raise StoreError(message) from error
        return self._row(self._found(name))

    def _known(self) -> Iterator[Found]:
        for found in self._loop.engine.book.findings.found:
            if found.stage is not Stage.SEEN:
                yield found

    def _found(self, name: str) -> Found:
        for found in self._known():
            if found_id(found.key) == name:
                return found
        if name.count(":") < 2:  # noqa: PLR2004 - three words
            what = "must be EXCHANGE:SYMBOL:PRODUCT, like NSE:SBIN:MIS"
            raise InputError("found_id", f"found_id = {shown(name)}: {what}")
        raise NotFoundError(f"no position {shown(name)} waits to be adopted{self._instead(name)}")

    def _instead(self, name: str) -> str:
        """Return what guards a position that does not wait, or which one was probably meant."""
        book = self._loop.engine.book
        guards = [trade_id for trade_id, one in book.trades.items() if found_id(one.key) == name]
        if guards:
            return f": {', '.join(guards[:_NAMED_MAX])} guards it"
        meant = suggestion(name, [found_id(found.key) for found in self._known()])
        return f"; did you mean {meant}?" if meant else ""

    def _row(self, found: Found) -> Json:
        key, adopt = found.key, self._loop.engine.book.policy.adopt
        fits = strategy_of(key, adopt.strategies) if adopt else None
        return {
            "found_id": found_id(key),
            "account": key.account,
            "exchange": key.exchange,
            "symbol": key.symbol,
            "product": key.product,
            "side": found.side.value,
            "quantity": exact(abs(found.net)),
            "average_price": exact(found.average),
            "origin": found.origin.value,
            "state": found.stage.value,
            "why": found.why,
            "strategy": fits.name if fits else None,
            "since": iso(found.since_ns),
        }


def found_id(key: NetKey) -> str:
    """Return the name of a position of this account: its exchange has no colon."""
    return f"{key.exchange}:{key.symbol}:{key.product}"


def _raise_if_refused(outputs: Outputs) -> None:
    for output in outputs:
        if isinstance(output, TradeRefused):
            raise RefusedError(output.field, output.why)
