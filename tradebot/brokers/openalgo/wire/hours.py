"""When exchanges trade, as ``market/timings`` says of one day."""

from collections.abc import Mapping

import msgspec

from tradebot.brokers.openalgo.wire.answers import Answer, rows_of

_MS = 1_000_000
_DAY_MS = 86_400_000


class _Row(msgspec.Struct, gc=False):
    exchange: str | None = None
    start_time: object = None
    end_time: object = None


_ROWS = msgspec.json.Decoder(list[_Row])


def hours_of(answer: Answer, midnight_ns: int) -> Mapping[str, tuple[int, int]] | None:
    """Return by exchange when it opens and closes, nanoseconds UTC; None: it is not said.

    An exchange that is missing is closed on that day. A row is left out, with its exchange
    unknown, where its times are none of the day that begins at ``midnight_ns``: the whole
    answer then says nothing, because a row that is missing would read as a holiday.
    """
    if not answer.is_success or answer.body is None:
        return None
    rows = rows_of(answer.body.data, _ROWS)
    if rows is None:
        return None
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        opens, closes = row.start_time, row.end_time
        if not isinstance(opens, int) or not isinstance(closes, int) or not row.exchange:
            return None
        first_ms = midnight_ns // _MS
        if not first_ms <= opens < first_ms + _DAY_MS or not opens < closes <= opens + _DAY_MS:
            return None
        found[row.exchange] = opens * _MS, closes * _MS
    return found
