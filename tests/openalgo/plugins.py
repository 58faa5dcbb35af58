"""The broker's plugin behind the server: in what the plugins differ."""

import msgspec

NO_POSITION = "No OpenPosition Found. Not placing Exit order."
NO_POSITION_UPSTOX = "No open position found. Not placing exit order."
NO_POSITION_TRADEJINI = "No position to square off"
MATCHED = "Positions Already Matched. No Action needed."


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """One family of plugins."""

    name: str
    nothing: tuple[int, str] = (500, NO_POSITION)  # a smart order (0, 0) of what is flat
    fresh_when_flat: bool = True  # position_size 0 with a quantity opens a position
    updates: str = "push"  # of orders on the websocket: push, poll or none
    gtt: bool = False
    sold_leaves_holdings: bool = False  # a sale is in both books on its very day


PLUGINS = {
    plugin.name: plugin
    for plugin in (
        Plugin(name="angel"),
        Plugin(name="dhan", gtt=True),
        Plugin(name="fyers"),
        Plugin(name="kotak"),
        Plugin(name="shoonya"),
        Plugin(name="upstox", nothing=(500, NO_POSITION_UPSTOX)),
        Plugin(name="tradejini", nothing=(500, NO_POSITION_TRADEJINI), updates="none"),
        Plugin(name="definedge", fresh_when_flat=False),
        Plugin(name="groww", updates="poll"),
        Plugin(name="zerodha", nothing=(200, MATCHED), gtt=True, sold_leaves_holdings=True),
        Plugin(name="arrow", nothing=(200, MATCHED)),
        Plugin(name="hdfcsecurities", nothing=(200, MATCHED)),
        Plugin(name="hdfcsky", nothing=(200, MATCHED)),
    )
}
SANDBOX = Plugin(name="sandbox", nothing=(200, MATCHED))
