"""Every error, grouped by what the caller must do."""


class TradebotError(Exception):
    """Anything that tradebot itself raises; catch a subclass, not this."""


class ConfigError(TradebotError):
    """A setting is wrong: refuse to start, or keep the running settings."""


class InputError(TradebotError):
    """Something a person or a file gave us is wrong; answer with it and change nothing.

    ``field`` names the offending key as the person wrote it, so an API or a file
    reader can point at it.
    """

    def __init__(self, field: str, message: str) -> None:
        """Keep ``field`` beside the readable ``message``."""
        super().__init__(message)
        self.field = field


class NotFoundError(TradebotError):
    """What was asked for is not there: answer so."""


class RefusedError(TradebotError):
    """What was asked for cannot be done as things stand: answer so; nothing changed.

    ``field`` names the key that is in the way.
    """

    def __init__(self, field: str, message: str) -> None:
        """Keep ``field`` beside the readable ``message``."""
        super().__init__(message)
        self.field = field


class ListenError(TradebotError):
    """The address of our own server cannot be listened at: do not start."""


class BrokerError(TradebotError):
    """The broker cannot be used: at start and in tools; on the order path replies are values."""


class AlertError(TradebotError):
    """An alert did not leave the house: keep it, and try again later."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        """Keep the time for which whoever refused it wants to be left alone."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreError(TradebotError):
    """The database or the journal failed: keep trading in memory, alert, retry."""


class DamageError(StoreError):
    """What was kept is not what was written: repair it, or go back to a backup."""


class MigrationError(StoreError):
    """The database's schema cannot be brought to ours: stop."""


class LockHeldError(TradebotError):
    """Another process guards this account or state directory: send nothing more, and end."""


class InvalidTransitionError(TradebotError):
    """The broker said something that our table of states does not have: alert."""
