"""Websocket connections that go to the configured address and nowhere else."""

from websockets.asyncio.client import connect


class Straight(connect):
    """A connection that follows no redirect.

    The library would follow one to any other host, and the first frame that we send is the key:
    the login page of a proxy, or whoever stands in for it, would be sent it.
    """

    def process_redirect(self, exc: Exception) -> Exception:
        return exc
