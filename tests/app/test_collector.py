"""The garbage collector is off during the start, and on for the rest of the daemon's life."""

import gc

from tradebot.app.collector import begin_collecting


def test_it_collects_from_now_on_and_never_looks_at_what_the_start_made():
    was_on = gc.isenabled()
    gc.disable()
    kept: list[object] = [[] for _ in range(1000)]
    try:
        begin_collecting()
        assert gc.isenabled()
        assert gc.get_freeze_count() >= len(kept)
    finally:
        gc.unfreeze()
        if not was_on:
            gc.disable()
