"""Bad configurations: what config.toml, the environment and the flags can say wrongly."""

from tests.bad_inputs.rows import MISSING, Command, folder, hidden, pipe

NSE = '[sessions.NSE]\nopen = "09:15"\nclose = "15:30"\n'
NUMBER_OF_5000_DIGITS = "9" * 5000


def _check(given, text, *says, code=78, **more):
    """Return a row: this text as config.toml is refused with these words."""
    files = {} if text is MISSING else {"config.toml": text}
    return Command(given, ("check",), code, says, files=files, **more)


def _value(line, *says):
    """Return a row: this one line of config.toml is refused, at its place."""
    return _check(f"`{line}`", f"# a comment\n{line}\n", "config.toml:2: ", *says)


FILES = (
    _check("no config.toml", MISSING, "config.toml: no such file; name one with -c FILE"),
    _check("a folder named config.toml", folder, "is a directory; name the TOML file itself"),
    _check("a pipe named config.toml", pipe, "is not a regular file"),
    _check("a config.toml of another user", hidden, "cannot be read: permission denied", code=77),
    _check("bytes that are not UTF-8", b"# caf\xe9\n", ":1: byte 0xe9 is not UTF-8"),
    _check("UTF-16, as an editor saved it", 'mode = "paper"'.encode("utf-16"), "is not UTF-8"),
    _check("a NUL byte", b'mode = "pa\0per"', "config.toml:1:11: not TOML", "\\x00"),
    _check("2 MiB", b"# " + b"x" * 2**21, "is larger than 1024 KiB: not a configuration"),
    _check("1,000 nested lists", f"a = {'[' * 1000}{']' * 1000}", "nested too deeply"),
    _check(
        "a number of 5,000 digits", f"paper.seed = {NUMBER_OF_5000_DIGITS}", "has too many digits"
    ),
)
SYNTAX = (
    _check(
        "a word without quotes",
        "mode = paper\n",
        "config.toml:1:8: not TOML",
        "; text stands in quotes",
    ),
    _check("a table that does not end", "[paper\nseed = 1\n", "config.toml:1:7: not TOML"),
    _check("a text that does not end", '[log]\nlevel = "info\n', "config.toml:2:14: not TOML"),
    _check("a key that is there twice", "[paper]\nseed = 1\nseed = 2\n", ":3:9: not TOML"),
    _check("no value", "mode =\n", "config.toml:1:7: not TOML"),
    _check("YAML", "mode: paper\n", "config.toml:1:5: not TOML: Expected '='"),
)
NAMES = (
    _value("paper.sed = 1", "paper.sed = 1: no such key; ", 'did you mean "seed"?'),
    _value("[papr]", "papr = {...}: no such key; ", 'did you mean "paper"?'),
    _value("stop = '1%'", "stop = '1%': no such key; ", "allowed: mode, account, "),
    _value("paper = 1", "paper = 1: must be a table, [paper]"),
    _value('"paper.seed" = 2', '"paper.seed" = 2: no such key'),
    _value("mode.kind = 'paper'", "mode = {...} is not known; allowed: paper, shadow, live"),
)
VALUES = (
    _value("mode = 'live'", "mode = 'live': needs a real broker; allowed with broker.kind"),
    _value("mode = 'shadow'", "mode = 'shadow': needs a real broker"),
    _value("mode = 'papre'", "mode = 'papre' is not known; did you mean \"paper\"?"),
    _value("mode = 1", "mode = 1 is not known; allowed: paper, shadow, live"),
    _value("broker.kind = 'bybit'", "has no such broker yet; allowed: paper, openalgo"),
    _value("broker.kind = 'openalgo'", "sends real orders, allowed with mode ="),
    _value("broker.key = '0123456789'", "broker.key: must name where the key is kept"),
    _value("broker.rest = '127.0.0.1'", "broker.rest = '127.0.0.1': must be an address like"),
    _value("account.id = ''", "account.id = '': must be 1 to 64 printable characters"),
    _value("account.id = 'A '", "account.id = 'A ': must be", "no space around them"),
    _value("paper.seed = '1'", "paper.seed = '1': must be a whole number, 0 to 922"),
    _value("paper.seed = true", "paper.seed = true: must be a whole number"),
    _value("paper.seed = -1", "paper.seed = -1: must be a whole number, 0 to"),
    _value("paper.seed = 99999999999999999999", "a number of more than 18 digits: must be"),
    _value("paper.speed = -0.5", "paper.speed = -0.5: must be a number, 0 to 1000000"),
    _value("paper.speed = nan", "paper.speed = nan: must be a number"),
    _value("paper.speed = inf", "paper.speed = inf: must be a number"),
    _value("paper.partial_fills = 1.5", "must be a number, 0 to 1"),
    _value("paper.latency = 20", "paper.latency = 20 is not a duration; write"),
    _value("paper.latency = '20 ms'", "'20 ms' is not a duration; write \"250ms\""),
    _value("paper.latency = '2m'", 'must be "0ms" to "60s"'),
    _value("price.stale_after = '10ms'", 'must be "100ms" to "1h"'),
    _value("store.sync_every = '0s'", 'must be "1ms" to "10s"'),
    _value("paper.slippage = '2'", "'2' is not a level; write \"1.5%\" (percent) or"),
    _value("paper.slippage = '@2'", "'@2' is not a level; write"),
    _value("paper.slippage = '-2pts'", "is not a level; write"),
    _value("paper.slippage = '100%'", "must be below 100%"),
    _value("price.cash.spike = '0%'", "above 0% and at most 1000%"),
    _value("price.cash.spike = 0.01", 'must be a percent like "1.5%"'),
    _value(
        "price.cash.source = 'bid'", "price.cash.source = 'bid' is not known; did you mean \"mid\"?"
    ),
    _value("price.cash = '1%'", "price.cash = '1%': must be a table, [price.cash]"),
    _value("paper.replay_files = 'a.csv'", "must be a list of at most 1000 paths"),
    _value("paper.replay_files = ['a.csv']", "[...]: no file 'a.csv'"),
    _value("paper.replay_files = [1]", "paper.replay_files[0] = 1: must be the path of a file"),
    _value("paper.market = 'replay'", "paper.replay_files is empty; name the recordings"),
    _value("paper.instruments_file = 'i.json'", "'i.json': no such file"),
    _value("alerts.telegram.token = '110201543:AAHd'", "alerts.telegram.token: must name where"),
    _value("alerts.telegram.chat = 5", "chat = 5: needs alerts.telegram.token"),
    _value("alerts.telegram.min = 'bad'", "allowed: info, warning, critical"),
    _value("alerts.telegram.commands = ['sell']", "commands[0] = 'sell' is not known"),
    _value("alerts.email.server = 'smtp.example.com'", 'must be "HOST:PORT" like "smtp.example'),
    _value("alerts.daily_report_at = '9:05'", "alerts.daily_report_at = '9:05' is not a time"),
    _value("api.listen = '0.0.0.0:4800'", "must be an address of this machine alone"),
    _value("api.listen = 'tradebot.example:4800'", "must be an address of this machine alone"),
    _value("api.listen = 4800", 'must be "HOST:PORT" like "127.0.0.1:4800"'),
    _value("api.listen = '127.0.0.1'", 'must be "HOST:PORT"'),
    _value("api.listen = '127.0.0.1:70000'", "port 0 to 65535"),
    _value("log.level = 'loud'", "log.level = 'loud' is not known; allowed: debug, info,"),
    _value("log.level = 'INFO'", 'did you mean "info"?'),
    _value("log.format = 'xml'", "allowed: text, json, journal"),
)
SESSIONS = (
    _value("sessions = []", "sessions = [...]: must be a table, [sessions]"),
    _value("sessions.NSE = 1", "sessions.NSE = 1: must be a table, [sessions.NSE]"),
    _value("sessions.'N:S'.zone = 'UTC'", "'N:S' is no exchange", "no colon"),
    _value("sessions.NSE.open = '9:15'", "'9:15' is not a time of day; write \"HH:MM\""),
    _value("sessions.NSE.open = 09:15:00", "open = 09:15:00 is not a time of day; write"),
    _value("sessions.NSE.open = '09:15'", "sessions.NSE.close is missing"),
    _value("sessions.NSE.opens = '09:15'", 'no such key; did you mean "open"?'),
    _value("sessions.NSE.days = ['mon']", "days, holidays, special, pre_open need open and close"),
    _value("sessions.NSE.zone = 'Asia/Kolkatta'", 'did you mean "Asia/Kolkata"?'),
    _check("a day that is none", f"{NSE}days = ['mon', 'tuesday']", ":4: ", "days[1] = 'tuesday'"),
    _check("no day at all", f"{NSE}days = []", "must be a list of days, of mon, tue"),
    _check("the 30th of February", f"{NSE}holidays = ['2026-02-30']", ":4: ", "a date like 2026"),
    _check("an hour that is none", f"{NSE}".replace("15:30", "24:00"), '"00:00" to "23:59"'),
)
GOOD = {"config.toml": ""}
FLAGS = tuple(
    Command(f"`{' '.join(words) or 'nothing'}`", ("check", *words), 78, says, files=GOOD)
    for words, says in (
        (("--port", "http"), ("--port: api.listen = '127.0.0.1:http'", "port 0 to 65535")),
        (("--port", "-1"), ("--port: ", "port 0 to 65535")),
        (("--port", "70000"), ("--port: ", "port 0 to 65535")),
        (("--port", ""), ("--port: ", "port 0 to 65535")),
        (("--host", "0.0.0.0"), ("--host: ", "an address of this machine alone")),
        (("--host", "::"), ("--host: api.listen = '[::]:4800'", "of this machine alone")),
        (("--host", ""), ("--host: ", 'must be "HOST:PORT"')),
        (("--log-level", "loud"), ("--log-level: log.level = 'loud' is not known; allowed:",)),
        (("--log-format", "xml"), ("--log-format: ", "allowed: text, json, journal")),
        (("-c", "other.toml"), ("other.toml: no such file",)),
    )
)
ENVIRONMENT = tuple(
    Command(f"`{name}={value}`", ("check",), 78, says, {name: value}, files=GOOD)
    for name, value, *says in (
        ("TRADEBOT_MODE", "live", "TRADEBOT_MODE: mode = 'live': needs a real broker"),
        ("TRADEBOT_PAPER_SEED", "one", "TRADEBOT_PAPER_SEED: paper.seed = 'one': must be a whole"),
        ("TRADEBOT_PAPER_SEED", "1\nx = 2", "TRADEBOT_PAPER_SEED: paper.seed = '1\\nx = 2': must"),
        ("TRADEBOT_PAPER_SPEED", "1,5", "TRADEBOT_PAPER_SPEED: paper.speed = '1,5': must be a"),
        ("TRADEBOT_PAPER_REPLAY_FILES", "a.csv", "must be a list of at most 1000 paths"),
        ("TRADEBOT_PAPER_LATENCY", "20", "TRADEBOT_PAPER_LATENCY: ", "is not a duration; write"),
        ("TRADEBOT_API_LISTEN", "0.0.0.0:80", "TRADEBOT_API_LISTEN: ", "of this machine alone"),
        ("TRADEBOT_LOG_LEVEL", "verbose", "TRADEBOT_LOG_LEVEL: ", "allowed: debug, info, warning"),
        ("TRADEBOT_CONFIG", "other.toml", "other.toml: no such file"),
    )
)
