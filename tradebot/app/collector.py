"""When the garbage collector looks, and what it never looks at again."""

import gc


def begin_collecting() -> None:
    """Free what the start has left, and collect from now on only what is made from now on.

    What the start made lives as long as the process. The collector is off until then: walked
    again and again while it grows, it took a quarter of the start's time (1.1 s of CPU
    instead of 1.5 with 1,000 trades).
    """
    gc.collect()
    gc.freeze()
    gc.enable()
