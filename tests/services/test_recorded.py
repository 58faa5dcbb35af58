"""A recording is fed to an engine part by part; exits are told, the first difference is named."""

from decimal import Decimal
from typing import Any

import pytest

from tests.playbook import KEY, START_NS, Playbook, a_trade
from tradebot.core.checkpoint import checkpoint
from tradebot.core.events import ExitDecided
from tradebot.core.guard.trades import Reason
from tradebot.core.inputs import Execution, ExitTrade, OrderSide, PositionsReply, Tick, Timer
from tradebot.core.recording import End, Head, Part, Said, Taken, answer_text
from tradebot.services.recorded import Recorded, _opened

S = 10**9


class Live:
    """A live engine whose life is kept as steps."""

    def __init__(self, *trades, number=1) -> None:
        self.story = Playbook(*trades, broker=False)
        self.engine = self.story.engine
        self.rows = 0
        self.now_ns = START_NS
        self.steps: list[Any] = []
        self.part(number)

    def part(self, number, recording="r") -> None:
        head = Head(recording=recording, number=number, begun_ns=0, program="1")
        self.steps.append(Part(head, checkpoint(self.engine)))
        self.rows = 0

    def take(self, item) -> None:
        if isinstance(item, Tick):
            self.rows += 1
        self.steps.append(Taken(item, self.rows))
        out = self.engine.process(item)
        if isinstance(item, Tick):
            self.engine.hear(item)
        if out:
            self.steps.append(Said(tuple(map(answer_text, out)), self.rows))

    def price(self, *prices) -> None:
        for ltp in prices:
            self.now_ns += S
            self.take(Tick("NSE:SBIN", float(ltp), self.now_ns, self.now_ns, seq=self.rows + 1))

    def fill(self, quantity, price, order="T1-x1", side=OrderSide.SELL) -> None:
        self.take(
            Execution(
                execution_id=f"{order}/{len(self.steps)}",
                order_id=f"B-{order}",
                client_order_id=order,
                key=KEY,
                side=side,
                quantity=Decimal(quantity),
                price=Decimal(price),
                at_ns=self.now_ns,
            )
        )

    def end(self, *, is_whole=True) -> None:
        self.steps.append(End("it was so", is_whole=is_whole))


def fed(live, **more):
    recorded = Recorded(check=True, **more)
    exits = [exit_.words() for exit_ in recorded.run([("p", live.steps)])]
    return recorded, exits


def test_an_exit_is_told_once_it_has_filled_with_the_average_of_its_parts():
    live = Live(a_trade(stop="5pts"))
    live.price(800, 795)
    live.fill(4, "794")
    live.fill(6, "793")
    live.end()
    recorded, exits = fed(live)
    assert exits == [
        {
            "trade_id": "T1",
            "ts_ns": START_NS + 2 * S,
            "reason": "stop",
            "level": "795",
            "trigger_price": "795",
            "best_price": None,
            "quantity": "10",
            "fill_price": "793.4",
            "pnl": "-66",
        }
    ]
    assert (recorded.ticks, recorded.inputs, recorded.parts) == (2, 4, 1)
    assert recorded.difference is None
    assert recorded.answers == sum(len(s.answers) for s in live.steps if isinstance(s, Said))


def test_a_short_gains_where_the_price_falls():
    live = Live(a_trade(side="SHORT", target="5pts"))
    live.price(800, 795)
    live.fill(10, "795", side=OrderSide.BUY)
    _, (exit_,) = fed(live)
    assert (exit_["reason"], exit_["pnl"]) == ("target", "50")


def test_what_has_not_filled_at_the_end_is_told_as_it_is():
    live = Live(a_trade(trail="2pts"), a_trade())
    live.price(800, 806, 804)
    live.fill(4, "804")
    live.take(ExitTrade(trade_id="T2", at_ns=live.now_ns))
    _, exits = fed(live)
    assert [(e["trade_id"], e["best_price"], e["fill_price"], e["pnl"]) for e in exits] == [
        ("T1", "806", "804", "16"),
        ("T2", None, None, None),
    ]


def test_a_trade_that_somebody_else_left_ends_its_exits():
    live = Live(a_trade(stop="5pts"))
    live.price(800, 795)
    live.fill(10, "794", order="somebody")
    for _ in range(30):
        live.now_ns += 10 * S
        live.take(Timer(live.now_ns))
        live.take(PositionsReply(key=KEY, net=Decimal(0), at_ns=live.now_ns))
    recorded, exits = fed(live)
    assert [exit_["trade_id"] for exit_ in exits] == ["T1"]
    assert recorded.difference is None


