"""Telling systemd how we are: READY, STATUS, WATCHDOG, STOPPING.

The protocol is sd_notify(3): datagrams of KEY=VALUE lines to the unix socket that
NOTIFY_SOCKET names; a leading "@" is the abstract namespace.
"""

import contextlib
import os
import socket
from collections.abc import Mapping


class Notifier:
    """The line to the service manager; without one, everything is said to nobody."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Take the socket and the watchdog's interval from the environment."""
        self._address = environment.get("NOTIFY_SOCKET", "")
        pid = environment.get("WATCHDOG_PID", "")
        ours = not pid or pid == str(os.getpid())
        interval_us = environment.get("WATCHDOG_USEC", "") if ours else ""
        interval_s = int(interval_us) / 1e6 if interval_us.isdecimal() else 0.0
        # Half the interval, as sd_watchdog_enabled(3) advises; None: no watchdog.
        self.watchdog_s = interval_s / 2 or None
        self._unsent: dict[str, str] = {}
        self._socket: socket.socket | None = None

    def say(self, **fields: str) -> None:
        """Send fields; a service manager that does not listen is no fault of ours.

        What its full queue did not take goes with what is said next: READY is said once.
        """
        if not self._address:
            return
        name = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        self._unsent |= fields
        text = "\n".join(f"{key}={value}" for key, value in self._unsent.items())
        with contextlib.suppress(OSError):
            if self._socket is None:
                self._socket = socket.socket(
                    socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
                )
            self._socket.sendto(text.encode(), name)
            self._unsent = {}

    def close(self) -> None:
        """Let the socket go."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
