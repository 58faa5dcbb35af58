"""Whether OpenAlgo's word on orders can be relied on: while it has just been heard, and no longer.

[W] ``subscribe_orders`` is acknowledged also where nothing will ever be pushed; a broker that was
logged in anew, or a stream that died behind the proxy, is not announced. So only what is told
proves the channel: some order's update on this connection, all of which has been read since.
"""

# [S] The server asks these brokers every five seconds, and pushes what it finds.
POLLED = frozenset({"groww", "fivepaisa", "samco"})
PROOF_NS = 10_000_000_000  # nobody announces its end: one that has said nothing for so long
UNHEARD_NS = 2_000_000_000  # an order of ours of which it says nothing for so long
REMEMBERED_MAX = 1_000  # orders that it has spoken of; the oldest is forgotten first


class ChannelProof:
    """What the channel has told lately, and of which orders of ours it is to tell yet."""

    def __init__(self) -> None:
        """Start with nothing proven."""
        self.broker: str | None = None  # whose connection is welcome; None: none is
        self.ack = ""  # the status in the answer to our wish to be told; empty: none yet
        self.words = 0  # that it has told
        self._read_words = 0  # of these: all that they are about has been read
        self._proven_ns: int | None = None
        self._spoken_of: dict[str, None] = {}
        self._awaited: dict[str, int] = {}  # our orders, since when

    def welcomed(self, broker: str) -> None:
        """Note that a connection was let in."""
        self.broker, self.ack = broker, ""

    def told(self, order_id: str, broker: str) -> None:
        """Take an update; it proves something once the trade book was read."""
        self.words += 1
        if broker in POLLED:
            self._proven_ns = None
            self._read_words = self.words  # never a proof
            return
        self._awaited.pop(order_id, None)
        self._spoken_of[order_id] = None
        if len(self._spoken_of) > REMEMBERED_MAX:
            del self._spoken_of[next(iter(self._spoken_of))]

    def was_read(self, words: int, now_ns: int) -> None:
        """Note that the trade book was read after so many words, and has something in it."""
        if words > self._read_words:
            self._read_words = words
            self._proven_ns = now_ns

    def placed(self, order_id: str, now_ns: int) -> None:
        """Note an order of ours that the broker has: a channel that is there tells of it."""
        if self._proven_ns is not None and order_id not in self._spoken_of:
            self._awaited[order_id] = now_ns

    def ended(self) -> None:
        """Note that the connection, or the broker behind it, is gone: nothing is proven."""
        self.broker, self.ack = None, ""
        self._distrust()

    def is_good(self, now_ns: int) -> bool:
        """Whether silence means that nothing has happened."""
        if any(now_ns - since_ns >= UNHEARD_NS for since_ns in self._awaited.values()):
            self._distrust()
        return (
            self._proven_ns is not None
            and self._read_words == self.words
            and 0 <= now_ns - self._proven_ns < PROOF_NS
        )

    def _distrust(self) -> None:
        self._proven_ns = None
        self._read_words = self.words
        self._awaited.clear()
