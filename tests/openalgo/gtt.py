"""Good-till-triggered orders: a book of its own, whose orders appear when a price is met."""

import itertools
from collections.abc import Callable
from decimal import Decimal

import msgspec

from tests.openalgo.account import Account, Reply, error, success
from tests.openalgo.books import BookFailed, plain
from tests.openalgo.exchange import By, Key, Ticket
from tests.openalgo.fields import Body


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """A price that is waited for, and the limit of the order that it makes."""

    trigger: float
    is_above: bool  # of the LTP when it was placed
    limit: float

    def is_met(self, ltp: float) -> bool:
        return ltp >= self.trigger if self.is_above else ltp <= self.trigger


class Gtt(msgspec.Struct, kw_only=True, eq=False):
    """One of them; with two legs the first that is met ends the other."""

    trigger_id: str
    by: By  # who placed it
    wanted: Body
    legs: list[Leg]
    status: str = "active"


class Gtts:
    """The GTT routes of one account, and the watch over their prices."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._serial = itertools.count(70001)
        self.book: dict[str, Gtt] = {}
        self.routes: dict[str, Callable[[Body], Reply]] = {
            "placegttorder": lambda body: self.place(body, By.CLIENT),
            "modifygttorder": self._modify,
            "cancelgttorder": self._cancel,
            "gttorderbook": self._read,
        }

    def place(self, body: Body, by: By) -> Reply:
        refusal = self._wrong_with(body)
        if refusal:
            return refusal
        trigger_id = str(next(self._serial))
        legs = self._legs(body)
        self.book[trigger_id] = Gtt(trigger_id=trigger_id, by=by, wanted=body, legs=legs)
        return success(trigger_id=trigger_id)

    def price_moved(self, name: str, price: float) -> None:
        """Place the orders whose prices are met."""
        for gtt in self.book.values():
            wanted = gtt.wanted
            if gtt.status != "active" or name != f"{wanted['exchange']}:{wanted['symbol']}":
                continue
            met = [leg for leg in gtt.legs if leg.is_met(price)]
            if met:
                gtt.status = "triggered"
                ticket = _ticket(wanted, met[0])
                self._account.live.place(ticket, by=By.GTT, via=gtt.trigger_id)

    def _modify(self, body: Body) -> Reply:
        gtt = self._active(body)
        if isinstance(gtt, Reply):
            return gtt
        refusal = self._wrong_with(body)
        if refusal:
            return refusal
        gtt.wanted, gtt.legs = body, self._legs(body)
        return success(trigger_id=gtt.trigger_id)

    def _cancel(self, body: Body) -> Reply:
        gtt = self._active(body)
        if isinstance(gtt, Reply):
            return gtt
        gtt.status = "cancelled"
        return success(trigger_id=gtt.trigger_id)

    def _read(self, _body: Body) -> Reply:
        if not self._account.broker.gtt:
            return self._unsupported()
        rows = [
            {
                **{
                    name: gtt.wanted[name]
                    for name in ("symbol", "exchange", "action", "product", "trigger_type")
                },
                **{
                    name: gtt.wanted[name]
                    for name in ("triggerprice_sl", "triggerprice_tg", "stoploss", "target")
                },
                "quantity": plain(Decimal(str(gtt.wanted["quantity"]))),
                "trigger_id": gtt.trigger_id,
                "status": gtt.status,
            }
            for gtt in self.book.values()
        ]
        try:
            return success(data=self._account.books.holes("gttorderbook", rows))
        except BookFailed as failed:
            return error(500, str(failed))

    def _active(self, body: Body) -> Gtt | Reply:
        gtt = self.book.get(str(body["trigger_id"]))
        if gtt is None:
            return error(404, f"GTT {body['trigger_id']} not found")
        return gtt if gtt.status == "active" else error(400, f"GTT is already {gtt.status}")

    def _wrong_with(self, body: Body) -> Reply | None:
        if not self._account.broker.gtt:
            return self._unsupported()
        name = f"{body['exchange']}:{body['symbol']}"
        if name not in self._account.prices:
            return error(400, f"Symbol '{body['symbol']}' not found")
        wanted = 2 if body["trigger_type"] == "OCO" else 1
        if len(self._legs(body)) != wanted:
            return error(400, f"{body['trigger_type']} takes {wanted} trigger prices")
        return None

    def _unsupported(self) -> Reply:
        return error(404, f"GTT is not supported for {self._account.broker.name}")

    def _legs(self, body: Body) -> list[Leg]:
        ltp = self._account.prices[f"{body['exchange']}:{body['symbol']}"]
        legs = []
        for name, limit in (("triggerprice_sl", "stoploss"), ("triggerprice_tg", "target")):
            trigger = float(str(body[name]))
            if trigger:
                price = float(str(body[limit])) or float(str(body["price"])) or trigger
                legs.append(Leg(trigger=trigger, is_above=trigger > ltp, limit=price))
        return legs


def _ticket(wanted: Body, leg: Leg) -> Ticket:
    return Ticket(
        key=Key(str(wanted["exchange"]), str(wanted["symbol"]), str(wanted["product"])),
        action=str(wanted["action"]),
        quantity=Decimal(int(float(str(wanted["quantity"])))),
        pricetype=str(wanted["pricetype"]),
        price=leg.limit if wanted["pricetype"] == "LIMIT" else 0.0,
    )
