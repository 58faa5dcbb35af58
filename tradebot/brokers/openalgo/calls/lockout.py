"""What to do while key or broker session is not accepted: wait, and knock."""

import math

_SECOND_NS = 1_000_000_000
# Up to so many knocks, so many seconds apart.
_Paces = tuple[tuple[float, int], ...]
# [W] The same 403 is a wrong key and a session that ended, as each does every night. An
# administrator may have an address banned for good after 100 bad keys a day: these are
# fewer, and quick where a person is just logging in.
_OF_ANY_KEY: _Paces = ((4, 30), (8, 60), (40, 300), (math.inf, 1800))
# [S] A key that is right is never counted as a bad one, whether or not there is a session. So one
# that was taken before waits for the login alone: whoever logs in minutes before the open must
# not find that nothing is sent for half an hour. One that was replaced meanwhile counts no more
# than once in five minutes, and an alert has told a person of it.
_OF_A_GOOD_KEY: _Paces = ((60, 5), (2880, 15), (math.inf, 60))


class Lockout:
    """Whether requests may leave. Closed, each is answered here, without a byte sent."""

    def __init__(self) -> None:
        """Start open."""
        self.why = ""  # empty: open
        self._count = 0
        self._next_ns = 0
        self._is_knocking = False
        self._was_taken = False  # the key, in this life

    @property
    def is_closed(self) -> bool:
        """Whether the server has refused our key, and not taken it since."""
        return bool(self.why)

    @property
    def _paces(self) -> _Paces:
        return _OF_A_GOOD_KEY if self._was_taken else _OF_ANY_KEY

    def close(self, why: str, now_ns: int) -> bool:
        """Note a refusal; return whether it is the first.

        The refusals of requests that were under way with the first one say nothing more: with
        each of them counted, twenty at once would make the next knock wait for minutes.
        """
        is_first = not self.is_closed
        self.why = why
        if is_first or self._is_knocking or self.may_knock(now_ns):
            self._count += 1
            pause_s = next(pause for most, pause in self._paces if self._count <= most)
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
        self._next_ns = now_ns + self._paces[0][1] * _SECOND_NS

    def taken(self) -> None:
        """Note that the server has taken the key: from now on a refusal is about the session."""
        self._was_taken = True

    def open(self) -> bool:
        """Note that the key was taken; return whether it had not been."""
        was_closed = self.is_closed
        self.why, self._count, self._next_ns = "", 0, 0
        self._is_knocking = False
        return was_closed
