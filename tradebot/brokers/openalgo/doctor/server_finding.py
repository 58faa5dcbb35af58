"""Whether there is an OpenAlgo that takes our key, and what a person does where there is none."""

from tradebot.brokers.openalgo.calls.client import Reply, Silent, Withheld
from tradebot.brokers.openalgo.reader import said
from tradebot.brokers.openalgo.wire.answers import TOO_MANY, Answer
from tradebot.ports import Finding, Level

LOGIN = "log in at OpenAlgo's page; its session ends every night at about 03:00 of India"
_GATEWAY = (502, 503, 504)  # of what stands before OpenAlgo
_ADDRESS = "broker.rest: http://HOST:5000 as it is installed, https://HOST behind nginx"


def server_finding(rest: str, reply: Reply, trip_ns: int) -> Finding:
    """Return what the answer to a ping means.

    Args:
        rest: the address that was asked.
        reply: what came of it.
        trip_ns: how long the quickest answer took.
    """
    if isinstance(reply, Answer):
        return _answered(rest, reply, trip_ns)
    text = f"{rest} is no OpenAlgo that can be used: {reply.message}"
    if isinstance(reply, Withheld):
        return _found("error", text, f"start it, or correct {_ADDRESS}")
    assert isinstance(reply, Silent), "it left, and no answer came"
    return _found("error", text, f"look at its log and start it anew, or correct {_ADDRESS}")


def refused_todo(reply: Reply) -> str:
    """Return what is done about a read that the broker was to answer."""
    if isinstance(reply, Answer) and reply.http in _GATEWAY and reply.body is None:
        return "look at OpenAlgo's log: what stands before it had no answer from it"
    if isinstance(reply, Silent):
        return "look at OpenAlgo's log, and at the broker: no answer came in time"
    return LOGIN


def _answered(rest: str, answer: Answer, trip_ns: int) -> Finding:
    if answer.is_success:
        return _found("ok", f"{rest} answers in {trip_ns // 1_000_000} ms")
    came = said(answer)
    if answer.is_locked_out and answer.body is not None:
        what = "which it says of a wrong key and of a session that has ended"
        todo = "if that changes nothing, compare the key that broker.key names with the one there"
        text = f"{rest} is there and does not take our key: {came}, {what}"
        return _found("error", text, f"{LOGIN}; {todo}")
    if answer.http == TOO_MANY:
        text = f"{rest} is asked too often, by us or by another program at this address: {came}"
        return _found("error", text, "see who else uses it; raise API_RATE_LIMIT")
    text = f"{rest} is no OpenAlgo that can be used: {came}"
    if answer.body is not None:
        return _found("error", text, f"look at OpenAlgo's log, or correct {_ADDRESS}")
    if answer.http in _GATEWAY:
        todo = "start it: what stands before it answers, and had no answer from it"
        return _found("error", text, todo)
    return _found("error", f"{text}, which is none of its answers", f"correct {_ADDRESS}")


def _found(level: Level, text: str, todo: str = "") -> Finding:
    return Finding(what="server", level=level, text=text, todo=todo)
