"""The broker's net is asked for once at a time, and before anything is sent after a start."""

import itertools

import pytest

from tests.playbook import KEY, Playbook, a_trade
from tradebot.core.account import net_reads
from tradebot.core.events import BookDiffers
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import BookReply, Unknown
from tradebot.core.intents import ReadBook, ReadPosition
from tradebot.core.policy import ExitPolicy, Policy


def restarted(ago: str = "15s") -> Playbook:
    """Return a story that bought ten at 800 some time ago, and was killed and started since."""
    story = Playbook(broker=False).fill(None, "10", side="BUY", order_id="B1", ago=ago)
    return story.create(a_trade(stop="5pts")).restarted()


def test_the_net_of_every_open_trade_is_asked_for_at_once():
    assert [want.key.symbol for want in restarted().wants(ReadPosition)] == ["SBIN"]


def test_a_stop_waits_for_the_net_and_leaves_with_it():
    story = restarted() >> 795
    assert story.trade().status is Status.TRIGGERED
    assert story.orders == []
    assert story.read("10").orders == ["T1-x1 SELL 10"]


def test_a_position_that_is_gone_is_not_sold_again():
    story = restarted().read("0") >> 795
    assert story.orders == []
    story.flat(50)
    assert story.orders == []
    assert story.trade().status is Status.CLOSED_EXTERNAL


def test_a_net_that_is_not_ours_is_believed_when_a_second_read_says_the_same():
    story = (restarted() >> 795).read("4")
    assert story.orders == []
    (story >> "1s").read("4")
    assert story.orders == []  # too soon after the first: both may be old
    (story >> "1s").read("4")
    assert story.events(BookDiffers)[-1].broker == 4
    assert story.orders == ["T1-x1 SELL 4"]


def test_a_net_that_is_not_ours_is_not_believed_while_a_fill_of_ours_is_fresh():
    story = (restarted("0s").read("4") >> "3s").read("4") >> 795
    assert story.orders == []
    assert story.events(BookDiffers) == []


def test_a_net_that_changes_its_mind_is_not_believed():
    story = restarted().read("4") >> 795
    (story >> "2s").read("6")
    (story >> "1s").read("4")
    assert story.orders == []


def test_a_broker_that_goes_on_saying_something_else_holds_a_stop_back_for_half_a_minute():
    story = restarted().read("4") >> 795
    for net in range(14):
        story.read(str(net % 2)) >> "2s"
    assert story.orders == []
    assert (story >> "2s").orders == ["T1-x1 SELL 10"]


def test_a_position_from_before_we_looked_is_read_when_its_trade_is_made():
    story = Playbook(a_trade(stop="5pts"), broker=False)
    assert [want.key.symbol for want in story.wants(ReadPosition)] == ["SBIN"]
    assert (story.read("10") >> 795).orders == ["T1-x1 SELL 10"]


def test_a_net_that_is_what_our_trades_add_up_to_is_believed_at_once():
    story = Playbook(broker=False).fill(None, "3", side="BUY", order_id="B1", ago="15s")
    story.create(a_trade(quantity="8", stop="5pts")).read("8")
    assert (story >> 795).orders == ["T1-x1 SELL 8"]


def test_a_net_that_is_what_our_trades_add_up_to_may_be_an_old_one_after_a_fill():
    story = Playbook(broker=False).fill(None, "3", side="BUY", order_id="B1")
    story.create(a_trade(quantity="8", stop="5pts")).read("8")
    assert (story >> 795).orders == []


@pytest.mark.parametrize("between", [None, "10"])
def test_reads_agree_only_with_nothing_between_them(between):
    story = (restarted() >> 795).read("4")
    (story >> "1s").read(between)
    if between is None:
        (story >> "1s").read("4")
    assert story.orders == ([] if between is None else ["T1-x1 SELL 10"])


def test_the_order_book_is_asked_for_after_a_start_until_it_was_told():
    policy = Policy(exits=ExitPolicy(tagged=False))
    story = Playbook(policy=policy, broker=False).fill(None, "10", side="BUY", order_id="B1")
    story.create(a_trade(stop="5pts")).restarted().read("10") >> 795
    assert story.wants(ReadBook) == [ReadBook("A1")]
    story.process(BookReply(orders=None, at_ns=story.now_ns))
    assert len((story >> "1s").wants(ReadBook)) == 2
    assert story.orders == []
    assert (story >> "8s").orders == ["T1-x1 SELL 10"]  # a missed stop is worse


