"""Reading the account: positions that no trade guards are found, and what becomes of them.

One reading of an account is no proof: it may be old, or fail in silence. What counts has
been seen in two that are apart, with our own fold of its executions saying the same. It is
guarded by rule only if executions that we have seen opened it after our first look; for
whatever was there before, or came while nobody told us, a person is asked, unless the policy
says otherwise: a shadow, which sends nothing, may guard at once.
"""

from msgspec.structs import replace

from tradebot.core.account import net_reads
from tradebot.core.adoption import adopting, manual_adds
from tradebot.core.adoption.found import Found, Origin, Stage
from tradebot.core.adoption.found_events import PositionFound, PositionGone
from tradebot.core.book import Book
from tradebot.core.inputs import AccountReply, Execution, NetPosition, PositionsReply
from tradebot.core.intents import ReadAccount
from tradebot.core.money import plain
from tradebot.core.policy import AdoptPolicy, Answer

_SECOND_NS = 1_000_000_000
LOOK_EVERY_NS = 30 * _SECOND_NS  # where positions are not compared by the clock
SOON_NS = _SECOND_NS  # after an execution that nobody has a trade for
FAILED_AGAIN_NS = 5 * _SECOND_NS
SAY_EVERY_NS = 300 * _SECOND_NS
# Books that contradict each other for so long are told to a person.
UNSETTLED_NS_MAX = 60 * _SECOND_NS


def wake(book: Book, at_ns: int) -> None:
    """Look at the account when it is time, and say again what waits for a person."""
    if book.policy.adopt is None:
        return
    if book.look.due_ns <= at_ns:
        look(book)
    if book.look.say_due_ns <= at_ns:
        book.look.say_due_ns = at_ns + SAY_EVERY_NS
        for found in book.findings.found:
            if found.stage is Stage.WAITING:
                _say_found(book, found, at_ns)


def look(book: Book) -> None:
    """Ask for all that the account holds, unless an answer is on its way."""
    policy, asked_ns = book.policy.adopt, book.look.asked_ns
    if policy is None:
        return
    if asked_ns is None or book.now_ns - asked_ns >= net_reads.READ_TIMEOUT_NS:
        book.look.asked_ns = book.now_ns
        book.want(ReadAccount(account=policy.account))


def on_execution(book: Book, execution: Execution) -> None:
    """Follow what other hands have traded: on an adopted trade, or where there is none."""
    if book.policy.adopt is None:
        return
    if book.guards(execution.key):
        manual_adds.on_execution(book, execution)
        if book.net(execution.key) * book.guarded_net(execution.key) < 0:
            net_reads.ask(book, execution.key)  # somebody went through zero
    else:
        book.look.due_ns = min(book.look.due_ns, book.now_ns + SOON_NS)


def disown(book: Book, execution: Execution) -> None:
    """Doubt a position that an order of ours has opened: nobody wanted it."""
    position = book.positions[execution.key]
    if position.opened_ns == execution.at_ns:
        book.put_position(replace(position, opened_ns=0, version=position.version + 1))


def on_account(book: Book, reply: AccountReply) -> None:
    """Take a reading of the account: what is in it and in no trade of ours is followed up."""
    policy, asked_ns = book.policy.adopt, book.look.asked_ns
    if policy is None or asked_ns is None:
        return
    book.look.asked_ns = None
    if reply.positions is None:
        book.look.due_ns = reply.at_ns + FAILED_AGAIN_NS
        return
    before = book.findings
    held = {position.key: position for position in reply.positions if position.net}
    for position in list(held.values()):
        manual_adds.hand_over(book, position, reply.at_ns)
    kept = [_again(book, policy, one, held.pop(one.key, None), reply.at_ns) for one in before.found]
    origin = Origin.UNSEEN if before.first_look_ns else Origin.EXISTING
    first = [
        _seen(position, origin, reply.at_ns)
        for position in held.values()
        if not book.guards(position.key)
    ]
    book.put_findings([found for found in kept if found is not None] + first, asked_ns)
    every_ns = book.policy.reconcile_every_ns or LOOK_EVERY_NS
    if any(found.stage is Stage.SEEN or found.flat_since_ns for found in book.findings.found):
        every_ns = min(every_ns, max(policy.grace_ns, net_reads.AGREE_NS))
    book.look.due_ns = reply.at_ns + every_ns


