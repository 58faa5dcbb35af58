"""Rows of trades: aligned, coloured by gain, never read as markup."""

from tests.cli.test_watch import a_trade, an_exit
from tradebot.cli import trade_table


def test_columns_are_as_wide_as_their_widest_cell():
    rows = list(trade_table.columns(("A", "N"), [("x", "1"), ("long", "1,000")], ["A"]))
    assert rows == ["A         N", "x         1", "long  1,000"]


def test_a_table_without_trades_is_its_heads():
    (heads,) = trade_table.lines([])
    assert heads.startswith("TRADE  SYMBOL  SIDE  QTY  ENTRY  LTP  AGE  STOP    TARGET")


def test_gain_counts_what_targets_have_taken():
    assert trade_table.pnl(a_trade(unrealized_pnl=50.5, realized_pnl=10)) == 60.5
    assert trade_table.pnl(a_trade(unrealized_pnl=None)) is None
    assert trade_table.pnl(a_trade(realized_pnl=None)) is None
    assert trade_table.pnl(an_exit(realized_pnl=-82)) == -82


def test_gain_and_loss_have_a_colour_each():
    kinds = [a_trade(), a_trade(unrealized_pnl=-1), a_trade(unrealized_pnl=0)]
    assert [trade_table.style(trade) for trade in kinds] == ["36", "31", ""]
    assert [trade_table.colour(trade) for trade in kinds] == ["#26a69a", "#ef5350", ""]


def test_a_price_is_stale_when_it_is_old_or_missing():
    ages = [40, 10_000, 10_001, None]
    assert [trade_table.is_stale(a_trade(ltp_age_ms=age)) for age in ages] == [
        False,
        False,
        True,
        True,
    ]


def test_an_unguarded_trade_shows_no_level_that_does_not_act():
    cells = trade_table.cells(a_trade(flags=["unguarded"]))
    shown = dict(zip(trade_table.HEADS, cells, strict=True))
    assert (shown["STOP"], shown["TARGET"], shown["TRAIL"]) == ("–", "–", "–")
    assert shown["STATE"] == "ACTIVE UNGUARDED"
