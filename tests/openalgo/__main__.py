"""``python -m tests.openalgo``: the fake server by hand, with a market that moves.

What it is told on standard input, one line each, a person does:

    price NSE:SBIN 812.5          a trade at that price
    buy NSE:SBIN 10 [MIS]         an order at the broker's own terminal; sell likewise
    on hangs [endpoint=placeorder] [symbol=NSE:SBIN] [times=1] [value=5] [acts_after_s=5]
    off hangs | off               one switch, or all
    analyzer | semi_auto | relogin | logout | login | drop | freeze | restart | quit
    show                          orders, positions and what did harm
"""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Callable, Sequence

from tests.openalgo.console import Console
from tests.openalgo.plugins import PLUGINS
from tests.openalgo.server import API_KEY, OpenAlgoServer
from tests.openalgo.unkind import be_unkind


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.openalgo",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=5000, help="of the REST surface (5000)")
    parser.add_argument("--feed-port", type=int, default=8765, help="of the websocket (8765)")
    parser.add_argument("--plugin", choices=sorted(PLUGINS), default="angel", help="(angel)")
    parser.add_argument("--seed", type=int, default=0, help="of the market (0)")
    parser.add_argument("--ticks", type=float, default=5.0, help="a second, of all together (5)")
    parser.add_argument("--scale", type=float, default=1.0, help="of every delay (1)")
    parser.add_argument("--unkind", type=int, metavar="SEED", help="draw a world of faults")
    parser.add_argument("--api-key", default=API_KEY)
    asked = parser.parse_args(argv)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(asked, print))
    return 0


async def run(asked: argparse.Namespace, say: Callable[[str], object]) -> None:
    server = OpenAlgoServer(
        scale=asked.scale,
        seed=asked.seed,
        plugin=asked.plugin,
        api_key=asked.api_key,
        port=asked.port,
        feed_port=asked.feed_port,
    )
    async with server:
        server.walk(asked.ticks)
        if asked.unkind is not None:
            for rule in be_unkind(server.faults, asked.unkind):
                say(f"{rule.fault} {rule.endpoint or 'everywhere'}: {rule.rate:.3f}")
        say(f"REST {server.url}  websocket {server.feed_url}  key {server.api_key}")
        await Console(server, say).run(sys.stdin)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
