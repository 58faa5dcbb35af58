"""Comparing our book with the broker's, also when nothing seems wrong.

A stream drops fills with a healthy heartbeat, and people trade by hand: every so often the
net of each position with open trades is read, which brings the executions along.
"""

from tradebot.core.account import net_reads, trade_reads
from tradebot.core.book import Book


def wake(book: Book, at_ns: int) -> None:
    """Compare when it is time; how often is the policy's to say."""
    every_ns = book.policy.reconcile_every_ns
    if every_ns is not None and at_ns >= book.reconcile_due_ns:
        if book.reconcile_due_ns:
            compare(book)
        book.reconcile_due_ns = at_ns + every_ns


def compare(book: Book) -> None:
    """Ask for the net of every position with open trades, and for the orders that rest there.

    An entry that was called dead may have filled after all: what has executed tells it.
    """
    for key in dict.fromkeys(key for key, _side in book.open_on):
        net_reads.ask(book, key)
        net_reads.ask_orders(book, key.account)
    for account in dict.fromkeys(trade.account for trade in book.unfilled.values()):
        trade_reads.ask(book, account)
