"""The engine's policy, as the operator's settings say it."""

from tradebot.config.settings import Settings
from tradebot.core.instruments import Kind
from tradebot.core.policy import Policy


def policy_of(settings: Settings) -> Policy:
    """Return what the engine needs of the settings."""
    return Policy(
        spikes={kind: settings.price.of(kind).spike / 100 for kind in Kind},
        stale_after_ns=settings.price.stale_after_ns,
        sessions=dict(settings.sessions),
    )
