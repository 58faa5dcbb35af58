"""What the broker says that it holds, and what that means for exits and trades."""

from tradebot.core.account import freezing, net_reads
from tradebot.core.account.positions import Position, agreed, corrected
from tradebot.core.book import Book
from tradebot.core.events import BookDiffers
from tradebot.core.guard.trades import Side
from tradebot.core.inputs import PositionsReply
from tradebot.core.leaving import exits, lanes
from tradebot.core.leaving.exit import State
from tradebot.core.market.instruments import NetKey

# A flat net closes a trade only when all reads for so long say so, two at least. Books stand
# still at times, and what the trade is to leave may not be in them yet; waiting costs nothing,
# as nothing can be sent meanwhile.
FLAT_READS = 2
FLAT_NS_MIN = 20_000_000_000


def on_positions(book: Book, reply: PositionsReply) -> None:
    """Take the broker's net of a key that was read because ours seems wrong.

    A net that was read before an execution or while an order of ours may fill is out of
    date when it arrives: it breaks a row of flat reads, and what waits for one asks again.
    """
    asked = book.reads.pop(reply.key, None)
    if asked is None:
        return
    if reply.net is None:
        net_reads.is_interrupted(book, reply.key)
        freezing.differed(book, reply.key)
        return
    checking = [e for e in book.lanes.get(reply.key) or () if e.state is State.CHECKING]
    counts, since_ns = _counts(book, reply, asked[1]), reply.at_ns
    if counts:
        claim, claimed_ns = book.disputes.get(reply.key, (None, 0))
        if claim == (reply.net, asked[1]):
            since_ns = claimed_ns  # all reads since then have said so
        _take(book, reply, asked[0])
        net_reads.is_known(book, reply.key)
    if not counts or reply.key in book.frozen:
        for exit_ in checking:
            book.put_exit(exits.read_in_vain(exit_))
        return
    for exit_ in checking:
        if exit_.trade_id not in book.trades:
            continue  # closed with another exit of the same trade
        if lanes.held(book, exit_) > 0:
            after = book.put_exit(exits.ready(exit_))
            if after.tries >= lanes.STUCK_TRIES:
                why = "the broker says that there is nothing to leave, and holds it all the same"
                lanes.say_stuck(book, after, why, reply.at_ns)
        else:
            after = book.put_exit(exits.read_flat(exit_, since_ns))
            is_long = reply.at_ns - after.flat_since_ns >= FLAT_NS_MIN
            if is_long and after.flat_reads >= FLAT_READS:
                lanes.close_outside(book, exit_.trade_id, reply.at_ns)
    _close_what_others_left(book, reply.key, reply.at_ns)
    lanes.advance(book, reply.key, reply.at_ns)


def _counts(book: Book, reply: PositionsReply, version: int) -> bool:
    """Whether a net may be taken for what is held, now that it has come."""
    lane = book.lanes.get(reply.key)
    is_at_work = bool(lane and lane.orders)
    if version != book.position_version(reply.key) or is_at_work:
        net_reads.is_interrupted(book, reply.key)
        if not is_at_work and reply.net != book.net(reply.key):
            # What came with it does not explain it: whether the next one says so too is not
            # left to the next comparison, as an exit may be decided before that.
            net_reads.ask(book, reply.key)
        return False
    if reply.net != book.net(reply.key):
        freezing.differed(book, reply.key)
        return net_reads.is_believed(book, reply)
    return net_reads.is_agreed(book, reply)


def _take(book: Book, reply: PositionsReply, asked_at_ns: int) -> None:
    """Let the broker's net stand: for ours where it differs, else as its proof."""
    key, net = reply.key, reply.net
    assert net is not None, "a read that failed says nothing"
    ours, position = book.net(key), book.positions.get(key)
    if ours == net:
        if position is not None:
            book.put_position(agreed(position))
        freezing.agreed(book, key)
        return
    book.say(BookDiffers(instrument=key.instrument, ours=ours, broker=net, at_ns=reply.at_ns))
    before = position or Position(key=key)
    book.put_position(corrected(before, net, asked_at_ns=asked_at_ns, at_ns=reply.at_ns))
    if position is not None:
        freezing.corrected(book, key, reply.at_ns)


def _close_what_others_left(book: Book, key: NetKey, at_ns: int) -> None:
    """Close the open trades of a position that is flat by our book and by the broker's.

    Or is held on the other side: somebody has gone through zero, and what is there now is
    found only once no trade stands before it.

    Not at the first look, and none that is younger than it: what a trade is to guard may
    have been bought a moment ago, and be told of a moment later.
    """
    net = book.net(key)
    here = [
        name
        for side in Side
        # Where both sides may be open at once, a net says nothing of either.
        if not net or (side.sign * net < 0 and not book.policy.opposite_allowed)
        for name in book.open_on.get((key, side), ())
    ]
    if not here:
        book.flat_since.pop(key, None)
        return
    version = book.position_version(key)
    seen_version, since_ns = book.flat_since.get(key, (None, 0))
    if seen_version != version:
        book.flat_since[key] = version, at_ns
        if net:  # what is there has no guard: it does not wait for the next comparison
            book.reconcile_due_ns = min(book.reconcile_due_ns, at_ns + FLAT_NS_MIN)
    elif at_ns - since_ns >= FLAT_NS_MIN:
        for trade_id in here:
            trade = book.trades[trade_id]
            is_older = trade.opened_at_ns is not None and trade.opened_at_ns < since_ns
            if is_older and not book.alive(trade_id):
                lanes.close_outside(book, trade_id, at_ns)
                book.look.due_ns = min(book.look.due_ns, at_ns)
