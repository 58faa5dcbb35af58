"""The described bodies about alerts against those that are read and written."""

import msgspec
import pytest

from tests.alert_store import lasting
from tests.api.world import running
from tradebot.api import alert_schema
from tradebot.api.alerts import alert_json


async def test_an_alert_is_told_key_by_key_as_it_is_described():
    async with running() as world:
        world.alerts.take([lasting()])
        for alert in (*world.alerts.listed(), world.alerts.acknowledge("A1", "lead")):
            told = alert_json(alert)
            assert told.keys() == set(alert_schema.Alert.__struct_fields__)
            msgspec.convert(told, alert_schema.Alert)


@pytest.mark.parametrize("through", ["17", "A", "B17", "", 17, None])
def test_what_is_no_id_is_described_as_wrong(through):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"through": through}, alert_schema.AcknowledgeThrough)
