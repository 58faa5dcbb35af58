"""A store of alerts in memory that can refuse or hang, and alerts to raise."""

import asyncio

from tradebot.core.alerting.alerts import Category, Over, Raised, Severity
from tradebot.errors import StoreError


class AlertMemory:
    """What was kept, call by call."""

    def __init__(self):
        self.lines = []
        self.synced = 0
        self.refuses = False
        self.hangs = False
        self.is_full = False
        self.anew = []

    async def keep(self, changed, *, sync):
        if self.hangs:
            await asyncio.Event().wait()
        if self.refuses:
            raise StoreError("the disk is full")
        self.lines += changed
        self.synced += sync

    async def begin_anew(self, alerts):
        self.anew.append(list(alerts))
        self.is_full = False

    @property
    def newest(self):
        return {alert.number: alert for alert in self.lines}


def raised(key="feed", severity=Severity.WARNING, **fields):
    return Raised(
        **{"key": key, "category": Category.SYSTEM, "text": f"{key} is bad", **fields},
        severity=severity,
    )


def lasting(key="feed", severity=Severity.CRITICAL, **fields):
    return raised(key, severity, lasts=True, **fields)


def over(key="feed"):
    return Over(key=key)
