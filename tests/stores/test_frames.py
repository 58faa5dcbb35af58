"""Frames are found in any bytes, and chained so that a loss is told from a torn tail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.stores.frames import HEADER_BYTES, MAGIC, chained, frame_at, frame_bytes, frames_in


def frames(*numbers, epoch=1, synced=0):
    data = b"".join(
        frame_bytes(b"frame %d" % number, epoch=epoch, number=number, synced=synced)
        for number in numbers
    )
    return list(frames_in(data, 1))


def numbers(chain):
    return [frame.number for frame in chain.frames]


def test_a_frame_reads_back_where_it_was_written():
    data = b"xx" + frame_bytes(b"payload", epoch=3, number=9, synced=7) + b"yy"
    frame = frame_at(data, 2)
    assert frame is not None
    assert (frame.number, frame.epoch, frame.synced, frame.payload) == (9, 3, 7, b"payload")
    assert (frame.start, frame.end) == (2, 2 + HEADER_BYTES + 7)


def test_no_changed_byte_passes_for_a_frame():
    data = frame_bytes(b"payload", epoch=3, number=9, synced=7)
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            assert frame_at(bytes(changed), 0) is None, (place, bit)
    for length in range(len(data)):
        assert frame_at(data[:length], 0) is None


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_sound_frames_are_found_between_any_rubbish(before, after):
    data = before + frame_bytes(MAGIC * 3, epoch=1, number=5, synced=0) + after
    assert [frame.number for frame in frames_in(data, 1)] == [5]


def test_frames_of_a_segments_earlier_life_are_not_its_own():
    old = [frame_bytes(b"old", epoch=1, number=n, synced=0) for n in (3, 4, 5, 6)]
    new = frame_bytes(b"new and longer", epoch=2, number=12, synced=0)
    data = new + b"".join(old)[len(new) :]
    assert [frame.payload for frame in frames_in(data, 12)] == [b"new and longer"]


def test_a_chain_begins_behind_what_is_known():
    chain = chained([frames(1, 2, 3), frames(4, 5)], after=3)
    assert numbers(chain) == [4, 5]
    assert (chain.last, chain.dropped, chain.lost) == (5, 0, ())


def test_a_chain_that_is_known_already_is_empty_and_keeps_its_last_number():
    assert chained([frames(1, 2, 3)], after=8).last == 3
    assert chained([], after=8).last == 0


def test_behind_a_hole_that_no_sync_covered_nothing_counts():
    chain = chained([frames(1, 2, synced=0), frames(4, 5, synced=2)], after=0)
    assert numbers(chain) == [1, 2]
    assert (chain.last, chain.dropped, chain.lost) == (2, 2, ())


@pytest.mark.parametrize(("synced", "lost"), [(3, ((3, 3),)), (4, ((3, 4),)), (5, ((3, 4),))])
def test_a_hole_in_what_was_on_the_disk_is_a_loss_and_the_rest_counts(synced, lost):
    chain = chained([frames(1, 2), frames(5, 6, synced=synced)], after=0)
    assert numbers(chain) == [1, 2, 5, 6]
    assert chain.lost == lost


def test_a_loss_below_what_is_known_is_none():
    assert chained([frames(1), frames(5, synced=4)], after=4).lost == ()


def test_a_frame_written_again_counts_once_and_in_its_later_form():
    again = frames_in(frame_bytes(b"again", epoch=1, number=2, synced=0), 1)
    chain = chained([frames(1, 2), [*again], frames(3)], after=0)
    assert [frame.payload for frame in chain.frames] == [b"frame 1", b"again", b"frame 3"]


def test_a_replaced_process_that_still_writes_changes_nothing():
    late = frames(3, 4, 5, epoch=1)
    chain = chained([frames(1, 2), frames(3, 4, epoch=2), late], after=0)
    assert [(frame.number, frame.epoch) for frame in chain.frames] == [
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 2),
    ]
    assert chain.last == 4
