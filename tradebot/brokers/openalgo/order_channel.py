"""Whether the websocket lets us in and takes our wish to hear of orders: one short connection."""

import asyncio

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tradebot.brokers.openalgo.wire import frames, values
from tradebot.core.secret import Secret

WELCOME_S_MAX = 25.0  # [W] the broker's connection is made inside it


async def refusal(url: str, key: Secret, *, within_s: float = WELCOME_S_MAX) -> str | None:
    """Return why nothing would be heard of orders there; None: it was taken.

    Only for when no daemon is connected: to authenticate makes the proxy talk to the broker,
    and everybody else waits meanwhile [W].
    """
    try:
        async with (
            asyncio.timeout(within_s),
            connect(url, compression=None, proxy=None, close_timeout=1.0) as socket,
        ):
            await socket.send(frames.authenticate(key.reveal()), text=True)
            while True:
                frame = frames.frame_of(await socket.recv(decode=False))
                if frame is None:
                    continue
                if frame.is_error:
                    return values.tidy(key.cleaned(f"{frame.code} {frame.message or ''}"))
                if frame.is_welcome:
                    await socket.send(frames.subscribe_orders(), text=True)
                elif frame.type == "subscribe_orders":
                    return None if frame.status == "success" else f"it was answered {frame.status}"
    except (OSError, TimeoutError, WebSocketException) as error:
        told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return values.tidy(key.cleaned(told))
