"""What can be traded: the master contract of the fake, and its two written forms."""

import csv
import io
from collections.abc import Iterable, Sequence

import msgspec

QUOTE_ONLY = {"NSE_INDEX", "BSE_INDEX", "MCX_INDEX", "GLOBAL_INDEX"}
EXCHANGES = {"NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX", "NCDEX", "NCO", "CRYPTO"} | QUOTE_ONLY
EQUITY = {"NSE", "BSE"}


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument, as the master contract of the day has it."""

    exchange: str
    symbol: str
    name: str = ""
    token: str = "1"
    lotsize: int = 1
    tick_size: float = 0.05
    freeze_qty: int = 1
    instrumenttype: str = "EQ"
    expiry: str = ""
    strike: float = 0.0
    price: float = 100.0  # where its market begins

    @property
    def full_name(self) -> str:
        return f"{self.exchange}:{self.symbol}"

    @property
    def products(self) -> set[str]:
        """Which products its exchange takes."""
        return {"CNC", "MIS"} if self.exchange in EQUITY else {"NRML", "MIS"}

    def row(self) -> dict[str, object]:
        """Write it as the list of instruments has it: without the freeze quantity."""
        return {
            "symbol": self.symbol,
            "brsymbol": f"{self.symbol}-EQ" if self.exchange in EQUITY else self.symbol,
            "name": self.name or self.symbol,
            "exchange": self.exchange,
            "brexchange": self.exchange,
            "token": self.token,
            "expiry": self.expiry,
            "strike": self.strike,
            "lotsize": self.lotsize,
            "instrumenttype": self.instrumenttype,
            "tick_size": self.tick_size,
        }

    def details(self) -> dict[str, object]:
        """Write it as ``symbol`` and ``search`` have it."""
        return self.row() | {"freeze_qty": self.freeze_qty}


CONTRACTS = (
    Contract(exchange="NSE", symbol="SBIN", token="3045", price=812.5),
    Contract(exchange="NSE", symbol="INFY", token="1594", price=1520.0, tick_size=0.1),
    Contract(exchange="NSE", symbol="RELIANCE", token="2885", price=1430.2, tick_size=0.1),
    Contract(exchange="NSE", symbol="YESBANK", token="11915", price=21.15, tick_size=0.01),
    Contract(exchange="BSE", symbol="SBIN", token="500112", price=812.6),
    Contract(
        exchange="NFO",
        symbol="NIFTY24NOV26FUT",
        token="35001",
        price=26010.0,
        tick_size=0.1,
        instrumenttype="FUT",
        name="NIFTY",
        lotsize=75,
        freeze_qty=1800,
        expiry="24-NOV-26",
    ),
    Contract(
        exchange="NFO",
        symbol="NIFTY24NOV2626000CE",
        token="41001",
        price=182.4,
        instrumenttype="CE",
        strike=26000.0,
        name="NIFTY",
        lotsize=75,
        freeze_qty=1800,
        expiry="24-NOV-26",
    ),
    Contract(
        exchange="NFO",
        symbol="VEDL24NOV26292.5CE",
        name="VEDL",
        token="41002",
        price=6.35,
        lotsize=1150,
        freeze_qty=46000,
        instrumenttype="CE",
        expiry="24-NOV-26",
        strike=292.5,
    ),
    Contract(
        exchange="CDS",
        symbol="USDINR27NOV26FUT",
        name="USDINR",
        token="51001",
        price=88.4275,
        lotsize=1000,
        tick_size=0.0025,
        freeze_qty=10_000_000,
        instrumenttype="FUT",
        expiry="27-NOV-26",
    ),
    Contract(
        exchange="MCX",
        symbol="GOLDM04DEC26FUT",
        name="GOLDM",
        token="61001",
        price=125400.0,
        lotsize=10,
        tick_size=1.0,
        freeze_qty=1000,
        instrumenttype="FUT",
        expiry="04-DEC-26",
    ),
    Contract(exchange="CRYPTO", symbol="BTCUSDT", token="1", price=91000.0, tick_size=0.1),
    Contract(exchange="NSE_INDEX", symbol="NIFTY", token="26000", price=25980.0),
)


class Catalogue:
    """The contracts by exchange and symbol; a test may add some, or let some vanish."""

    def __init__(self, contracts: Iterable[Contract] = CONTRACTS) -> None:
        self._contracts = {contract.full_name: contract for contract in contracts}

    def add(self, contract: Contract) -> None:
        self._contracts[contract.full_name] = contract

    def remove(self, name: str) -> None:
        """Forget one, as the night does with what has expired."""
        del self._contracts[name]

    def find(self, exchange: str, symbol: str) -> Contract | None:
        return self._contracts.get(f"{exchange}:{symbol}")

    def listed(self, exchange: str = "") -> Sequence[Contract]:
        found = self._contracts.values()
        return [one for one in found if exchange in {"", one.exchange}]


def as_csv(contracts: Iterable[Contract]) -> str:
    rows = [contract.row() for contract in contracts]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(CONTRACTS[0].row()), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