def _seen(position: NetPosition, origin: Origin, at_ns: int) -> Found:
    return Found(
        key=position.key,
        net=position.net,
        average=position.average,
        origin=origin,
        since_ns=at_ns,
    )


def _again(
    book: Book, policy: AdoptPolicy, found: Found, position: NetPosition | None, at_ns: int
) -> Found | None:
    """Return what a further reading makes of a position; None: it is nobody's worry any more."""
    if book.guards(found.key):
        _gone(book, found, "a trade guards it", at_ns)
        return None
    if position is None:
        return _missing(book, found, at_ns)
    if position.net * found.net < 0:
        _gone(book, found, "its other side is held now", at_ns)
        return _seen(position, Origin.UNSEEN, at_ns)
    is_same = position.net == found.net
    found = replace(
        found,
        net=position.net,
        average=position.average,
        since_ns=found.since_ns if is_same else at_ns,
        flat_since_ns=None,
    )
    if found.stage is not Stage.SEEN or not is_same:
        return found
    if not _is_settled(book, policy, found, at_ns):
        if at_ns - found.since_ns < UNSETTLED_NS_MAX:
            return found
        ours = plain(book.net(found.key))
        why = f"the broker's books contradict each other: its executions add up to {ours}"
        return _wait(book, found, why, at_ns)
    return _decided(book, policy, found, at_ns)


def _missing(book: Book, found: Found, at_ns: int) -> Found | None:
    """Return a position that a reading does not have: it is gone when all say so for long."""
    if found.stage is Stage.SEEN:
        return None
    if found.flat_since_ns is None:
        return replace(found, flat_since_ns=at_ns)
    if book.net(found.key):
        net_reads.ask(book, found.key)
        return found
    if at_ns - found.flat_since_ns < net_reads.FLAT_NS:
        return found
    _gone(book, found, "it is flat", at_ns)
    return None


def _gone(book: Book, found: Found, why: str, at_ns: int) -> None:
    if found.stage is Stage.WAITING:
        book.say(
            PositionGone(
                instrument=found.key.instrument,
                product=found.key.product,
                net=found.net,
                why=why,
                at_ns=at_ns,
            )
        )


def _is_settled(book: Book, policy: AdoptPolicy, found: Found, at_ns: int) -> bool:
    """Whether a position stands still, by two readings that are apart and by our own fold."""
    if book.net(found.key) != found.net:
        net_reads.ask(book, found.key)
        return False
    if at_ns - found.since_ns < max(policy.grace_ns, net_reads.AGREE_NS):
        return False
    reply = PositionsReply(key=found.key, net=found.net, at_ns=at_ns)
    is_quiet = found.key not in book.unread and found.key not in book.frozen
    return is_quiet and net_reads.is_agreed(book, reply)


def _decided(book: Book, policy: AdoptPolicy, found: Found, at_ns: int) -> Found | None:
    """Do with a position that stands still what the settings say."""
    position = book.positions[found.key]
    if found.origin is Origin.UNSEEN and position.opened_ns > book.findings.first_look_ns:
        found = replace(found, origin=Origin.NEW)
    if found.origin is Origin.EXISTING:
        answer, why = policy.existing, "it was there at the first start"
    elif found.origin is Origin.NEW:
        answer, why = policy.new, "it is new"
    else:
        answer, why = policy.unseen, "nobody has told how it was opened"
    if answer is Answer.IGNORE:
        return adopting.ignored(book, found, "rule", at_ns)
    if answer is Answer.GUARD:
        hindrance = adopting.by_rule(book, policy, found, at_ns)
        if hindrance is None:
            return None
        why = hindrance
    return _wait(book, found, why, at_ns)


def _wait(book: Book, found: Found, why: str, at_ns: int) -> Found:
    found = replace(found, stage=Stage.WAITING, why=why)
    book.look.say_due_ns = max(book.look.say_due_ns, at_ns + SAY_EVERY_NS)
    _say_found(book, found, at_ns)
    return found


def _say_found(book: Book, found: Found, at_ns: int) -> None:
    book.say(
        PositionFound(
            instrument=found.key.instrument,
            product=found.key.product,
            net=found.net,
            average=found.average,
            origin=found.origin,
            why=found.why,
            at_ns=at_ns,
        )
    )