def test_an_exit_from_before_the_recording_is_not_told():
    live = Live(a_trade(stop="5pts"))
    live.price(800, 795)
    live.steps.clear()
    live.part(1)
    live.fill(10, "795")
    recorded, exits = fed(live)
    assert exits == []
    assert recorded.difference is None


def test_an_exit_of_a_trade_that_is_not_there_any_more_is_told():
    live = Live(a_trade(stop="5pts"))
    gone = ExitDecided(trade_id="T9", exit=1, reason=Reason.STOP, quantity=Decimal(0), at_ns=1)
    assert _opened(live.engine, gone).words()["pnl"] is None


# Parts.


def test_a_part_that_follows_goes_on_with_the_same_engine():
    live = Live(a_trade(stop="5pts"))
    live.price(800)
    live.end()
    live.part(2)
    live.price(795)
    live.fill(10, "795")
    live.end()
    recorded, exits = fed(live)
    assert len(exits) == 1
    assert (recorded.parts, recorded.difference) == (2, None)


@pytest.mark.parametrize("gap", ["number", "recording", "cut"])
def test_after_a_gap_the_engine_is_the_one_of_the_part(gap):
    live = Live(a_trade(stop="5pts"))
    live.price(800)
    live.end(is_whole=gap != "cut")
    live.take(Tick("NSE:SBIN", 796.0, live.now_ns + 1, live.now_ns + 1))
    live.take(ExitTrade(trade_id="T1", at_ns=live.now_ns))
    del live.steps[3:]  # what lies in the gap is not recorded
    live.part(3 if gap == "number" else 2, "other" if gap == "recording" else "r")
    live.fill(10, "796")
    live.end()
    recorded, exits = fed(live)
    assert recorded.difference is None
    assert exits == []
    assert recorded.cut == (["p: it was so"] if gap == "cut" else [])


def test_what_was_said_to_inputs_that_were_cut_off_is_no_difference():
    live = Live(a_trade(stop="5pts"))
    live.price(800, 795)
    del live.steps[-1]
    live.end(is_whole=False)
    recorded, exits = fed(live)
    assert recorded.difference is None
    assert len(exits) == 1


# Differences.


def changed(live, place, answers):
    live.steps[place] = Said(answers, live.steps[place].rows)


def test_the_first_answer_that_differs_is_named():
    live = Live(a_trade(stop="5pts"))
    live.price(800, 795)
    live.end()
    changed(live, -2, (b'["Other",{}]', *live.steps[-2].answers[1:]))
    recorded, _ = fed(live)
    where, live_said, ours = recorded.difference
    assert where == f"p, after 2 ticks, at Tick NSE:SBIN 795.0 of {live.now_ns}"
    assert live_said == '["Other",{}]'
    assert ours.startswith('["ExitDecided",')


def test_an_answer_that_only_the_live_engine_gave_is_a_difference():
    live = Live(a_trade(stop="5pts"))
    live.price(800, 795)
    changed(live, -1, (*live.steps[-1].answers, b'["More",{}]', b'["Even more",{}]'))
    live.end()
    recorded, _ = fed(live)
    assert recorded.difference == ("p, after 2 ticks", '["More",{}]', None)


def test_an_answer_that_only_this_engine_gives_is_a_difference():
    live = Live(a_trade(stop="5pts"))
    live.price(800, 795)
    live.end()
    last = next(
        n for n in reversed(range(len(live.steps))) if getattr(live.steps[n], "answers", ())
    )
    changed(live, last, live.steps[last].answers[:-1])
    recorded, _ = fed(live)
    assert recorded.difference.live is None
    assert recorded.difference.ours.startswith('["')


def test_nothing_is_compared_unless_it_is_asked_for():
    live = Live(a_trade(stop="5pts"))
    live.price(800, 795)
    changed(live, -1, (b'["Other",{}]',))
    live.end()
    recorded = Recorded()
    assert len(list(recorded.run([("p", live.steps)]))) == 1
    assert (recorded.difference, recorded.answers) == (None, 0)


def test_how_far_the_ticks_had_come_is_part_of_what_is_compared():
    live = Live(a_trade(order_id="O1", quantity="10"))
    live.price(800, 801)
    live.take(
        Execution(
            execution_id="X1",
            order_id="O1",
            client_order_id=None,
            key=KEY,
            side=OrderSide.BUY,
            quantity=Decimal(10),
            price=Decimal(800),
            at_ns=live.now_ns,
        )
    )
    assert b'"seq":2' in live.steps[-1].answers[0]
    recorded, _ = fed(live)
    assert recorded.difference is None
