"""A mail is handed over in the words of SMTP, to a server that does everything wrong too."""

import asyncio
import traceback

import pytest

from tests.alerts.servers import smtp_server, until
from tradebot.alerts.smtp import Security, Server, deliver
from tradebot.core.secret import Secret
from tradebot.errors import AlertError

MAIL = b"Subject: x\r\n\r\nline\r\n.dot\r\n"
PASSWORD = "pass w\u00f6rd"


def a_server(port, security=Security.NONE, context=None, user=""):
    return Server("127.0.0.1", port, security, context, user, Secret(PASSWORD))


async def sent(server, *, message=MAIL, to=("me@example.com",), **fields):
    await deliver(a_server(server.port, **fields), "bot@example.com", to, message)


async def test_a_mail_is_handed_over_word_by_word():
    async with smtp_server() as server:
        await sent(server, to=("me@example.com", "you@example.com"))
    assert server.lines == [
        "EHLO [127.0.0.1]",
        "MAIL FROM:<bot@example.com>",
        "RCPT TO:<me@example.com>",
        "RCPT TO:<you@example.com>",
        "DATA",
        ".",
        "QUIT",
    ]


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (MAIL, b"Subject: x\r\n\r\nline\r\n..dot\r\n.\r\n"),
        (b".a", b"..a\r\n.\r\n"),
        (b"a\r\n.\r\nQUIT\r\n", b"a\r\n..\r\nQUIT\r\n.\r\n"),
    ],
)
async def test_a_dot_that_begins_a_line_ends_no_mail(message, wire):
    async with smtp_server() as server:
        await sent(server, message=message)
    assert server.mails == [wire]


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.IMPLICIT])
async def test_the_password_is_said_only_over_tls(security, server_context, client_context):
    implicit = security is Security.IMPLICIT
    async with smtp_server(server_context, implicit=implicit) as server:
        await sent(server, security=security, context=client_context, user="me")
    assert server.login == ["me", PASSWORD]
    assert server.is_secure or implicit
    words = [line.split()[0] for line in server.lines]
    assert ("STARTTLS" in words) is not implicit
    assert implicit or words.index("STARTTLS") < words.index("AUTH")


async def test_without_starttls_nothing_more_is_said(client_context):
    async with smtp_server() as server:
        with pytest.raises(AlertError, match="offers no STARTTLS"):
            await sent(server, security=Security.STARTTLS, context=client_context, user="me")
    assert [line.split()[0] for line in server.lines] == ["EHLO"]


async def test_a_certificate_of_somebody_else_is_refused(server_context):
    import ssl

    stranger = ssl.create_default_context()
    async with smtp_server(server_context) as server:
        with pytest.raises(AlertError, match="certificate is refused"):
            await sent(server, security=Security.STARTTLS, context=stranger, user="me")
    assert "AUTH" not in " ".join(server.lines)


async def test_what_was_said_in_the_clear_is_forgotten_with_tls(server_context, client_context):
    async with smtp_server(server_context) as server:
        injected = b"220 go\r\n250 injected\r\n"
        server.answers["STARTTLS"] = injected
        with pytest.raises((AlertError, TimeoutError)):
            async with asyncio.timeout(0.2):
                await sent(server, security=Security.STARTTLS, context=client_context, user="me")
    assert "AUTH" not in " ".join(server.lines)


@pytest.mark.parametrize(
    ("word", "answer", "says"),
    [
        ("", b"554 go away\r\n", "the answer to the connection was '554 go away'"),
        ("EHLO", b"502 what\r\n", "the answer to EHLO"),
        ("MAIL", b"452 full\r\n", "the answer to MAIL FROM"),
        ("RCPT", b"550 nobody\r\n", "the answer to RCPT TO:<me@example.com> was '550 nobody'"),
        ("DATA", b"421 bye\r\n", "the answer to DATA"),
        (".", b"451 later\r\n", "the answer to the message was '451 later'"),
        ("RCPT", b"", "the connection broke"),
        ("RCPT", b"x" * 10_000, "the connection broke"),
        ("EHLO", b"250-a\r\n" * 200, "has no end"),
        ("MAIL", b"\xff\xfe\r\n", "the answer to MAIL"),
        ("AUTH", b"535 pass w\xc3\xb6rd\r\n", "does not take user and password"),
    ],
)
async def test_what_a_server_does_wrong_is_told(word, answer, says):
    async with smtp_server() as server:
        server.answers[word] = answer
        with pytest.raises(AlertError) as caught:
            await sent(server, user="me")
    assert says in str(caught.value)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


async def test_a_mail_that_was_taken_is_sent_whatever_the_goodbye(server_context):
    async with smtp_server() as server:
        server.answers["QUIT"] = b""
        await sent(server)
    assert len(server.mails) == 1


async def test_nobody_there_is_told():
    with pytest.raises(AlertError, match="the connection broke"):
        await deliver(a_server(1), "a@b.c", ["d@e.f"], MAIL)


async def test_a_server_that_hangs_is_let_go_at_once():
    async with smtp_server() as server:
        server.answers["MAIL"] = b"hang"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await sent(server)
    await until(lambda: server.lines[-1].startswith("MAIL"))
