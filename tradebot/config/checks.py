"""What must hold between settings, beyond each being right by itself."""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tradebot.config.addresses import feed_problems, listen_problems, rest_problems
from tradebot.config.forms import known
from tradebot.config.keys import FLAGS, KEYS
from tradebot.config.problems import Problems
from tradebot.config.read_strategies import STRATEGIES
from tradebot.config.settings import BrokerKind, Listen, Market, Mode, Tls
from tradebot.core.adoption.strategies import Strategy
from tradebot.core.policy import Answer
from tradebot.core.words.did_you_mean import shown
from tradebot.core.words.levels import Level, Unit


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
    if "mode" not in problems.keys and origins["mode"] != FLAGS["mode"]:
        for key, message in _real(values, problems):
            problems.add(origins[key], key, f"{key} = {message}")


def _broker(values: Mapping[str, object], _: Problems) -> list[str]:
    if known(values["broker.kind"], BrokerKind) is not BrokerKind.BYBIT:
        return []
    return ["'bybit': this version has no such broker yet; allowed: paper, openalgo"]


def _real(values: Mapping[str, object], problems: Problems) -> Iterator[tuple[str, str]]:
    """Yield what keeps real orders from being sent, or paper from being what was meant.

    Real money takes two words: the mode, and the account that it is about. A broker that
    is named while the mode is paper is a mistake too: its trades would not be guarded. Only
    ``--paper`` says both clearly. A shadow looks at a real account and sends nothing: it
    needs the broker, and the key to it.
    """
    mode = known(values["mode"], Mode)
    if "broker.kind" in problems.keys:
        return
    is_real = values["broker.kind"] is not BrokerKind.PAPER
    if mode is not Mode.PAPER and not is_real:
        yield "mode", f"'{mode}': needs a real broker; allowed with broker.kind = \"openalgo\""
    elif is_real and mode is Mode.PAPER:
        kind = shown(known(values["broker.kind"], BrokerKind).value)
        allowed = 'sends real orders, allowed with mode = "live", or only looks, with "shadow"'
        yield "broker.kind", f"{kind}: {allowed}"
    if mode is Mode.PAPER or not is_real:
        return
    account, is_unnamed = values["account.id"], "account.id" not in problems.keys
    if mode is Mode.LIVE and is_unnamed and account == KEYS["account.id"].default:
        what = 'mode = "live" needs the id of the real account'
        yield "account.id", f"{shown(account)}: {what}"
    if "broker.key" not in problems.keys and values["broker.key"] is None:
        what = 'name where the key to OpenAlgo is kept, "credential:NAME" or "env:NAME"'
        yield "broker.key", f"'': {what}"


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


def _adopt(which: str) -> Callable[[Mapping[str, object], Problems], list[str]]:
    """Return the check that somebody is there to guard by, where positions are to be guarded."""

    def check(values: Mapping[str, object], problems: Problems) -> list[str]:
        if any(key.partition(".")[0] == STRATEGIES for key in problems.keys):
            return []  # what they would have said is not known
        strategies: tuple[Strategy, ...] = known(values[STRATEGIES], tuple)
        stops = (s.rules.stop or s.rules.trail for s in strategies if s.match is not None)
        if values[which] is not Answer.GUARD or any(stops):
            return []
        what = "no [strategies.NAME] has a match and a stop or a trail to guard them by"
        return [f"'guard': {what}; allowed without: ask, ignore"]

    return check


def _listen(values: Mapping[str, object], problems: Problems) -> list[str]:
    # There is one key, which may do everything, and it would cross the network in the clear.
    host = known(values["api.listen"], Listen).host
    if _is_ours(host):
        return list(listen_problems(values, problems))
    what = "must be an address of this machine alone, 127.0.0.1, [::1] or localhost"
    return [f"{shown(str(values['api.listen']))}: {what}"]


def _telegram_token(values: Mapping[str, object], _: Problems) -> list[str]:
    if values["alerts.telegram.token"] is None or values["alerts.telegram.chat"]:
        return []
    return ["...: needs alerts.telegram.chat, the one chat that is written to and listened to"]


def _telegram_chat(values: Mapping[str, object], problems: Problems) -> list[str]:
    chat = values["alerts.telegram.chat"]
    is_named = values["alerts.telegram.token"] is not None
    if not chat or is_named or "alerts.telegram.token" in problems.keys:
        return []
    return [f"{chat}: needs alerts.telegram.token, where the bot's token is kept; else 0"]


def _email_server(values: Mapping[str, object], problems: Problems) -> list[str]:
    server = values["alerts.email.server"]
    if server is None:
        return []
    needs = [key for key in ("alerts.email.from", "alerts.email.to") if not values[key]]
    return [f"{shown(str(server))}: needs {key}" for key in needs if key not in problems.keys]


def _email_tls(values: Mapping[str, object], problems: Problems) -> list[str]:
    server = values["alerts.email.server"]
    if values["alerts.email.tls"] is not Tls.NONE or "alerts.email.server" in problems.keys:
        return []
    if server is None or _is_ours(known(server, Listen).host):
        return []
    what = "what is written crosses the network in the clear; allowed: starttls, implicit"
    return [f"'none': {what}"]


def _email_password(values: Mapping[str, object], problems: Problems) -> list[str]:
    if values["alerts.email.password"] is None or "alerts.email.user" in problems.keys:
        return []
    return [] if values["alerts.email.user"] else ["...: needs alerts.email.user"]


def _daily_report(values: Mapping[str, object], problems: Problems) -> list[str]:
    ways = ("alerts.telegram.token", "alerts.webhook.url", "alerts.email.server")
    if values["alerts.daily_report_at"] is None:
        return []
    if any(way in problems.keys or values[way] is not None for way in ways):
        return []
    return [f"{shown(_clock(values))}: nobody would get it; needs one of {', '.join(ways)}"]


def _clock(values: Mapping[str, object]) -> str:
    return str(KEYS["alerts.daily_report_at"].form.write(values["alerts.daily_report_at"]))


def _is_ours(host: str) -> bool:
    """Whether this is an address of this machine alone."""
    return host == "localhost" or _is_loopback(host)


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
    "broker.kind": _broker,
    "broker.rest": rest_problems,
    "broker.feed": feed_problems,
    "adopt.existing": _adopt("adopt.existing"),
    "adopt.new": _adopt("adopt.new"),
    "paper.market": _market,
    "paper.replay_files": _replay_files,
    "paper.instruments_file": _instruments_file,
    "paper.slippage": _slippage,
    "api.listen": _listen,
    "alerts.telegram.token": _telegram_token,
    "alerts.telegram.chat": _telegram_chat,
    "alerts.email.server": _email_server,
    "alerts.email.tls": _email_tls,
    "alerts.email.password": _email_password,
    "alerts.daily_report_at": _daily_report,
}
