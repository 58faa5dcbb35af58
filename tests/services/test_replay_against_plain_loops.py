"""A replay writes, byte for byte, what plain loops over an independent judge write."""

import json

import pytest

from tests.replay_reference import replayed
from tests.replay_trades import as_lines, fit, instruments_of, random_walk, trades_for
from tradebot.core.policy import Policy
from tradebot.services.replay import Replay
from tradebot.services.replay_inputs import read_instruments, read_trades

SEEDS = 160


def planned(ticks, trades):
    """Return the trades that are no mistake: a level may fall on the entry by its rounding."""
    made = replay_of(ticks, trades, gate=True)
    refused = {line for line, _ in made.refusals()}
    return [trade for line, trade in enumerate(trades, 1) if line not in refused]


def replay_of(ticks, trades, *, gate):
    named = read_trades(as_lines(trades).splitlines())
    assert not named.refused
    instruments = read_instruments(json.dumps(instruments_of(ticks)))
    return Replay(Policy(holds_jumps=gate, opposite_allowed=True), instruments, named.trades)


@pytest.mark.parametrize("first", range(0, SEEDS, 20))
def test_random_trades_along_random_ticks_leave_as_plain_loops_say(first):
    exits = confirmed = 0
    for seed in range(first, first + 20):
        ticks, gate = random_walk(seed), seed % 3 > 0
        trades = planned(ticks, trades_for(fit(ticks), 30, seed))
        made = replay_of(ticks, trades, gate=gate)
        lines = as_lines(exit_.words() for exit_ in made.run(ticks))
        assert lines == replayed(ticks, trades, gate=gate), f"seed {seed}"
        exits += lines.count("\n")
        confirmed += made.confirmed
    assert exits > 100
    assert confirmed > 0
