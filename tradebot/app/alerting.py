"""The alerts of a daemon, wired: what makes them, and where they are kept."""

from collections.abc import Callable, Iterable

from tradebot.app.alert_lines import changes_of_line
from tradebot.app.state import StateDirectory
from tradebot.core.alerting.alert_rules import HALT, changes_of
from tradebot.core.alerting.alerts import Alert
from tradebot.core.book import Book
from tradebot.core.events import Event
from tradebot.errors import StoreError
from tradebot.metrics import Figure
from tradebot.ports import Clock, Say
from tradebot.services.alerts import Alerts
from tradebot.services.supervisor import Supervisor
from tradebot.stores.alert_file import AlertFile

START = "start"  # the matter of a daemon that does not start


class Alerting:
    """Hears events and lines of the log, and never holds up who says them."""

    def __init__(self, state: StateDirectory, *, clock: Clock, say: Say) -> None:
        """Read what an earlier life kept; a file that cannot be read is no reason not to start."""
        self.log = say  # for what is heard as an event already
        self.clock = clock
        self.letters: Callable[[], Iterable[Figure]] = tuple  # figures of what became of them
        file = AlertFile(state.alerts)
        kept, why = [], ""
        try:
            kept = file.load()
        except StoreError as error:
            why = str(error)
        if file.unread:
            why = f"{file.unread} lines of {state.alerts} are damaged"
        self.alerts = Alerts(file, kept, clock=clock, say=say)
        if why:
            self.say("alerts.unread", "warning", why=why)

    def say(self, event: str, level: str = "info", /, **fields: object) -> None:
        """Write a line of the log, and alert of it where it should be."""
        self.log(event, level, **fields)
        self.alerts.take(changes_of_line(event, level, fields))

    def hear(self, event: Event) -> None:
        """Alert of an event where it should be."""
        self.alerts.take(changes_of(event))

    def settle(self, book: Book) -> None:
        """End what an earlier life has left, as far as the recovered book tells.

        That it does not start is over when it has started, and no sooner.
        """

        def still_holds(alert: Alert) -> bool:
            if alert.key == START:
                return True
            if alert.key == HALT:
                return book.halt.form is not None
            return alert.trade_id in book.trades

        self.alerts.settle(still_holds)

    def start(self, supervisor: Supervisor) -> None:
        """Start the tasks, with the daemon; the guard can do without each of them."""
        self.alerts.settle(lambda alert: alert.key != START)
        supervisor.attend("alerts", self.alerts.run)
        supervisor.attend("alert file", self.alerts.write)

    def figures(self) -> Iterable[Figure]:
        """Return what became of the letters, once there are sinks."""
        return self.letters()

    async def close(self) -> None:
        """Write the last changes, once the tasks have been stopped."""
        await self.alerts.close()
