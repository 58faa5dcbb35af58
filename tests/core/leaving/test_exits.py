"""The life of one exit: what each word of the broker makes of it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.playbook import KEY
from tradebot.core.guard.trades import Reason
from tradebot.core.inputs import (
    Acked,
    NoAction,
    NotSent,
    OrderSide,
    OrderState,
    Queued,
    Refused,
    Unknown,
)
from tradebot.core.leaving import exits
from tradebot.core.leaving.exit import Exit, State
from tradebot.errors import InvalidTransitionError

SECOND = 10**9
NOW = 1_000 * SECOND


def an_exit(state=State.DECIDED, quantity=10, **words):
    """An exit of ten; with an order of ten under way where its state has one."""
    exit_ = Exit(
        trade_id="T1",
        number=1,
        key=KEY,
        side=OrderSide.SELL,
        quantity=Decimal(quantity),
        reason=Reason.STOP,
        decided_at_ns=NOW,
    )
    if state is not State.DECIDED:
        exit_ = exits.sent(exit_, "T1-x1", Decimal(quantity))
    fields = {name: getattr(exit_, name) for name in Exit.__struct_fields__}
    return Exit(**(fields | {"state": state} | words))


def after_pause(exit_):
    return (exit_.due_at_ns - NOW) // SECOND


# Sending.


@pytest.mark.parametrize("state", [State.DECIDED, State.RETRY_WAIT])
def test_an_exit_is_sent_when_nothing_of_it_is_alive(state):
    before = an_exit(state, order_filled=Decimal(3), order_final=Decimal(3), order_id="B1", asks=4)
    after = exits.sent(before, "T1-x2", Decimal(7))
    assert (after.state, after.client_order_id, after.alive) == (State.SENDING, "T1-x2", 7)
    assert (after.order_id, after.order_final, after.order_filled) == (None, None, 0)
    assert (after.asks, after.due_at_ns) == (0, 2 * SECOND)  # to be asked about


@pytest.mark.parametrize(
    "state", [State.SENDING, State.UNKNOWN, State.WORKING, State.CHECKING, State.DONE]
)
def test_an_exit_is_never_sent_while_something_of_it_may_be_alive(state):
    with pytest.raises(InvalidTransitionError, match=r"exit 1 of trade T1 is .*cannot send T1-x2"):
        exits.sent(an_exit(state), "T1-x2", Decimal(1))


# Answers.


@pytest.mark.parametrize(
    ("outcome", "state", "alive", "pause"),
    [
        (Acked("B1"), State.WORKING, 10, 2),
        (Queued("approve it"), State.WORKING, 10, 2),
        (NotSent("429"), State.RETRY_WAIT, 0, 1),
        (Refused("margin"), State.RETRY_WAIT, 0, 1),
        (NoAction("flat"), State.CHECKING, 0, 1),
        (Unknown("timeout"), State.UNKNOWN, 10, 1),
    ],
)
@pytest.mark.parametrize("before", [State.SENDING, State.UNKNOWN])
def test_an_answer_moves_a_request_in_doubt(before, outcome, state, alive, pause):
    after = exits.answered(an_exit(before), outcome, NOW)
    assert (after.state, after.alive, after_pause(after)) == (state, alive, pause)


@pytest.mark.parametrize(
    "state", [State.DECIDED, State.WORKING, State.RETRY_WAIT, State.CHECKING, State.DONE]
)
def test_an_answer_that_comes_after_the_orders_own_reports_changes_nothing(state):
    exit_ = an_exit(state)
    assert exits.answered(exit_, Unknown("late"), NOW) is exit_


@pytest.mark.parametrize(
    ("step", "pauses"),
    [
        (exits.waiting, [1, 2, 5, 10, 30, 30]),
        (exits.in_doubt, [1, 2, 5, 5]),
        (exits.checking, [1, 2, 5, 5]),
        (exits.asked, [5, 5, 5]),
    ],
)
def test_pauses_grow_and_never_end(step, pauses):
    exit_, seen = an_exit(State.CHECKING if step is exits.checking else State.SENDING), []
    for _ in pauses:
        exit_ = step(exit_, NOW)
        seen.append(after_pause(exit_))
    assert seen == pauses


def test_a_row_of_flat_reads_begins_anew_with_every_check_and_every_life():
    checking = exits.checking(an_exit(flat_reads=1), NOW)
    read = exits.read_flat(checking, NOW)
    assert (checking.flat_reads, read.flat_reads) == (0, 1)
    assert exits.read_flat(read, NOW + SECOND).flat_since_ns == NOW
    assert exits.read_flat(exits.read_in_vain(read), NOW + 1).flat_since_ns == NOW + 1
    assert exits.checking(read, NOW).flat_reads == 1
    assert exits.due_now(read, NOW).flat_reads == exits.read_in_vain(read).flat_reads == 0


# Reports and executions.


@pytest.mark.parametrize(
    ("filled_here", "state", "filled", "after", "alive"),
    [
        (0, OrderState.OPEN, 0, State.WORKING, 10),
        (0, OrderState.OPEN, 4, State.WORKING, 10),  # only executions move quantity
        (4, OrderState.OPEN, 4, State.WORKING, 6),
        (0, OrderState.COMPLETE, 10, State.WORKING, 10),
        (0, OrderState.CANCELLED, 4, State.WORKING, 4),
        (4, OrderState.CANCELLED, 4, State.DECIDED, 0),
        (4, OrderState.CANCELLED, 3, State.DECIDED, 0),
        (0, OrderState.CANCELLED, 0, State.RETRY_WAIT, 0),
        (0, OrderState.REJECTED, 0, State.RETRY_WAIT, 0),
        (4, OrderState.REJECTED, 0, State.DECIDED, 0),
    ],
)
@pytest.mark.parametrize("before", [State.SENDING, State.UNKNOWN, State.WORKING])
def test_a_report_moves_an_order_that_may_fill(before, *, filled_here, state, filled, after, alive):
    here = Decimal(filled_here)
    exit_ = an_exit(before, filled=here, order_filled=here)
    moved = exits.reported(exit_, state, Decimal(filled), "B1", NOW)
    assert (moved.state, moved.alive) == (after, alive)


@pytest.mark.parametrize("state", [State.DECIDED, State.RETRY_WAIT, State.CHECKING, State.DONE])
def test_a_report_of_an_order_that_is_over_changes_nothing(state):
    exit_ = an_exit(state, order_id="B1")
    assert exits.reported(exit_, OrderState.OPEN, Decimal(0), "B1", NOW) is exit_


@pytest.mark.parametrize("state", [State.RETRY_WAIT, State.CHECKING])
def test_an_order_that_was_called_dead_works_when_the_broker_tells_of_it(state):
    """NT 4215: a refusal for a name that exists was taken for the end of a live order."""
    alive = exits.reported(an_exit(state), OrderState.OPEN, Decimal(0), "B1", NOW)
    assert (alive.state, alive.order_id, alive.alive) == (State.WORKING, "B1", 10)
    dead = an_exit(state)
    assert exits.reported(dead, OrderState.REJECTED, Decimal(0), "B1", NOW) is dead
    over = exits.reported(dead, OrderState.CANCELLED, Decimal(4), "B1", NOW)
    assert (over.state, over.alive) == (State.WORKING, 4)  # until these four are here


def test_a_report_that_says_nothing_new_is_no_change():
    exit_ = exits.reported(an_exit(State.SENDING), OrderState.CANCELLED, Decimal(4), "B1", NOW)
    for filled in (4, 3):
        assert exits.reported(exit_, OrderState.CANCELLED, Decimal(filled), "B1", NOW) is exit_


@pytest.mark.parametrize(
    ("before", "words", "quantity", "state"),
    [
        (State.SENDING, {}, 4, State.WORKING),
        (State.UNKNOWN, {}, 4, State.WORKING),
        (State.WORKING, {}, 4, State.WORKING),
        (State.WORKING, {}, 10, State.DONE),
        (State.SENDING, {"quantity": 15, "order_quantity": Decimal(10)}, 10, State.DECIDED),
        (State.WORKING, {"order_final": Decimal(4)}, 4, State.DECIDED),
        (State.WORKING, {"order_final": Decimal(4)}, 3, State.WORKING),
        # It was called dead, and fills all the same.
        (State.RETRY_WAIT, {}, 4, State.WORKING),  # the rest of it may fill too
        (State.RETRY_WAIT, {"order_id": "B1"}, 4, State.RETRY_WAIT),
        (State.RETRY_WAIT, {}, 10, State.DONE),
        (State.CHECKING, {}, 10, State.DONE),
        (State.DONE, {}, 1, State.DONE),
    ],
)
def test_an_execution_moves_its_exit(before, words, quantity, state):
    exit_ = an_exit(before, tries=3, **{**words, "quantity": Decimal(words.get("quantity", 10))})
    after = exits.filled_by(exit_, "T1-x1", "B1", Decimal(quantity), NOW)
    assert (after.state, after.filled, after.tries) == (state, quantity, 0)


@pytest.mark.parametrize(
    ("before", "quantity", "state"),
    [
        (State.WORKING, 4, State.WORKING),
        (State.WORKING, 10, State.WORKING),  # T1-x2 may still fill
        (State.RETRY_WAIT, 4, State.RETRY_WAIT),
        (State.RETRY_WAIT, 10, State.DONE),
    ],
)
def test_a_late_execution_of_an_earlier_order_counts_for_the_exit_alone(before, quantity, state):
    exit_ = an_exit(before, client_order_id="T1-x2")
    after = exits.filled_by(exit_, "T1-x1", "B1", Decimal(quantity), NOW)
    assert (after.state, after.filled, after.order_filled) == (state, quantity, 0)


def test_an_exit_with_all_filled_is_over_when_its_last_order_ends():
    exit_ = exits.filled_by(
        an_exit(State.WORKING, client_order_id="T1-x2"), "T1-x1", "B1", Decimal(10), NOW
    )
    assert exits.reported(exit_, OrderState.CANCELLED, Decimal(0), "B2", NOW).is_over


def test_what_is_ready_keeps_its_count_of_vain_tries():
    assert exits.ready(an_exit(State.CHECKING, tries=3)).tries == 3
    assert exits.ready(an_exit(State.CHECKING)).state is State.DECIDED


def test_what_is_held_against_a_claim_of_the_broker_is_sent_again_after_a_pause():
    claimed = exits.answered(an_exit(State.SENDING, sent_at_ns=NOW, tries=1), NoAction("flat"), NOW)
    again = exits.ready(claimed)
    assert (again.state, again.tries, after_pause(again)) == (State.RETRY_WAIT, 2, 2)
    assert exits.ended(an_exit(State.CHECKING)).is_over


# How much.


@pytest.mark.parametrize(
    ("held", "alive", "remaining", "own", "quantity"),
    [
        (10, 0, 10, 0, 10),
        (30, 0, 30, 0, 10),
        (7, 0, 10, 0, 7),
        (0, 0, 10, 0, 0),
        (10, 0, 4, 0, 4),
        (15, 8, 10, 0, 7),
        (5, 8, 10, 0, 0),
        (30, 16, 10, 7, 3),
    ],
)
def test_an_order_asks_for_what_is_held_and_not_on_its_way_out(
    *, held, alive, remaining, own, quantity
):
    given = {"held": held, "alive": alive, "remaining": remaining, "own": own}
    given = {name: Decimal(units) for name, units in given.items()}
    assert exits.quantity_to_send(an_exit(), **given) == quantity


units = st.integers(0, 50).map(Decimal)


@given(units, units, units, units)
def test_no_order_can_carry_the_net_through_zero_or_its_trade_below_nothing(
    held, alive, remaining, own
):
    quantity = exits.quantity_to_send(
        an_exit(quantity=50), held=held, alive=alive, remaining=remaining, own=own
    )
    assert quantity >= 0
    assert not quantity or quantity + alive <= held
    assert not quantity or quantity + own <= remaining


words = st.one_of(
    st.tuples(st.just("report"), st.sampled_from(OrderState), st.integers(0, 10).map(Decimal)),
    st.tuples(st.just("fill"), st.just(None), st.integers(1, 4).map(Decimal)),
    st.tuples(
        st.just("answer"),
        st.sampled_from([Acked("B1"), Refused(""), NotSent(""), NoAction(""), Unknown("")]),
        st.just(Decimal(0)),
    ),
)


@given(st.lists(words, max_size=12))
def test_whatever_is_said_fills_are_counted_once_and_versions_only_rise(said):
    exit_ = an_exit(State.SENDING)
    filled = Decimal(0)
    for kind, what, quantity in said:
        before = exit_
        match kind:
            case "report":
                exit_ = exits.reported(exit_, what, quantity, "B1", NOW)
            case "fill":
                filled += quantity
                exit_ = exits.filled_by(exit_, "T1-x1", "B1", quantity, NOW)
            case _:
                exit_ = exits.answered(exit_, what, NOW)
        assert exit_ is before or exit_.version > before.version
        assert exit_.filled == filled
        assert not (before.is_over and not exit_.is_over)
        assert exit_.alive >= 0 or not exit_.is_alive


# A request whose name the broker does not keep.


def test_a_request_that_is_found_in_the_books_works_and_keeps_every_name_it_had():
    found = exits.found(exits.in_doubt(an_exit(State.SENDING), 5), "B7", 9)
    assert (found.state, found.order_id, found.orders) == (State.WORKING, "B7", ("B7",))
    again = exits.found(
        exits.in_doubt(exits.sent(exits.ready(found), "T1-x2", found.quantity), 5), "B8", 9
    )
    assert again.orders == ("B7", "B8")


def test_two_books_after_the_longest_life_of_a_request_prove_that_it_never_arrived():
    doubt = exits.in_doubt(an_exit(State.SENDING), 5)
    assert exits.not_found(doubt, doubt.sent_at_ns + 59, 60) is doubt
    once = exits.not_found(doubt, doubt.sent_at_ns + 60, 60)
    assert once.state is State.UNKNOWN
    assert exits.not_found(once, doubt.sent_at_ns + 60, 60).state is State.RETRY_WAIT


# An order that the market leaves behind.


def test_what_an_order_that_was_called_back_left_goes_out_at_the_next_step_at_once():
    asked = exits.cancelling(exits.cancelling(an_exit(State.WORKING), NOW), NOW)
    assert (asked.state, asked.cancels, after_pause(asked)) == (State.WORKING, 2, 2)
    over = exits.reported(asked, OrderState.CANCELLED, Decimal(0), "B1", NOW)
    assert (over.state, over.step, over.tries) == (State.DECIDED, 1, 0)
    assert exits.sent(over, "T1-x2", Decimal(10)).cancels == 0


def test_an_order_that_was_filled_before_it_was_called_back_has_left_nothing():
    asked = exits.cancelling(an_exit(State.WORKING), NOW)
    assert exits.filled_by(asked, "T1-x1", "B1", Decimal(10), NOW).state is State.DONE


def test_a_call_that_hangs_is_asked_about_ever_more_slowly_and_stays_what_it_is():
    exit_ = exits.sent(an_exit(State.DECIDED), "T1-x1", Decimal(10), NOW)
    pauses = [after_pause(exit_)]
    for _ in range(3):
        exit_ = exits.unanswered(exit_, NOW)
        pauses.append(after_pause(exit_))
    assert (pauses, exit_.state, exit_.asks) == ([2, 1, 2, 5], State.SENDING, 3)


def test_an_exit_that_others_hold_back_stays_ready_and_a_fill_of_ours_begins_anew():
    held = exits.held_back(an_exit(), 7)
    assert (held.state, held.held_ns, held.asks) == (State.DECIDED, 7, 0)
    assert exits.told_of(held).asks == 1
    sent = exits.sent(held, "T1-x1", Decimal(4), limit=Decimal(795))
    assert (sent.held_ns, sent.limit) == (7, 795)
    assert exits.filled_by(sent, "T1-x1", "B1", Decimal(4), 9).held_ns == 0
