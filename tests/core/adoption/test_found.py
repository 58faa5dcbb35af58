"""What was found is a value, and knows the side of a trade for it."""

from decimal import Decimal

import pytest

from tests.playbook import KEY
from tradebot.core.adoption.found import Findings, Found, Origin
from tradebot.core.guard.trades import Side


def found(net="10", key=KEY):
    return Found(key=key, net=Decimal(net), average=None, origin=Origin.NEW, since_ns=1)


@pytest.mark.parametrize(("net", "side"), [("10", Side.LONG), ("-0.5", Side.SHORT)])
def test_a_positive_net_is_long(net, side):
    assert found(net).side is side


def test_one_is_looked_up_by_its_key():
    other = KEY._replace(product="NRML")
    findings = Findings(found=(found(), found("5", other)))
    assert findings.of(other) is findings.found[1]
    assert findings.of(KEY._replace(product="CNC")) is None
