"""The secrets that the ways out of the house need, and whether they are there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tradebot.app.secrets import read_secret
from tradebot.config.settings import Alerts, SecretName
from tradebot.core.secret import Secret
from tradebot.errors import ConfigError
from tradebot.ports import Finding

_ADDRESSES = ("https://", "http://")


class Sink(NamedTuple):
    """A way out that the settings name."""

    name: str
    secret: SecretName | None  # None: it needs none
    is_address: bool = False  # the secret is the whole address


def sinks_of(alerts: Alerts) -> list[Sink]:
    """Return every sink that the settings name."""
    telegram, webhook, email = alerts.telegram, alerts.webhook, alerts.email
    found = [
        telegram.token and Sink("telegram", telegram.token),
        webhook.url and Sink("webhook", webhook.url, is_address=True),
        email.server and Sink("email", email.password),
        alerts.dead_man_url and Sink("dead man", alerts.dead_man_url, is_address=True),
    ]
    return [sink for sink in found if sink is not None]


def secret_of(sink: Sink, environ: Mapping[str, str]) -> Secret:
    """Return the secret of a sink; an empty one where it needs none.

    Raises:
        ConfigError: it is not there, or cannot be what it should be; it is not told.
    """
    if sink.secret is None:
        return Secret("")
    text = read_secret(sink.secret, environ)
    if sink.is_address and not text.startswith(_ADDRESSES):
        message = f"the secret {sink.secret} is no address: it must begin with https://"
        raise ConfigError(message)
    return Secret(text)


def unsent(sink: str, why: str) -> str:
    """Return what is said of a sink that cannot send, by a daemon and by who looks at one."""
    return f"no alert is sent by {sink}: {why}"


def sink_findings(
    alerts: Alerts, environ: Mapping[str, str], reasons: Sequence[str] | None
) -> Iterator[Finding]:
    """Say of each sink whether it has what it needs; never a secret itself.

    Args:
        environ: where secrets may be, as far as this process has them.
        reasons: for which a daemon that runs is degraded: it alone knows what it was given.
            None: none runs.
    """
    sinks = sinks_of(alerts)
    if not sinks:
        text = "no sink is named: they are listed by tradebot alerts, and sent nowhere"
        yield Finding(what="alerts", level="ok", text=text)
    for sink in sinks:
        what = f"alerts by {sink.name}"
        why = _missing(sink, environ, reasons)
        if why:
            todo = "give it to the daemon (LoadCredential, Environment) and restart it"
            yield Finding(what=what, level="warning", text=unsent(sink.name, why), todo=todo)
        elif sink.secret is None:
            yield Finding(what=what, level="ok", text="it needs no secret")
        else:
            whose = "is there" if reasons is None else "was there when the daemon started"
            yield Finding(what=what, level="ok", text=f"its secret {sink.secret} {whose}")


def _missing(sink: Sink, environ: Mapping[str, str], reasons: Sequence[str] | None) -> str:
    """Say why a sink cannot send; empty: it can."""
    if reasons is not None:
        said = unsent(sink.name, "")
        return next((one.removeprefix(said) for one in reasons if one.startswith(said)), "")
    try:
        secret_of(sink, environ)
    except ConfigError as error:
        return str(error)
    return ""
