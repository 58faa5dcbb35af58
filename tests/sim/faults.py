"""How unkind one world is: each seed draws which faults it has, and how often."""

from random import Random

import msgspec

NEVER = 0.0


class Faults(msgspec.Struct, kw_only=True):
    """Rates from 0 to 1; all 0 is a kind world. Changed to that when the calm comes."""

    # Of requests to place an order.
    refused: float = NEVER  # the broker says no
    not_sent: float = NEVER  # refused before any byte of it could act: 429
    no_action: float = NEVER  # the broker claims there is nothing to leave
    request_lost: float = NEVER  # it never acts, and no answer comes
    reply_lost: float = NEVER  # it acts, and no answer comes
    late: float = NEVER  # no answer comes, and it acts long after we have given up
    error_before: float = NEVER  # an error of the server, which has done nothing
    error_after: float = NEVER  # an error of the server, which has placed the order
    hangs: float = NEVER  # the adapter itself never returns; the order may be there
    queued: float = NEVER  # somebody at the broker must say yes to it, and does
    turned_down: float = NEVER  # somebody at the broker must say yes to it, and does not
    outages: float = NEVER  # it acts, and what takes the answer takes the line for a while

    # Of orders in the book.
    rejected: float = NEVER  # after acceptance
    parts: float = NEVER
    cancelled: float = NEVER  # the rest of it, after a part
    rests: float = NEVER  # it is turned into a limit order that the market leaves behind
    slow: float = NEVER  # nothing of it fills for many seconds
    called_dead: float = NEVER  # of entries: reported as dead, and filled all the same

    # Of requests to cancel.
    cancel_refused: float = NEVER
    cancel_lost: float = NEVER
    cancel_late: float = NEVER

    # Of what is told.
    dropped: float = NEVER  # of stream messages: only a question brings it
    stream_dies: float = NEVER  # of looks: for a while nothing is streamed, and no error shows
    doubled: float = NEVER
    delayed: float = NEVER  # by seconds, and so out of order
    query_fails: float = NEVER
    session_fails: float = NEVER  # of looks: for a while no question is answered, no order taken
    book_lags: float = NEVER  # order book, trade book and positions are seconds old
    books_stand: float = NEVER  # of looks: for a while they stay as they are
    book_empty: float = NEVER  # the order book is there, and silently has nothing in it
    books_empty: float = NEVER  # of lines that are back: so for a while, all other books too
    reads_flat: float = NEVER  # a failed read of positions comes as flat; never twice in a row

    # Of prices.
    tick_doubled: float = NEVER
    tick_old: float = NEVER  # an older one again, out of order
    bad_print: float = NEVER
    silence: float = NEVER  # of looks: the feed says nothing for a while
    quote_fails: float = NEVER

    # Of disks, and of the process.
    journal_fails: float = NEVER  # of looks: it refuses for a while
    store_fails: float = NEVER  # of looks: likewise
    commit_lies: float = NEVER  # of refused commits: it was applied all the same
    deaths: float = NEVER  # of looks
    dies_at_work: float = NEVER  # of requests and promises: within a few steps
    power_cuts: float = NEVER  # of deaths: what was not on the disk may be gone

    # Of people.
    by_hand: float = NEVER  # of looks: somebody trades on our keys
    halts: float = NEVER  # of looks: somebody halts
    verdicts: float = NEVER  # of looks at a doubt: somebody looks at the broker, and tells us
    compares: float = NEVER  # of looks: somebody asks us to compare


def drawn(rng: Random) -> Faults:
    """Draw a world: half of the faults are there, each with a rate of its own."""
    worst = rng.choice([0.05, 0.2, 0.4])
    rates = {}
    for name in Faults.__struct_fields__:
        rate = rng.random() * worst if rng.random() < 0.5 else NEVER
        rates[name] = rate * SELDOM.get(name, 1.0)
    return Faults(**rates)


# What would end everything else if it happened as often as the rest.
SELDOM = {"hangs": 0.2, "refused": 0.7, "bad_print": 0.2, "tick_old": 0.5, "silence": 0.3}
SELDOM |= {"session_fails": 0.2, "stream_dies": 0.2, "books_stand": 0.2, "dies_at_work": 0.5}
SELDOM |= {"queued": 0.5, "turned_down": 0.3, "halts": 0.2}
SELDOM |= {"outages": 0.5, "books_empty": 2.5}
