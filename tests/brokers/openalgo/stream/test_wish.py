"""What nobody grants is asked for again, ever more rarely."""

from tradebot.brokers.openalgo.stream.wish import Wish


def test_what_nobody_wishes_is_never_asked_for():
    assert not Wish(5.0, 300.0).is_due(1e9)


def test_it_is_asked_for_at_once_and_ever_more_rarely_until_it_is_granted():
    wish = Wish(5.0, 300.0)
    wish.begin()
    times = [now for now in range(2000) if wish.is_due(float(now))]
    assert times == [0, 5, 15, 35, 75, 155, 315, 615, 915, 1215, 1515, 1815]
    wish.granted()
    assert not wish.is_due(1e9)


def test_what_is_wished_anew_is_asked_for_soon_again():
    wish = Wish(5.0, 300.0)
    wish.begin()
    for now in range(100):
        wish.is_due(float(now))
    wish.begin()
    assert wish.is_due(100.0)
    assert wish.is_due(105.0)
