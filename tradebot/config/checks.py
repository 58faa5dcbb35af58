"""What must hold between settings, beyond each being right by itself."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path

from tradebot.config.forms import known
from tradebot.config.problems import Problems
from tradebot.config.settings import BrokerKind, Listen, Market, Mode
from tradebot.core.did_you_mean import shown
from tradebot.core.levels import Level, Unit


def check_together(
    values: Mapping[str, object], origins: Mapping[str, str], problems: Problems
) -> None:
    """Add to ``problems`` what does not fit together.

    A key that has a problem of its own is passed over: what it would have said is not
    known.
    """
    for key, check in _CHECKS.items():
        if key not in problems.keys:
            for message in check(values, problems):
                problems.add(origins[key], key, f"{key} = {message}")


def _mode(values: Mapping[str, object], _: Problems) -> list[str]:
    mode = known(values["mode"], Mode)
    if mode is Mode.PAPER:
        return []
    why = f"{mode} needs a real broker, which this version does not have"
    return [f"{shown(mode.value)}: {why}; allowed: paper"]


def _broker(values: Mapping[str, object], _: Problems) -> list[str]:
    kind = known(values["broker.kind"], BrokerKind)
    if kind is BrokerKind.PAPER:
        return []
    return [f"{shown(kind.value)}: this version has no such broker yet; allowed: paper"]


def _market(values: Mapping[str, object], problems: Problems) -> list[str]:
    files = "paper.replay_files"
    if values["paper.market"] is Market.SIMULATED or values[files] or files in problems.keys:
        return []
    return [f"'replay': {files} is empty; name the recordings to replay"]


def _replay_files(values: Mapping[str, object], _: Problems) -> list[str]:
    files = known(values["paper.replay_files"], tuple)
    return [f"[...]: no file {str(path)!r}" for path in files if not _is_file(path)]


def _instruments_file(values: Mapping[str, object], _: Problems) -> list[str]:
    path = values["paper.instruments_file"]
    if path is None or _is_file(known(path, Path)):
        return []
    return [f"{str(path)!r}: no such file"]


def _slippage(values: Mapping[str, object], _: Problems) -> list[str]:
    slippage = known(values["paper.slippage"], Level)
    if slippage.unit is Unit.PERCENT and slippage.value >= 100:  # noqa: PLR2004 - of the price
        return [f"{shown(str(slippage))}: must be below 100%"]
    return []


def _listen(values: Mapping[str, object], _: Problems) -> list[str]:
    # There is one key, which may do everything, and it would cross the network in the clear.
    host = known(values["api.listen"], Listen).host
    if host == "localhost" or _is_loopback(host):
        return []
    what = "must be an address of this machine alone, 127.0.0.1, [::1] or localhost"
    return [f"{shown(str(values['api.listen']))}: {what}"]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


_CHECKS = {
    "mode": _mode,
    "broker.kind": _broker,
    "paper.market": _market,
    "paper.replay_files": _replay_files,
    "paper.instruments_file": _instruments_file,
    "paper.slippage": _slippage,
    "api.listen": _listen,
}
