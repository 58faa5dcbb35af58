"""The switches: every way in which the server can be unkind, and to whom, and how often.

    server.faults.turn_on(Fault.HANGS, endpoint="placeorder", times=1, acts_after_s=5.0)
    server.faults.turn_on(Fault.BOOK_LAGS, endpoint="tradebook", value=3.0)
    with server.faults.during(Fault.TICKS_MUTED, symbol="NSE:SBIN"): ...

All seconds are the broker's, and scale with the server's time.
"""

import contextlib
import enum
from collections.abc import Callable, Iterator
from random import Random

import msgspec


class Fault(enum.StrEnum):
    """What can be switched on. ``value`` of the rule is told in parentheses."""

    # Of one HTTP request, before or instead of its answer. With ``acts_after_s`` the
    # request acts all the same, that long after it came; without, it does nothing.
    HANGS = "hangs"  # no answer ever comes ("decided": a smart order has read the position)
    CUT = "cut"  # the connection ends without an answer
    ERROR = "error"  # 500 (the message)
    BAD_GATEWAY = "bad_gateway"  # 502 with a page of HTML
    GATEWAY_TIMEOUT = "gateway_timeout"  # 504 with a page of HTML
    GARBAGE = "garbage"  # 200, and a body that is not JSON (the body)
    LIMITED = "limited"  # 429 without a status or a Retry-After (the message)
    NO_SESSION = "no_session"  # 403 with the text of a bad key
    NO_PLUGIN = "no_plugin"  # 404: the broker's plugin is missing
    REFUSED = "refused"  # 400 with the broker's own text (the text)
    BROKER_STATUS = "broker_status"  # the broker's own status passes through (the status)
    SLOW = "slow"  # the true answer comes late (seconds)
    # Of an answer to an order that was placed.
    NO_ORDER_ID = "no_order_id"  # 200 without an order id
    NULL_ORDER_ID = "null_order_id"  # 200 with one that is null

    # Of what becomes of an order in the book.
    REJECTED = "rejected"  # after the acknowledgement (the reason)
    RESTS = "rests"  # at the market: becomes a limit that far off the LTP (fraction, 0.005)
    FILLS_SLOWLY = "fills_slowly"  # only after a while (seconds)
    FILLS_NEVER = "fills_never"  # until a test fills it by hand
    FILLS_IN_PARTS = "fills_in_parts"  # one after the other (how many, 2)
    FILLS_A_PART = "fills_a_part"  # and stays open (units, half)
    PART_THEN_CANCELLED = "part_then_cancelled"  # and the rest is cancelled (units, half)
    CANCEL_LOST = "cancel_lost"  # acknowledged, and the order lives on
    CANCEL_SLOW = "cancel_slow"  # acknowledged, and it lives on for a while (seconds)
    CANCEL_REFUSED = "cancel_refused"  # 500

    # Of books: endpoint orderbook, tradebook, positionbook, orderstatus, openposition,
    # holdings or gttorderbook; placesmartorder is the smart order's own read of the position.
    BOOK_FAILS = "book_fails"  # an error that the server knows as one: 500
    BOOK_EMPTY = "book_empty"  # an error that reads as an empty book, or as 0; 200
    BOOK_SHRUNK = "book_shrunk"  # the newest rows are not there (how many, 1)
    BOOK_LAGS = "book_lags"  # it shows what was a while ago (seconds)
    BOOK_STANDS = "book_stands"  # it shows what was when this was switched on
    ROWS_DOUBLED = "rows_doubled"
    STRINGS = "strings"  # numbers come as text
    CLOSED_ROWS_GONE = "closed_rows_gone"  # positions of 0 are not shown
    BARE_ROWS = "bare_rows"  # positions without ltp and pnl
    AVERAGE_ZERO = "average_zero"  # of executed orders
    RAW_STATUS = "raw_status"  # the broker's own word (of an open order, or "complete=TRADED")
    ONE_ROW_AN_ORDER = "one_row_an_order"  # of trades: all that filled so far, at the average
    UNFILLED_ROWS = "unfilled_rows"  # of trades: orders without any have a row too, at no price
    ROWS_TELL_FILLS = "rows_tell_fills"  # orders say filled_quantity, as two plugins have it

    POSITION_KEPT = "position_kept"  # for the next smart order (seconds, 1)

    # Of quotes.
    QUOTE_FAILS = "quote_fails"
    QUOTE_ZERO = "quote_zero"
    QUOTE_STANDS = "quote_stands"  # it stays as it is (the price it stands at; None: now)

    # Of the websocket.
    HANDSHAKE_REFUSED = "handshake_refused"  # by what stands before it (the status, 502)
    HANDSHAKE_HANGS = "handshake_hangs"  # somebody listens, and answers late (seconds, 5)
    AUTH_SLOW = "auth_slow"  # and everybody waits (seconds)
    AUTH_REFUSED = "auth_refused"  # (the code, AUTHENTICATION_ERROR)
    ACTION_FAILS = "action_fails"  # of any action: an error without a type (the code)
    ACTION_UNANSWERED = "action_unanswered"  # of any action: nothing comes at all
    SUBSCRIBE_FAILS = "subscribe_fails"  # the ack says so
    SUBSCRIBE_DEAF = "subscribe_deaf"  # the ack says success, and no tick ever comes
    TICKS_MUTED = "ticks_muted"  # pings stay healthy
    TICK_LOST = "tick_lost"
    LONE_TICKS_LOST = "lone_ticks_lost"  # those that come 0.29 to 0.30 s after another
    TICK_ZERO = "tick_zero"  # ltp 0
    TICK_ALIEN = "tick_alien"  # the price of something else (the price)
    TICK_DOUBLED = "tick_doubled"
    TICK_RICHER = "tick_richer"  # as if others had subscribed more (mode 2 or 3)
    TICK_TIMES = "tick_times"  # written as s, ms, text, old or absent (which)
    UPDATES_LOST = "updates_lost"
    UPDATES_DOUBLED = "updates_doubled"
    UPDATES_LATE = "updates_late"  # (seconds)
    SLOW_READER = "slow_reader"  # of ticks: another client stalls everybody (seconds, 10)


