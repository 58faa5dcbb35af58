"""The daemon through what a day does to it: load, kills, edits of its file, a lost world."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.app.daemon_life import a_life, active, bought, configure, last, replay_of, until
from tests.services.fakes import Said
from tradebot.app.app import LOCK_WAIT_S
from tradebot.app.parts import Parts
from tradebot.app.state import StateDirectory
from tradebot.config import load
from tradebot.services.guard import FLUSH_S

AT = 1_700_000_000_000_000_000
TRADES = 200
SYMBOLS = ("A", "B", "C", "D")
STOP_S_MAX = 5.0


def rising(rows: int) -> Iterator[str]:
    """Yield a market that rises with every tick, so that every trail moves every time."""
    for number in range(rows):
        price = 100 + number * 0.01
        yield f"{AT + number * 1_000_000},X,{SYMBOLS[number % 4]},{price:.2f}\n"


def test_a_stop_under_load_is_quick_and_loses_no_trade(tmp_path):
    replay_of(tmp_path, rising(400_000), speed=1)
    with a_life(tmp_path) as life:
        life.ready()
        symbols = SYMBOLS * (TRADES // len(SYMBOLS))
        with ThreadPoolExecutor(16) as people:
            ids = list(people.map(lambda s: bought(life, "X", s, trail={"by": "50pts"}), symbols))
        until(lambda: all(trade["status"] == "ACTIVE" for trade in active(life).values()))
        assert life.end() == 0
    configure(tmp_path, market="replay", replay_files=["ticks.csv"], speed=0)
    with a_life(tmp_path) as life:
        life.ready()
        before = active(life)
        until(lambda: float(str(active(life)[ids[0]]["ltp"])) > 500)  # about 40,000 ticks later
        seen = active(life)
        began_s = time.monotonic()
        assert life.end() == 0
        took_s = time.monotonic() - began_s
        assert took_s < STOP_S_MAX
        assert "feed.ended" not in life.events()  # it was under load until the end
        stopped = last(life, "daemon.stopped")
        assert (stopped["open"], stopped["unsaved"], stopped["why"]) == (TRADES, 0, "SIGTERM")
        assert stopped["exits_in_doubt"] == 0
    configure(tmp_path, market="replay", replay_files=["ticks.csv"], speed=0.001)
    with a_life(tmp_path) as life:
        life.ready()
        after = active(life)
        assert after.keys() == before.keys() == set(ids)
        for name in ids:
            assert after[name]["trail_level"] >= seen[name]["trail_level"]  # type: ignore[operator]
        assert life.end() == 0


def test_a_file_that_is_saved_is_taken_and_a_bad_one_is_not(tmp_path):
    config = tmp_path / "config.toml"
    with a_life(tmp_path, WATCHDOG_USEC="400000", HOME=str(tmp_path / "home")) as life:
        assert "STATUS=0 trades guarded" in life.told("READY=1")
        assert life.call("/ready")["state"] == "ready"
        life.told("WATCHDOG=1")

        save(config, 'log.level = "debug"\npaper.latency = "1s"\nalerts.webhook.min = "info"\n')
        until(lambda: life.events().count("config.changed") == 3)
        changes = [line for line in life.log() if line["event"] == "config.changed"]
        assert [(line["setting"], line["old"], line["new"], line["note"]) for line in changes] == [
            ("paper.latency", "20ms", "1s", "needs a restart"),
            ("alerts.webhook.min", "warning", "info", "needs a restart"),
            ("log.level", "info", "debug", ""),
        ]
        save(config, '\n[log]\nlevel = "loud"\n[papr]\n')
        life.process.send_signal(signal.SIGHUP)
        until(lambda: [line.get("why") for line in life.log()].count("SIGHUP") == 2)
        refused = [
            line["problem"]
            for line in life.log()
            if line["event"] == "config.refused" and line["why"] == "SIGHUP"
        ]
        assert refused == [
            f"{config}:3: log.level = 'loud' is not known; allowed: debug, info, warning, error",
            f'{config}:4: papr = {{...}}: no such key; did you mean "paper"?',
        ]
        life.process.send_signal(signal.SIGUSR2)
        until(lambda: "dump.state" in life.events())
        life.process.send_signal(signal.SIGHUP)  # the old settings are in force, and debug too
        assert life.end() == 0
        life.told("STOPPING=1")
    stray = {path.name for path in tmp_path.iterdir()} - {"config.toml", "state", "log", "notify"}
    assert stray == set()


def test_a_dead_holder_holds_nothing_and_a_lost_world_is_no_loop(tmp_path):
    configure(tmp_path, latency="0ms")
    with a_life(tmp_path) as life:
        life.ready()
        name = bought(life, "SIM", "SBIN", stop="50%")
        until(lambda: active(life)[name]["status"] == "ACTIVE")
        assert life.end(signal.SIGKILL) == -signal.SIGKILL
        assert (life.state / "daemon.json").exists()  # the dead withdraw nothing
    for file in life.state.glob("paper.db*"):
        file.unlink()
    with a_life(tmp_path) as life:
        life.ready()
        assert float(str(last(life, "daemon.ready")["seconds"])) < LOCK_WAIT_S
        (trade,) = active(life).values()
        assert (trade["status"], trade["quantity"], trade["stop"]) == ("ACTIVE", 10, "50%")
        life.call("/api/v1/exittrade", {"trade_id": name})
        for _ in range(3):  # whoever asks again gets no second order
            life.call("/api/v1/activetrades", {})
        assert life.end() == 0
        assert life.events().count("exit.sent") <= 1
        assert last(life, "daemon.stopped")["exits_in_doubt"] == 0


def test_a_recording_that_goes_wrong_leaves_the_guard_running(tmp_path):
    replay_of(tmp_path, iter([f"{AT},X,A,100\n", f"{AT},X,A,one\n"]), speed=0)
    with a_life(tmp_path) as life:
        life.ready()
        until(lambda: "feed.ended" in life.events())
        assert life.call("/ready")["state"] in ("ready", "degraded")
        assert life.end() == 0


async def test_parts_that_never_ran_close_at_once(tmp_path):
    said = Said()
    state = StateDirectory(tmp_path / "state")
    state.prepare()
    parts = await Parts.open(load(None).settings, state, say=said)
    began_s = time.monotonic()
    await parts.close()
    assert time.monotonic() - began_s < FLUSH_S
    assert "store.unflushed" not in said.events


def save(file: Path, text: str) -> None:
    """Replace a file as an editor does: by another one of its name."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.rename(file)
