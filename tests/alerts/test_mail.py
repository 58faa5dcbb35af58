"""A letter becomes a mail that any server takes and any reader shows."""

import email
import email.policy

from tests.alerts.letters import a_letter
from tests.alerts.servers import smtp_server
from tests.services.fakes import FakeClock
from tradebot.alerts.mail import Mail
from tradebot.alerts.smtp import Security, Server
from tradebot.core.secret import Secret
from tradebot.ports import Letter


async def mailed(letter):
    async with smtp_server() as server:
        to = Server("127.0.0.1", server.port, Security.NONE, None, "", Secret(""))
        mail = Mail(
            to, "bot@example.com", ["me@example.com", "you@example.com"], clock=FakeClock(10**18)
        )
        await mail.send(letter)
        await mail.close()
    (data,) = server.mails
    assert max(data) < 128
    return email.message_from_bytes(data.removesuffix(b".\r\n"), policy=email.policy.default)


async def test_a_letter_is_a_mail():
    message = await mailed(a_letter("the feed is down\nstop – 5 ₹"))
    assert message["Subject"] == "tradebot PAPER-1: feed"
    assert (message["From"], message["To"]) == (
        "bot@example.com",
        "me@example.com, you@example.com",
    )
    assert message["Date"] == "Sun, 09 Sep 2001 01:46:40 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().splitlines() == ["the feed is down", "stop – 5 ₹"]


async def test_a_subject_is_bounded_and_stands_for_a_text_that_is_missing():
    message = await mailed(Letter(subject="₹" * 500, text=""))
    assert message["Subject"] == "₹" * 150
    assert message.get_content().strip() == "₹" * 500
