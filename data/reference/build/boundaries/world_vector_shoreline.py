"""Read the compressed World Vector Shoreline (wvs1.dat, 1:1,000,000, public domain).

The file is made of records (64 bytes). Record 1 is a header, then one bit for each cell of one
degree (does it hold shoreline?), then one first record a cell (row by row from 90 S 180 W), then
overflow records. A record ends in 4 bytes: 0 and the number of the next record, or 1 + the bytes
used when it is the last. Its data are segments: a header of 16 bits (1: continues the last line,
9: points less one, 6: rank, or high bits of the offset), 16 bits each of latitude and longitude,
then a pair of bytes (step + 128) for every further point.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

HEADER_BYTES: Final = 6
OFFSET_BIAS: Final = 262144


@dataclass
class Decoder:
    """Turns the segments of one cell into lines of (x, y) file units."""

    south_units: int
    west_units: int
    lines: list[list[tuple[int, int]]] = field(default_factory=list)
    x: int = 0
    y: int = 0

    def read(self, data: bytes) -> None:
        """Decode every segment of a cell."""
        at = 0
        while at + HEADER_BYTES <= len(data):
            points = (data[at] & 127) * 4 + (data[at + 1] >> 6) + 1
            self._start(data, at)
            at += HEADER_BYTES
            for _ in range(points - 1):
                if at + 2 > len(data):
                    break
                self.y += data[at] - 128
                self.x += data[at + 1] - 128
                self.lines[-1].append((self.x, self.y))
                at += 2

    def _start(self, data: bytes, at: int) -> None:
        low_y = data[at + 2] << 8 | data[at + 3]
        low_x = data[at + 4] << 8 | data[at + 5]
        if data[at] >> 7:
            self.y += (((data[at + 1] & 63) >> 3) << 16 | low_y) - OFFSET_BIAS
            self.x += ((data[at + 1] & 7) << 16 | low_x) - OFFSET_BIAS
        else:
            self.y, self.x = self.south_units + low_y, self.west_units + low_x
            self.lines.append([])
        self.lines[-1].append((self.x, self.y))


def read_shoreline(path: Path, bounds: tuple[int, int, int, int]) -> list[np.ndarray]:
    """Return the lines inside whole degrees west, south, east, north, as longitude, latitude."""
    data = path.read_bytes()
    record = data[3]
    units = 3600 * data[5]
    first = (180 * 360 - 1) // (record * 8) + 2
    west, south, east, north = bounds
    lines: list[np.ndarray] = []
    for latitude in range(south, north):
        for longitude in range(west, east):
            cell = (latitude + 90) * 360 + longitude + 180
            bit = record * 8 + cell
            if not (data[bit // 8] >> (7 - bit % 8)) & 1:
                continue
            decoder = Decoder((latitude + 90) * units, (longitude + 180) * units)
            decoder.read(_cell_bytes(data, record, cell + first))
            lines += [np.array(line) / units - (180, 90) for line in decoder.lines if len(line) > 1]
    return lines


def _cell_bytes(data: bytes, record: int, number: int) -> bytes:
    """Return the bytes of a cell, its overflow records included."""
    full = record - 4
    out = bytearray()
    while True:
        start = number * record
        used = data[start + full]
        if used:
            return bytes(out + data[start : start + used - 1])
        out += data[start : start + full]
        number = int.from_bytes(data[start + full + 1 : start + record], "big") - 1
