"""The file of what instruments were last said to be: a start does not wait to be told again."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tradebot.core.market.instruments import Instrument
from tradebot.errors import StoreError
from tradebot.stores.sync import written_beside

BYTES_MAX = 32 << 20  # 100,000 instruments and more: a file that is larger is none of ours

_decoder = msgspec.json.Decoder(list[Instrument])


class InstrumentFile:
    """``instruments.json``. It is written as a whole, and is as good as what was said last.

    It is no part of the trader's books: without it a start asks for everything anew.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; it need not exist."""
        self._path = path

    def load(self) -> Sequence[Instrument]:
        try:
            with self._path.open("rb") as file:
                data = file.read(BYTES_MAX + 1)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StoreError(f"{self._path}: {error.strerror}") from error
        if len(data) > BYTES_MAX:
            raise StoreError(f"{self._path} is larger than {BYTES_MAX} bytes")
        try:
            return _decoder.decode(data)
        except ValueError as error:  # also of bytes that are no text
            raise StoreError(f"{self._path} holds no instruments: {error}") from error

    async def keep(self, instruments: Sequence[Instrument]) -> None:
        await asyncio.to_thread(self._replace, msgspec.json.encode(list(instruments)))

    def _replace(self, data: bytes) -> None:
        try:
            written_beside(self._path, data).replace(self._path)
        except OSError as error:
            raise StoreError(f"{self._path}: {error.strerror}") from error
