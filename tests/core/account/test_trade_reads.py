"""Where the broker does not tell what executes, it is asked before an exit; but not for long."""

import msgspec
import pytest

from tests.core.exit_stories import holding, leave
from tests.playbook import Playbook, a_trade
from tradebot.core.account import trade_reads
from tradebot.core.checkpoint import checkpoint, engine_of
from tradebot.core.inputs import (
    Acked,
    ExecutionsRead,
    HaltTrading,
    NotSent,
    OrderChannel,
    PolicyChanged,
    Release,
    Timer,
)
from tradebot.core.intents import CancelOrder, ReadExecutions, ReadPosition
from tradebot.core.leaving.halt import Form
from tradebot.core.policy import ExitPolicy, Policy

SILENT = Policy(exits=ExitPolicy(pushes=False))
MS = 1_000_000


def silent(*trades, quantity=10):
    """Return a story at a broker that tells nothing by itself, with a stop at 795."""
    return holding(quantity, *trades, policy=SILENT)


def after(story, ms):
    """Let some milliseconds pass."""
    story.now_ns += ms * MS
    story.process(Timer(story.now_ns))
    return story


def was_read(story, *, ms=0, is_read=True):
    """Let a read be over some milliseconds later."""
    after(story, ms) if ms else None
    story.process(ExecutionsRead(is_read=is_read, at_ns=story.now_ns))
    return story


def channel(story, *, up):
    story.process(OrderChannel(up=up, at_ns=story.now_ns))
    return story


def reads(story):
    return len(story.wants(ReadExecutions))


# The read.


def test_a_broker_that_tells_by_itself_is_not_asked():
    story = holding(10) >> 795
    assert (story.orders, reads(story)) == (["T1-x1 SELL 10"], 0)


def test_an_exit_waits_until_what_has_executed_is_read():
    story = silent() >> 795
    assert (story.orders, reads(story)) == ([], 1)
    assert was_read(story, ms=80).orders == ["T1-x1 SELL 10"]


def test_what_somebody_has_sold_meanwhile_is_not_sold_again():
    story = silent() >> 795
    story.fill(None, "10", order_id="H1")
    assert was_read(story).orders == []
    assert len(story.wants(ReadPosition)) == 1  # it is looked whether anything is left


def test_of_what_somebody_has_sold_a_part_the_rest_is_left():
    story = silent() >> 795
    story.fill(None, "4", order_id="H1")
    assert was_read(story).orders == ["T1-x1 SELL 6"]


def test_one_read_serves_all_exits_of_a_moment():
    trades = [a_trade(stop="5pts", symbol=name) for name in ("SBIN", "TCS", "INFY")]
    story = Playbook(broker=False, policy=SILENT)
    for trade in trades:
        key = story.create(trade).trade(f"T{story.book.trades_made}").key
        story.fill(None, "10", side="BUY", order_id=f"E{trade.symbol}", key=key)
    for name in ("T1", "T2", "T3"):
        leave(story, name)
    assert (story.orders, reads(story)) == ([], 1)
    was_read(story, ms=80)
    assert story.orders == ["T1-x1 SELL 10", "T2-x1 SELL 10", "T3-x1 SELL 10"]
    assert reads(story) == 1


def test_the_next_exit_of_the_same_position_leaves_by_the_same_read_if_it_is_soon():
    story = silent(a_trade(stop="5pts"), a_trade(stop="5pts"), quantity=20) >> 795
    was_read(story, ms=80)
    story.reply("T1-x1", Acked("B-T1-x1"))
    assert (story.orders, reads(story)) == (["T1-x1 SELL 10", "T2-x1 SELL 10"], 1)


def test_a_read_that_is_old_serves_no_exit():
    story = silent(a_trade(stop="5pts"), a_trade(stop="5pts"), quantity=20) >> 795
    was_read(story, ms=80)
    after(story, 500).reply("T1-x1", Acked("B-T1-x1"))
    assert (story.orders, reads(story)) == (["T1-x1 SELL 10"], 2)
    assert was_read(story, ms=80).orders == ["T1-x1 SELL 10", "T2-x1 SELL 10"]


def test_an_exit_joins_the_read_that_is_under_way_but_not_one_that_left_long_before():
    story = silent(a_trade(stop="5pts"), a_trade(stop="5pts", symbol="TCS"))
    key = story.trade("T2").key
    story.fill(None, "10", side="BUY", order_id="E2", key=key)
    leave(story, "T1")
    leave(after(story, 700), "T2")
    assert reads(story) == 1
    assert was_read(story, ms=10).orders == ["T1-x1 SELL 10"]
    assert reads(story) == 2
    assert was_read(story, ms=80).orders == ["T1-x1 SELL 10", "T2-x1 SELL 10"]


