"""How a connection to the proxy is made, and how long things may take on it."""

import msgspec
from websockets.asyncio.client import ClientConnection

from tradebot.brokers.openalgo.stream.sockets import Straight

FRAME_BYTES_MAX = 4 * 1024 * 1024


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often is looked, and how long the server may take."""

    look_s: float = 0.25
    connect_s: float = 10.0
    beside_s: float = 3.0  # as above, where it is tried whether somebody is there at all
    quote_s: float = 3.0
    welcome_s: float = 20.0  # the broker's connection is made inside it [W]
    ping_s: float = 20.0
    quiet_s: float = 1.0  # without any frame in the session: then it is asked for one
    answer_s: float = 1.0  # for that: then it is tried whether the proxy answers somebody else
    renew_s_min: float = 5.0  # between two renewals that the proxy asks for
    orders_s: float = 5.0  # until word of orders is asked for again, where nobody answered
    orders_s_max: float = 300.0
    check_s: float = 3600.0  # between two looks whether orders are real and what symbols are
    pause_share: float = 1.0  # of the pauses between connections


class Line(msgspec.Struct, eq=False):
    """The connection that is read."""

    socket: ClientConnection | None = None
    heard_s: float = 0.0  # when its newest frame came, or it was made, in the loop's time


def dialled(url: str, pace: Pace, *, within_s: float) -> Straight:
    """Return a connection that is made when it is waited for."""
    return Straight(
        url,
        open_timeout=within_s,
        ping_interval=pace.ping_s,
        ping_timeout=pace.ping_s,
        close_timeout=1.0,
        max_size=FRAME_BYTES_MAX,
        compression=None,
        proxy=None,
    )