def test_one_question_about_the_orders_is_under_way_at_a_time():
    story = Playbook(broker=False)
    for now_s, asked in ((0, 1), (29, 1), (30, 2)):
        story.book.now_ns = now_s * 1_000_000_000
        net_reads.ask_orders(story.book, "A1")
        assert len(story.book.out) == asked


def test_an_execution_that_the_brokers_net_may_have_had_in_it_makes_the_net_unknown():
    story = restarted().read("4")
    (story >> "2s").read("4") >> "2s"
    story.fill(None, "6", side="SELL", order_id="B2", ago="5s")
    story >> 795
    assert story.orders == []
    assert story.read("4").orders == []


def test_a_read_that_fails_is_repeated_every_second():
    story = restarted().read(None)
    assert len(story.wants(ReadPosition)) == 1
    assert len((story >> "1s").wants(ReadPosition)) == 2


def test_a_broker_that_cannot_say_it_holds_a_stop_back_for_ten_seconds_and_no_longer():
    story = restarted().read(None) >> 795
    assert (story >> "8s").orders == []
    assert (story >> "1s").orders == ["T1-x1 SELL 10"]


def test_an_answer_is_waited_for_half_a_minute_and_then_asked_for_again():
    story = Playbook(a_trade(stop="5pts"), broker=False) >> 795
    assert len((story >> "29s").wants(ReadPosition)) == 1
    assert len((story >> "31s").wants(ReadPosition)) == 2


def test_a_net_is_not_given_up_on_while_an_order_of_ours_may_fill():
    story = restarted().read("10") >> 795
    story.reply("T1-x1", Unknown("timeout"))
    net_reads.distrust(story.book, story.trade().key)
    assert story >> "60s" >> story.query_reply("T1-x1") >> "2s"
    assert story.orders == ["T1-x1 SELL 10"]  # what is held is not known
    assert (story >> story.net("10")).orders == ["T1-x1 SELL 10", "T1-x2 SELL 10"]


def test_reads_that_fail_between_do_not_hold_a_stop_back_for_longer():
    story = restarted().read("20") >> 795
    answers = itertools.cycle((None, "20"))
    for _ in range(32):
        if len(story.wants(ReadPosition)) > story._reads_answered:
            story.read(next(answers))
        assert story >> "1s"
    assert story.orders == ["T1-x1 SELL 10"]


def test_a_flat_read_is_not_believed_at_once_because_no_trade_is_open():
    story = Playbook(broker=False).fill(None, "3", side="BUY", order_id="B1", ago="15s")
    net_reads.ask(story.book, KEY)
    story.process(story.net("0"))
    assert story.book.net(KEY) == 3


def doubled() -> Playbook:
    """Return a story in which the broker's first net may have held a buy that is told of later."""
    story = Playbook(broker=False)
    net_reads.ask(story.book, KEY)
    story.process(story.net("10"))
    return story.fill(None, "10", side="BUY", order_id="B1").create(a_trade(stop="5pts"))


def test_what_may_count_twice_is_not_sold_though_the_net_cannot_be_read():
    story = doubled() >> 795
    assert (story >> "11s").orders == ["T1-x1 SELL 10"]
    assert story.book.net(KEY) == 20


def test_a_net_that_is_our_doubled_fold_by_chance_settles_nothing_while_a_fill_is_fresh():
    story = doubled()
    net_reads.ask(story.book, KEY)
    story.process(story.net("20"))
    assert story.book.positions[KEY].unsure_bought == 10
    story >> "10s"
    net_reads.ask(story.book, KEY)
    story.process(story.net("20"))
    assert story.book.positions[KEY].unsure_bought == 0


def test_that_nothing_is_held_is_not_believed_because_two_reads_say_so():
    """A session that has died reads as empty."""
    story = restarted().read("0") >> 795
    for _ in range(18):
        assert (story >> "1s" >> story.net("0")).book.net(KEY) == 10
    assert story.orders == []
    assert (story >> "1s" >> story.net("0")).book.net(KEY) == 0
