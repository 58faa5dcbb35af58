"""Trades opened while the daemon is killed again and again, in small."""

from tests.soak.open_in_batches import Soak


def test_trades_opened_between_kills_are_all_guarded_and_none_twice(tmp_path):
    soak = Soak(tmp_path, trades=8, batches=2, seed=1)
    figures = soak.run()
    assert soak.wrong == [], figures
    assert "8 trades in 2 batches, 4 kills" in figures
