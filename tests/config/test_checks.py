"""Settings that are right by themselves and wrong together are refused."""

import os

import pytest

from tradebot.config import BadSettingsError, load
from tradebot.config.settings import BrokerKind


def problems(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text)
    try:
        load(path)
    except BadSettingsError as error:
        return [str(problem).removeprefix(f"{path}:") for problem in error.problems]
    return []


LIVE = """mode = "live"
[account]
id = "AB1234"
[broker]
kind = "openalgo"
key = "env:ALGO_KEY"
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            'mode = "shadow"',
            "1: mode = 'shadow': needs a real broker; allowed with broker.kind = \"openalgo\"",
        ),
        (
            'broker.kind = "bybit"',
            (
                "1: broker.kind = 'bybit': this version has no such broker yet; "
                "allowed: paper, openalgo"
            ),
        ),
        (
            'mode = "live"',
            "1: mode = 'live': needs a real broker; allowed with broker.kind = \"openalgo\"",
        ),
        (
            'broker.kind = "openalgo"',
            (
                "1: broker.kind = 'openalgo': sends real orders, allowed with mode = \"live\", "
                'or only looks, with "shadow"'
            ),
        ),
        (
            LIVE.replace("AB1234", "PAPER-1"),
            "3: account.id = 'PAPER-1': mode = \"live\" needs the id of the real account",
        ),
        (
            LIVE.replace("env:ALGO_KEY", ""),
            (
                "6: broker.key = '': name where the key to OpenAlgo is kept, "
                '"credential:NAME" or "env:NAME"'
            ),
        ),
    ],
)
def test_real_orders_take_the_mode_the_account_and_the_broker(text, line, tmp_path):
    found = problems(tmp_path, text)
    assert line in found
    assert len(found) == 1


def test_a_shadow_needs_the_broker_and_its_key_and_no_account_of_its_own(tmp_path):
    shadow = LIVE.replace("live", "shadow").replace("AB1234", "PAPER-1")
    assert problems(tmp_path, shadow) == []
    (found,) = problems(tmp_path, shadow.replace("env:ALGO_KEY", ""))
    assert found.startswith("6: broker.key = '': name where the key to OpenAlgo is kept")


def test_who_names_all_three_may_send_real_orders(tmp_path):
    assert problems(tmp_path, LIVE) == []


def test_a_mistake_of_a_part_is_told_once(tmp_path):
    assert len(problems(tmp_path, LIVE.replace("openalgo", "opnalgo"))) == 1
    assert len(problems(tmp_path, LIVE.replace("AB1234", ""))) == 1
    assert len(problems(tmp_path, LIVE.replace("env:ALGO_KEY", "0123"))) == 1
    assert len(problems(tmp_path, LIVE.replace("live", "lvie"))) == 1


def test_paper_on_the_command_line_is_paper_whatever_the_file_says(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(LIVE)
    settings = load(path, flags={"mode": "paper"}).settings
    assert (settings.broker.kind, settings.venue) == (BrokerKind.OPENALGO, BrokerKind.PAPER)
    assert load(path).settings.venue is BrokerKind.OPENALGO


def test_a_replay_needs_recordings(tmp_path):
    (tmp_path / "a.csv").write_text("")
    assert problems(tmp_path, 'paper.market = "replay"') == [
        "1: paper.market = 'replay': paper.replay_files is empty; name the recordings to replay"
    ]
    text = '[paper]\nmarket = "replay"\nreplay_files = ["a.csv"]'
    assert problems(tmp_path, text) == []
    # What is wrong with the files says enough.
    assert len(problems(tmp_path, '[paper]\nmarket = "replay"\nreplay_files = 5')) == 1


def test_every_file_that_is_not_there_is_named(tmp_path):
    text = '[paper]\nreplay_files = ["b.csv", "c.csv"]\ninstruments_file = "d.csv"'
    first, second, third = problems(tmp_path, text)
    assert first.startswith("2: paper.replay_files = [...]: no file ")
    assert first.endswith("b.csv'")
    assert second.endswith("c.csv'")
    assert third.startswith("3: paper.instruments_file = ")
    assert third.endswith(": no such file")


def test_a_file_whose_folder_may_not_be_entered_is_not_there(tmp_path):
    name = "x" * 300 if os.geteuid() == 0 else "locked/a.csv"
    (tmp_path / "locked").mkdir(mode=0)
    assert len(problems(tmp_path, f'paper.instruments_file = "{name}"')) == 1


@pytest.mark.parametrize(("slippage", "fits"), [("99.9%", True), ("100%", False), ("500pts", True)])
def test_slippage_never_makes_a_price_negative(slippage, fits, tmp_path):
    assert (problems(tmp_path, f'paper.slippage = "{slippage}"') == []) is fits


@pytest.mark.parametrize(
    ("listen", "fits"),
    [
        ("127.0.0.1:4800", True),
        ("127.9.9.9:4800", True),
        ("localhost:4800", True),
        ("[::1]:4800", True),
        ("0.0.0.0:4800", False),
        ("[::]:4800", False),
        ("192.168.1.5:4800", False),
        ("example.org:4800", False),
    ],
)
def test_only_this_machine_may_reach_the_api(listen, fits, tmp_path):
    found = problems(tmp_path, f'api.listen = "{listen}"')
    assert (found == []) is fits
    assert fits or "must be an address of this machine alone" in found[0]


TELEGRAM = "alerts.telegram = { token = 'env:T', chat = 1 }\n"
EMAIL = (
    "alerts.email = { server = 'smtp.example.com:587', from = 'a@b.c', to = ['d@e.f'], "
    "user = 'u', password = 'env:P' }\n"
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TELEGRAM + EMAIL + "alerts.daily_report_at = '09:05'", []),
        ("alerts.webhook.url = 'env:W'\nalerts.daily_report_at = '09:05'", []),
        (EMAIL.replace("'u'", "''"), ["alerts.email.password = ...: needs alerts.email.user"]),
        (EMAIL.replace("'a@b.c'", "''"), ["'smtp.example.com:587': needs alerts.email.from"]),
        (EMAIL.replace("['d@e.f']", "[]"), ["'smtp.example.com:587': needs alerts.email.to"]),
        (EMAIL.replace("user =", "tls = 'none', user ="), ["alerts.email.tls = 'none': what"]),
        (EMAIL.replace("user =", "tls = 'none', user =").replace("smtp.example.com", "[::1]"), []),
        ("alerts.email.tls = 'none'", []),
        ("alerts.telegram.token = 'env:T'", ["token = ...: needs alerts.telegram.chat"]),
        ("alerts.telegram.chat = 5", ["chat = 5: needs alerts.telegram.token"]),
        ("alerts.daily_report_at = '09:05'", ["daily_report_at = '09:05': nobody would get it"]),
        # A mistake of a part is told once.
        ("alerts.telegram = { token = '123:abc', chat = 5 }", ["token: must name where"]),
        (EMAIL.replace("'smtp.example.com:587'", "25"), ["alerts.email.server = 25: must be"]),
        (EMAIL.replace("['d@e.f']", "5"), ["alerts.email.to = 5: must be"]),
        (EMAIL.replace("'u'", "5"), ["alerts.email.user = 5: must be"]),
    ],
)
def test_what_alerts_need_of_each_other_is_named(text, says, tmp_path):
    found = problems(tmp_path, text)
    assert len(found) == len(says)
    for line, words in zip(found, says, strict=True):
        assert words in line
        assert "123:abc" not in line


@pytest.mark.parametrize(
    ("strategy", "fits"),
    [
        ("", False),
        ('[strategies.s]\nstop = "1%"\n', False),
        ('[strategies.s]\nmatch = {}\ntarget = "1%"\n', False),
        ('[strategies.s]\nmatch = {}\nstop = "1%"\n', True),
        ('[strategies.s]\nmatch = {}\ntrail = { by = "1%" }\n', True),
    ],
)
@pytest.mark.parametrize("which", ["existing", "new"])
def test_what_is_to_be_guarded_needs_rules_to_guard_it_by(which, strategy, fits, tmp_path):
    found = problems(tmp_path, f'[adopt]\n{which} = "guard"\n{strategy}')
    what = (
        f"2: adopt.{which} = 'guard': no [strategies.NAME] has a match and a stop or a trail to "
        "guard them by; allowed without: ask, ignore"
    )
    assert found == ([] if fits else [what])
