"""What to do while key or broker session is not accepted: wait, and knock slowly."""

_SECOND_NS = 1_000_000_000
# [W] The same 403 is a wrong key and a session that ended, as each does every night. An
# administrator may have an address banned for good after 100 bad keys a day: these are
# fewer, and quick where a person is just logging in.
_PAUSES_S = ((4, 30), (8, 60), (40, 300))  # up to so many knocks, so many seconds apart
_LATER_S = 1800


class Lockout:
    """Whether requests may leave. Closed, each is answered here, without a byte sent."""

    def __init__(self) -> None:
        """Start open."""
        self.why = ""  # empty: open
        self._count = 0
        self._next_ns = 0
        self._is_knocking = False

    @property
    def is_closed(self) -> bool:
        """Whether the server has refused our key, and not taken it since."""
        return bool(self.why)

    def close(self, why: str, now_ns: int) -> bool:
        """Note a refusal; return whether it is the first.

        The refusals of requests that were under way with the first one say nothing more: with
        each of them counted, twenty at once would make the next knock wait for minutes.
        """
        is_first = not self.is_closed
        self.why = why
        if is_first or self._is_knocking or self.may_knock(now_ns):
            self._count += 1
            pause_s = next((pause for most, pause in _PAUSES_S if self._count <= most), _LATER_S)
            self._next_ns = now_ns + pause_s * _SECOND_NS
        self._is_knocking = False
        return is_first

    def may_knock(self, now_ns: int) -> bool:
        """Whether it is time to ask again if the key is taken."""
        return now_ns >= self._next_ns

    def hasten(self, now_ns: int) -> None:
        """Knock soon: the websocket has just taken the same key."""
        self._next_ns = min(self._next_ns, now_ns)

    def knocks(self, now_ns: int) -> None:
        """Note a knock; one that nobody answers is no refusal, and is repeated soon."""
        self._is_knocking = True
        self._next_ns = now_ns + _PAUSES_S[0][1] * _SECOND_NS

    def open(self) -> bool:
        """Note that the key was taken; return whether it had not been."""
        was_closed = self.is_closed
        self.why, self._count, self._next_ns = "", 0, 0
        self._is_knocking = False
        return was_closed
