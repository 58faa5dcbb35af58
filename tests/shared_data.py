"""Where the real recordings and exports are; tests that need them skip where they are not."""

import os
from pathlib import Path

DATA = Path(os.environ.get("TRADEBOT_DATA", Path(__file__).parents[2] / "shared" / "data"))
TICKS = DATA / "ticks"