OF_REQUESTS = (
    *(Fault.HANGS, Fault.CUT, Fault.ERROR, Fault.BAD_GATEWAY, Fault.GATEWAY_TIMEOUT),
    *(Fault.GARBAGE, Fault.LIMITED, Fault.NO_SESSION, Fault.NO_PLUGIN, Fault.REFUSED),
    *(Fault.BROKER_STATUS, Fault.SLOW),
)


ANY = "any"  # a book is read whole, and then a rule may be about some of its rows


class Rule(msgspec.Struct, kw_only=True, eq=False):
    """One switch that is on, and how far it reaches."""

    fault: Fault
    endpoint: str | None = None  # None: everywhere
    symbol: str | None = None  # "NSE:SBIN"; None: all
    times: int | None = None  # None: until it is switched off
    rate: float = 1.0
    value: float | str | None = None
    acts_after_s: float | tuple[float, float] | None = None  # from and to; None: it never acts
    since_s: float = 0.0
    hits: int = 0
    stood: dict[str, float] = {}  # prices of instruments when they first met it

    def number(self, default: float) -> float:
        return default if self.value is None else float(self.value)

    def text(self, default: str) -> str:
        return default if self.value is None else str(self.value)

    def reaches(self, fault: Fault, endpoint: str | None, symbol: str | None) -> bool:
        return (
            self.fault is fault
            and self.times != 0
            and (self.endpoint is None or self.endpoint == endpoint)
            and (symbol == ANY or self.is_about(symbol))
        )

    def is_about(self, symbol: str | None) -> bool:
        return self.symbol is None or self.symbol == symbol


class Switchboard:
    """All switches of one server."""

    def __init__(self, now_s: Callable[[], float], rng: Random) -> None:
        self._now_s = now_s
        self._rng = rng
        self._rules: list[Rule] = []

    def turn_on(
        self,
        fault: Fault,
        *,
        endpoint: str | None = None,
        symbol: str | None = None,
        times: int | None = None,
        rate: float = 1.0,
        value: float | str | None = None,
        acts_after_s: float | tuple[float, float] | None = None,
    ) -> Rule:
        """Switch a fault on, for some of what it could meet; ``hits`` of the rule counts."""
        return self.add(
            Rule(
                fault=fault,
                endpoint=endpoint,
                symbol=symbol,
                times=times,
                rate=rate,
                value=value,
                acts_after_s=acts_after_s,
            )
        )

    def add(self, rule: Rule) -> Rule:
        rule.since_s = self._now_s()
        self._rules.append(rule)
        return rule

    def delay_s(self, rule: Rule) -> float | None:
        """Return after how many seconds a request of this rule acts; None: never."""
        if isinstance(rule.acts_after_s, tuple):
            return self._rng.uniform(*rule.acts_after_s)
        return rule.acts_after_s

    def turn_off(self, what: Fault | Rule) -> None:
        """Switch off one rule, or all of a fault."""
        self._rules = [rule for rule in self._rules if what not in (rule, rule.fault)]

    def clear(self) -> None:
        """Be kind from now on."""
        self._rules.clear()

    @contextlib.contextmanager
    def during(
        self,
        fault: Fault,
        *,
        endpoint: str | None = None,
        symbol: str | None = None,
        rate: float = 1.0,
        value: float | str | None = None,
    ) -> Iterator[Rule]:
        """Have a fault for as long as the block runs."""
        rule = self.turn_on(fault, endpoint=endpoint, symbol=symbol, rate=rate, value=value)
        try:
            yield rule
        finally:
            self.turn_off(rule)

    def hit(
        self, fault: Fault, *, endpoint: str | None = None, symbol: str | None = None
    ) -> Rule | None:
        """Return the rule that this meets, which counts as one of its times."""
        for rule in self._rules:
            if not rule.reaches(fault, endpoint, symbol):
                continue
            if rule.rate < 1.0 and self._rng.random() >= rule.rate:
                continue
            rule.hits += 1
            if rule.times is not None:
                rule.times -= 1
            return rule
        return None
