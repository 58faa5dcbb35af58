"""How often one address may ask, and when it is shut out."""

import collections

from tests.openalgo.account import Account, Reply

ORDER = {
    *{"placeorder", "modifyorder", "cancelorder", "placesmartorder"},
    *{"placegttorder", "modifygttorder", "cancelgttorder"},
}
CALLS = {  # of the broker, where they are not one
    **dict.fromkeys(("ping", "analyzer", "analyzer/toggle", "symbol", "search"), 0),
    **dict.fromkeys(("instruments", "market/timings", "market/holidays"), 0),
    **dict.fromkeys(("orderstatus", "placesmartorder"), 2),
}
OFFENCES_MAX = 100  # bad keys, or paths that are not there


class Limits:
    """Moving windows of a second, by address and endpoint; kept in memory, lost by a restart."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._asked: dict[tuple[str, str], collections.deque[float]] = {}
        self._offences: collections.Counter[tuple[str, int]] = collections.Counter()

    def refusal(self, address: str, endpoint: str) -> Reply | None:
        if self._account.bans and self._is_banned(address):
            return Reply(403, {"error": "Access denied", "message": "Your IP has been banned"})
        if not self._account.rate_limits:
            return None
        now_s = self._account.time.now_s()
        account = self._account
        allowed = account.orders_per_s if endpoint in ORDER else account.others_per_s
        window = self._asked.setdefault((address, endpoint), collections.deque())
        while window and window[0] <= now_s - 1.0:
            window.popleft()
        if len(window) >= allowed:
            return too_many(f"{allowed} per 1 second")
        window.append(now_s)
        return None

    def offended(self, address: str, status: int) -> None:
        """Count a 403 or a 404 against an address."""
        self._offences[address, status] += 1

    def _is_banned(self, address: str) -> bool:
        return any(self._offences[address, status] >= OFFENCES_MAX for status in (403, 404))


class BrokerLimits:
    """How often the server may ask the broker; what is above is an error of the broker's."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._calls: collections.deque[float] = collections.deque()

    def allow(self, endpoint: str) -> bool:
        """Count the calls that a request costs, and tell whether the broker answers them."""
        account, now_s = self._account, self._account.time.now_s()
        cost = CALLS.get(endpoint, 1)
        if not cost or account.analyzer:
            return True
        while self._calls and self._calls[0] <= now_s - 60.0:
            self._calls.popleft()
        in_last_s = sum(at_s > now_s - 1.0 for at_s in self._calls)
        self._calls.extend([now_s] * cost)
        return not (
            (account.broker_per_s is not None and in_last_s + cost > account.broker_per_s)
            or (account.broker_per_min is not None and len(self._calls) > account.broker_per_min)
        )


def too_many(message: str) -> Reply:
    # No status field and no Retry-After, although the server has a handler that adds both.
    return Reply(429, {"message": message})
