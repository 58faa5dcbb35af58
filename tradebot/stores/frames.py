"""The journal's frames as bytes: a header of 32 bytes, then the payload.

| magic | epoch | length | crc32 | number | synced |
| 4s    | u32   | u32    | u32   | u64    | u64    |

The checksum covers header and payload. ``synced`` is the last frame that was on the disk
when this one was written: by it a reader tells what a power cut may take (frames that no
sync had covered, in any order) from what a disk has lost (a frame below ``synced``).
"""

import struct
from collections.abc import Iterator, Sequence
from zlib import crc32

import msgspec

MAGIC = b"TBj1"
_HEADER = struct.Struct("<4sIIIQQ")
HEADER_BYTES = _HEADER.size


class Frame(msgspec.Struct, frozen=True):
    """One frame as it lies in a file."""

    number: int
    epoch: int
    synced: int
    payload: bytes
    start: int  # offset in its file
    end: int


def frame_bytes(payload: bytes, *, epoch: int, number: int, synced: int) -> bytes:
    """Return a frame ready to be written."""
    bare = _HEADER.pack(MAGIC, epoch, len(payload), 0, number, synced)
    checksum = crc32(payload, crc32(bare))
    return _HEADER.pack(MAGIC, epoch, len(payload), checksum, number, synced) + payload


def frame_at(data: bytes, start: int) -> Frame | None:
    """Return the frame that begins at an offset; None: no whole and sound one does."""
    if len(data) - start < HEADER_BYTES:
        return None
    magic, epoch, length, checksum, number, synced = _HEADER.unpack_from(data, start)
    end = start + HEADER_BYTES + length
    if magic != MAGIC or end > len(data):
        return None
    payload = data[start + HEADER_BYTES : end]
    bare = _HEADER.pack(MAGIC, epoch, length, 0, number, synced)
    if crc32(payload, crc32(bare)) != checksum:
        return None
    return Frame(number, epoch, synced, payload, start, end)


def frames_in(data: bytes, first: int) -> Iterator[Frame]:
    """Yield every sound frame of a segment, also those behind a bad place.

    Args:
        data: the whole segment.
        first: the number of its first frame. A recycled segment still holds frames of its
            earlier life behind the new ones; their numbers are lower, and they are skipped.
    """
    offset, wanted = 0, first
    while True:
        frame = frame_at(data, offset)
        if frame is not None and frame.number >= wanted:
            yield frame
            offset, wanted = frame.end, frame.number + 1
            continue
        offset = data.find(MAGIC, offset + 1)
        if offset < 0:
            return


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """What the segments of a journal say when read together."""

    frames: tuple[Frame, ...]  # ascending, all above the asked one
    last: int  # the highest number in use, 0 for an empty journal
    synced: int  # the highest number known to have been on the disk
    dropped: int  # sound frames behind a hole that a power cut may have made
    lost: tuple[tuple[int, int], ...]  # first and last number of frames that were on the disk


def chained(segments: Sequence[Sequence[Frame]], after: int, known: int = 0) -> Chain:
    """Join segments, in order of their making, to one chain of frames above ``after``.

    ``known`` is the highest frame that must have been on the disk by what the segments'
    names say; a segment that has lost all of its frames says nothing itself.

    A frame is written again in a later segment when its first one could not be synced; the
    later one counts. Frames of an epoch older than one before them come from a process
    that had been replaced, or from a tail that an earlier start gave up: they count not.

    At a hole that no sync had covered the chain ends: nothing had left on what lies behind
    it, and half of a group is worse than none. A hole in what *was* on the disk is a loss;
    there the chain goes on, because an order may be on the wire that a later frame names.
    """
    newest: dict[int, Frame] = {}
    for segment in segments:
        for frame in segment:
            other = newest.get(frame.number)
            if other is None or frame.epoch >= other.epoch:
                newest[frame.number] = frame
    ours = list(_epochs_ascending(newest))
    synced = max(known, *(frame.synced for frame in ours), 0)
    kept: list[Frame] = []
    lost: list[tuple[int, int]] = []
    wanted = after + 1
    above = [frame for frame in ours if frame.number > after]
    for frame in above:
        if frame.number > wanted:
            if wanted > synced:
                break
            lost.append((wanted, min(frame.number - 1, synced)))
        kept.append(frame)
        wanted = frame.number + 1
    if len(kept) == len(above) and wanted <= synced:
        lost.append((wanted, synced))
    below = max((frame.number for frame in ours if frame.number <= after), default=0)
    return Chain(
        frames=tuple(kept),
        last=kept[-1].number if kept else below,
        synced=synced,
        dropped=len(above) - len(kept),
        lost=tuple(lost),
    )


def _epochs_ascending(frames: dict[int, Frame]) -> Iterator[Frame]:
    epoch = 0
    for _, frame in sorted(frames.items()):
        if frame.epoch >= epoch:
            epoch = frame.epoch
            yield frame
