"""Positions that were found become trades, by a strategy's rules or by a person's word."""

from decimal import Decimal

from msgspec.structs import replace

from tradebot.core.adoption.found import Found, Stage
from tradebot.core.adoption.found_events import PositionAdopted, PositionIgnored
from tradebot.core.adoption.strategies import strategy_named, strategy_of
from tradebot.core.book import Book
from tradebot.core.events import TradeRefused
from tradebot.core.guard import admission
from tradebot.core.guard.trade_rules import effective_stop, entry_marks, levels_of
from tradebot.core.guard.trades import Marks, Rules, TradeRequest
from tradebot.core.inputs import Adopt, CreateTrade, IgnoreFound
from tradebot.core.market.instruments import NetKey
from tradebot.core.policy import AdoptPolicy


def adopt(book: Book, command: Adopt) -> None:
    """Guard a position that was found, as a person says."""
    policy, found = book.policy.adopt, _listed(book, command.key, command.at_ns)
    if policy is None or found is None:
        return
    if not book.net(command.key) and found.flat_since_ns is not None:
        why = f"{_name(command.key)} is flat, by its executions and by the broker's last reading"
        _refuse(book, "position", why, command.at_ns)
        return
    fits = strategy_of(command.key, policy.strategies)
    rules = command.rules
    if rules is None:
        theirs = strategy_named(command.strategy, policy.strategies) if command.strategy else fits
        if theirs is None or theirs.rules == Rules():
            whose = f"strategy {command.strategy}" if command.strategy else "no strategy"
            has = "has no rules" if command.strategy else "has rules"
            why = f"{whose} {has} for {_name(command.key)}: say a stop, a target or a trail"
            _refuse(book, "stop", why, command.at_ns)
            return
        rules = theirs.rules
    entry = command.entry_price or _entry(book, found)
    if entry is None:
        why = f"entry_price is missing: the broker says no average price of {_name(command.key)}"
        _refuse(book, "entry_price", why, command.at_ns)
        return
    name = command.strategy
    request = replace(
        _request(found, rules, entry, name if name is not None else fits.name if fits else ""),
        past_stop=command.past_stop or policy.past_stop,
        price_source=command.price_source,
        tag=command.tag,
    )
    if _create(book, found, request, "person", command.at_ns):
        others = [one for one in book.findings.found if one.key != command.key]
        book.put_findings(others, book.findings.first_look_ns)


def ignore(book: Book, command: IgnoreFound) -> None:
    """Leave a position alone that was found, until it is flat."""
    found = _listed(book, command.key, command.at_ns)
    if found is None or found.stage is Stage.IGNORED:
        return
    changed = [
        ignored(book, one, "person", command.at_ns) if one is found else one
        for one in book.findings.found
    ]
    book.put_findings(changed, book.findings.first_look_ns)


def by_rule(book: Book, policy: AdoptPolicy, found: Found, at_ns: int) -> str | None:
    """Guard a position by the first strategy that it fits; else say what is missing for it."""
    strategy = strategy_of(found.key, policy.strategies)
    if strategy is None:
        return "it fits no strategy"
    entry = _entry(book, found)
    if entry is None:
        return "the broker says no average price, and no level can be computed without one"
    instrument = book.instrument(found.key.instrument)
    levels = levels_of(strategy.rules, found.side, entry, instrument)
    if effective_stop(levels, entry_marks(levels, Marks())) is None:
        return f"strategy {strategy.name} gives it no stop"
    if not book.halt.takes_trades:
        return f"a person halted ({book.halt.form}): {book.halt.why}"
    request = _request(found, strategy.rules, entry, strategy.name)
    request = replace(request, past_stop=policy.past_stop)
    adopted = _create(book, found, request, "rule", at_ns)
    assert adopted, f"the engine refuses the trade that it makes for {_name(found.key)}"
    return None


def ignored(book: Book, found: Found, by: str, at_ns: int) -> Found:
    """Return a position that is left alone from now on, and say so."""
    book.say(
        PositionIgnored(
            instrument=found.key.instrument,
            product=found.key.product,
            net=found.net,
            by=by,
            at_ns=at_ns,
        )
    )
    return replace(found, stage=Stage.IGNORED, why="")


def _request(found: Found, rules: Rules, entry: Decimal, strategy: str) -> TradeRequest:
    key = found.key
    return TradeRequest(
        account=key.account,
        strategy=strategy,
        exchange=key.exchange,
        symbol=key.symbol,
        product=key.product,
        side=found.side,
        quantity=abs(found.net),
        entry_price=entry,
        rules=rules,
        adopted=True,
    )


def _create(book: Book, found: Found, request: TradeRequest, by: str, at_ns: int) -> bool:
    """Make the trade of a position; say whether it is one."""
    number = book.trades_made + 1
    while f"{admission.ADOPTED_PREFIX}{number}" in book.trades:
        number += 1
    trade_id = f"{admission.ADOPTED_PREFIX}{number}"
    admission.create(book, CreateTrade(request=replace(request, trade_id=trade_id), at_ns=at_ns))
    if trade_id not in book.trades:
        return False  # why, the refusal has said
    book.say(
        PositionAdopted(
            trade_id=trade_id,
            instrument=found.key.instrument,
            product=found.key.product,
            net=found.net,
            origin=found.origin,
            by=by,
            at_ns=at_ns,
        )
    )
    return True


def _entry(book: Book, found: Found) -> Decimal | None:
    """Return the average entry: the broker's, else that of executions if we have seen them all."""
    if found.average is not None:
        return found.average
    position = book.positions.get(found.key)
    return position.average if position and position.opened_ns else None


def _listed(book: Book, key: NetKey, at_ns: int) -> Found | None:
    """Return a position that a person was told of; else say that there is none."""
    found = book.findings.of(key)
    if found is None or found.stage is Stage.SEEN or book.guards(key):
        _refuse(book, "position", f"no position {_name(key)} waits to be adopted", at_ns)
        return None
    return found


def _refuse(book: Book, field: str, why: str, at_ns: int) -> None:
    book.say(TradeRefused(trade_id=None, field=field, why=why, at_ns=at_ns))


def _name(key: NetKey) -> str:
    return f"{key.instrument} {key.product}"
