"""The figures of a guard and of its API at one address."""

from tests.api.world import LONG
from tradebot.services.figures import Figures


async def test_everybody_may_read_the_figures_and_none_names_a_trade(world):
    figures = Figures(world.clock)
    world.figures = [figures.source(world.loop, world.persister)]
    async with world.client(key=None) as stranger, world.client() as client:
        await client.post("/api/v1/createtrade", json=LONG)
        await client.get("/nowhere")
        answer = await client.get("/metrics")
        assert (await stranger.get("/metrics")).status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'tradebot_build_info{mode="paper",version="0.1.0"} 1.0\n' in answer.text
    assert 'tradebot_trades{status="ACTIVE"} 1.0\n' in answer.text
    created = '{method="POST",route="/api/v1/createtrade",status="200"} 1.0\n'
    assert f"tradebot_api_requests_total{created}" in answer.text
    assert '{method="unknown",route="unknown",status="404"} 1.0\n' in answer.text
    assert "T1" not in answer.text
    assert "SBIN" not in answer.text