def test_every_attempt_is_preceded_by_a_read():
    story = was_read(silent() >> 795)
    story.reply("T1-x1", NotSent("429")).read("10")
    after(story, 1_100)
    assert (story.orders, reads(story)) == (["T1-x1 SELL 10"], 2)
    assert was_read(story).orders == ["T1-x1 SELL 10", "T1-x2 SELL 10"]


# For how long.


def test_a_read_that_brings_nothing_holds_no_stop_back():
    story = was_read(silent() >> 795, ms=1_000, is_read=False)
    assert story.orders == ["T1-x1 SELL 10"]


def test_a_broker_that_could_not_say_it_holds_the_next_stops_back_only_five_seconds_later():
    story = silent(*(a_trade(stop="5pts") for _ in range(3)), quantity=30) >> 795
    was_read(story, is_read=False)
    after(story, 5_000).reply("T1-x1", Acked("B1"))
    assert (story.orders, reads(story)) == (["T1-x1 SELL 10", "T2-x1 SELL 10"], 1)
    after(story, 100).reply("T2-x1", Acked("B2"))
    assert (len(story.orders), reads(story)) == (2, 2)


def test_a_read_without_any_answer_is_given_up_soon_after_a_second():
    story = after(silent() >> 795, 1_200)
    assert story.orders == []
    assert after(story, 50).orders == ["T1-x1 SELL 10"]


def test_an_answer_that_nobody_waits_for_says_nothing():
    story = was_read(silent())
    assert story.book.telling.leave_until_ns == 0
    assert (story >> 795).orders == []


@pytest.mark.parametrize("jump_s", [-3600, 3600])
def test_a_clock_that_jumps_makes_no_read_fresh_and_holds_nothing_back(jump_s):
    story = silent(a_trade(stop="5pts"), a_trade(stop="5pts"), quantity=20) >> 795
    was_read(story, ms=80)
    after(story, jump_s * 1_000).reply("T1-x1", Acked("B-T1-x1"))
    assert (len(story.orders), reads(story)) == (1, 2)
    after(story, -jump_s * 1_000)
    assert len(story.orders) == 2


def test_what_waited_under_a_halt_is_not_sent_by_what_was_read_before_it():
    story = silent() >> 795
    story >> HaltTrading(form=Form.EVERYTHING, why="fear", at_ns=story.now_ns)
    was_read(story, ms=80)
    assert (story.orders, story.book.telling.waits) == ([], ())
    after(story, 3_000)
    story >> Release(why="over", at_ns=story.now_ns)
    after(story, 100)
    assert (story.orders, reads(story)) == ([], 2)
    assert was_read(story).orders == ["T1-x1 SELL 10"]


def test_what_rests_is_cancelled_while_the_read_is_under_way():
    story = silent()
    story >> story.report(None, "open", order_id="S1", trigger=story.trade().entry)
    after(story, 6_000)
    leave(story, "T1")
    assert [c.order_id for c in story.wants(CancelOrder)] == ["S1"]
    assert story.orders == []


# The channel.


def test_a_channel_that_is_proven_makes_reads_needless():
    story = channel(silent(), up=True) >> 795
    assert (story.orders, reads(story)) == (["T1-x1 SELL 10"], 0)


def test_an_exit_that_waits_leaves_when_the_channel_is_proven_meanwhile():
    story = channel(silent() >> 795, up=True)
    assert after(story, 100).orders == ["T1-x1 SELL 10"]


def test_a_channel_that_is_gone_is_no_word_for_anything():
    story = channel(channel(silent(), up=True), up=False)
    assert ((story >> 795).orders, reads(story)) == ([], 1)
    story = channel(holding(10), up=False)  # at a broker that usually tells
    assert ((story >> 795).orders, reads(story)) == ([], 1)


# What an engine keeps.


def test_a_copy_of_the_engine_waits_for_the_same():
    story = channel(silent() >> 795, up=False)
    copy = engine_of(checkpoint(story.engine))
    assert copy.book.telling == story.book.telling
    out = copy.process(ExecutionsRead(is_read=True, at_ns=story.now_ns))
    was_read(story)
    assert "PlaceOrder" in [type(thing).__name__ for thing in out]
    assert checkpoint(copy) == checkpoint(story.engine)


def test_a_policy_that_changes_counts_from_the_next_look_on():
    story = silent() >> 795
    exits = msgspec.structs.replace(SILENT.exits, pushes=True)
    story >> PolicyChanged(msgspec.structs.replace(SILENT, exits=exits))
    assert after(story, 100).orders == ["T1-x1 SELL 10"]


def test_no_exit_waits_for_longer_than_a_broker_is_not_asked_after_a_failure():
    assert trade_reads.FRESH_NS < trade_reads.WAIT_NS_MAX < trade_reads.VAIN_NS
