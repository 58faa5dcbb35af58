"""Letters and alerts to send."""

from tests.alert_store import raised
from tradebot.core.alerting.alerts import Severity, begun
from tradebot.ports import Letter


def an_alert(number=1, **fields):
    return begun(number, raised("feed", Severity.CRITICAL, **fields), 10**18 + number)


def a_letter(text="the feed is down", **fields):
    return Letter(subject="tradebot PAPER-1: feed", text=text, alerts=(an_alert(),), **fields)
