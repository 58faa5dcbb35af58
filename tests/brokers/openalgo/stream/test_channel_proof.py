"""Word of orders is relied on while it has just been heard and acted on, and no longer."""

import pytest

from tradebot.brokers.openalgo.stream import channel_proof
from tradebot.brokers.openalgo.stream.channel_proof import PROOF_NS, UNHEARD_NS, ChannelProof


def proven(at_ns=0):
    """A channel that has told of an order, about which everything was read."""
    proof = ChannelProof()
    proof.told("B1", "angel")
    proof.was_read(proof.words, at_ns)
    return proof


def test_nothing_is_relied_on_before_it_has_told_of_anything():
    proof = ChannelProof()
    proof.was_read(proof.words, 0)
    assert not proof.is_good(0)


def test_word_counts_once_what_it_is_about_was_read():
    proof = ChannelProof()
    proof.told("B1", "angel")
    assert not proof.is_good(0)
    proof.was_read(proof.words, 0)
    assert proof.is_good(1)


def test_new_word_has_to_be_read_first_too():
    proof = proven()
    words = proof.words
    proof.told("B2", "angel")
    assert not proof.is_good(1)
    proof.was_read(words, 1)  # a read that had left before it
    assert not proof.is_good(1)
    proof.was_read(proof.words, 2)
    assert proof.is_good(2)


@pytest.mark.parametrize("broker", sorted(channel_proof.POLLED))
def test_a_broker_that_the_server_asks_now_and_then_proves_nothing(broker):
    proof = proven()
    proof.told("B2", broker)
    proof.was_read(proof.words, 0)
    assert not proof.is_good(0)


def test_a_proof_is_good_for_ten_seconds_whatever_the_clock_does():
    proof = proven(at_ns=PROOF_NS)
    assert proof.is_good(2 * PROOF_NS - 1)
    assert not proof.is_good(2 * PROOF_NS)
    assert not proof.is_good(PROOF_NS - 1)


def test_a_connection_that_has_ended_proves_nothing():
    proof = proven()
    proof.ended()
    assert not proof.is_good(0)
    proof.was_read(proof.words, 0)  # of word that came before
    assert not proof.is_good(0)


def test_an_order_of_ours_of_which_it_says_nothing_disproves_it():
    proof = proven()
    proof.placed("B2", 0)
    assert proof.is_good(UNHEARD_NS - 1)
    assert not proof.is_good(UNHEARD_NS)
    assert not proof.is_good(0)


def test_an_order_of_ours_of_which_it_tells_does_not_whichever_comes_first():
    proof = proven()
    proof.placed("B2", 0)
    proof.told("B2", "angel")
    proof.told("B3", "angel")
    proof.was_read(proof.words, 0)
    proof.placed("B3", 1)
    assert proof.is_good(UNHEARD_NS + 1)


def test_orders_are_awaited_only_of_a_channel_that_is_proven():
    proof = ChannelProof()
    proof.placed("B1", 0)
    proof.told("B2", "angel")
    proof.was_read(proof.words, UNHEARD_NS)
    assert proof.is_good(UNHEARD_NS)


def test_of_orders_the_oldest_is_forgotten_first(monkeypatch):
    monkeypatch.setattr(channel_proof, "REMEMBERED_MAX", 1)
    proof = proven()
    proof.told("B2", "angel")
    proof.was_read(proof.words, 0)
    proof.placed("B2", 0)
    assert proof.is_good(UNHEARD_NS)
    proof.placed("B1", 0)
    assert not proof.is_good(UNHEARD_NS)


def test_who_has_welcomed_us_and_what_came_of_our_wish_ends_with_the_connection():
    proof = ChannelProof()
    assert (proof.broker, proof.ack) == (None, "")
    proof.welcomed("angel")
    proof.ack = "success"
    assert (proof.broker, proof.ack) == ("angel", "success")
    proof.welcomed("angel")  # anew: the wish is one of the connection before
    assert (proof.broker, proof.ack) == ("angel", "")
    proof.ended()
    assert (proof.broker, proof.ack) == (None, "")


def test_silence_about_our_order_ends_the_proof_and_not_the_connection():
    proof = proven()
    proof.welcomed("angel")
    proof.placed("B2", 0)
    assert not proof.is_good(UNHEARD_NS)
    assert proof.broker == "angel"
