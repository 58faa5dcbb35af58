"""What a start that fails says before it ends: somebody has to hear that nothing is guarded."""

from tradebot.app.alerting import START, Alerting
from tradebot.app.ways_out import WaysOut
from tradebot.config.settings import Settings
from tradebot.core.alerting.alerts import Category, Raised, Severity
from tradebot.errors import TradebotError

WITHIN_S = 4.0  # the next try to start waits for it


async def last_words(settings: Settings, alerting: Alerting, error: Exception) -> None:
    """Have what was alerted of leave, or be told by the next start.

    For a start that fails at any time until its tasks begin, whatever it has recovered by then.
    A service manager tries again every second: what was told once is the same matter in the
    next life, and not told again. What no way out has taken is.
    """
    alerts = alerting.alerts
    # What is no error of ours may say anything, a secret too.
    why = str(error) if isinstance(error, TradebotError) else f"{type(error).__name__}, see the log"
    text = f"the daemon does not start, and nothing is guarded: {why}"
    severity = Severity.CRITICAL
    alerts.take(
        (Raised(key=START, category=Category.SYSTEM, severity=severity, text=text, lasts=True),)
    )
    alerts.leave_unsent(is_unsent=True)
    await alerting.close()  # first: whoever ends us now ends nothing that is not on the disk
    ways = WaysOut(settings, alerting)
    try:
        if await ways.send_last(WITHIN_S):
            alerts.leave_unsent(is_unsent=False)
    finally:
        await ways.close()
        await alerting.close()
