#!/usr/bin/env python3
"""Writes the files of Tests/Fixtures/image-files: PNG, IDX and NPY of a few pixels each. Needs numpy.

    python Tests/Reference/image_files.py Tests/Fixtures/image-files

Image n of all arrays has (7 n + 3 i + c) % 256 at pixel i of channel c; n is its label. 5 images of 2 x 4 pixels.
"""
import gzip
import io
import pathlib
import struct
import sys
import zlib

import numpy as np

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
COUNT, H, W = 5, 2, 4


def pixels(n, channels):
    return np.array([[(7 * n + 3 * i + c) % 256 for c in range(channels)] for i in range(H * W)], np.uint8).reshape(H, W, channels)


def png(kind, depth, rows, extra=b""):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", W, H, depth, kind, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def plte(colours):
    data = bytes(np.array(colours, np.uint8).reshape(-1))
    return struct.pack(">I", len(data)) + b"PLTE" + data + struct.pack(">I", zlib.crc32(b"PLTE" + data))


grey, colour = pixels(1, 1), pixels(1, 3)
(out / "grey.png").write_bytes(png(0, 8, grey.reshape(H, W)))
(out / "colour.png").write_bytes(png(2, 8, colour.reshape(H, W * 3)))
palette = plte(colour.reshape(-1, 3))
(out / "palette.png").write_bytes(png(3, 8, np.arange(H * W, dtype=np.uint8).reshape(H, W), palette))
(out / "palette-4-bits.png").write_bytes(png(3, 4, [[0x01, 0x23], [0x45, 0x67]], palette))
(out / "grey-16-bits.png").write_bytes(png(0, 16, np.zeros((H, W * 2), np.uint8)))
(out / "grey-1-bit.png").write_bytes(png(0, 1, [[0xA0], [0x40]]))
(out / "transparent.png").write_bytes(png(6, 8, np.zeros((H, W * 4), np.uint8)))

images = np.stack([pixels(n, 1)[:, :, 0] for n in range(COUNT)])
idx = struct.pack(">BBBBIII", 0, 0, 8, 3, COUNT, H, W) + images.tobytes()
labels = struct.pack(">BBBBI", 0, 0, 8, 1, COUNT) + bytes(range(COUNT))
(out / "t-images-idx3-ubyte").write_bytes(idx)
(out / "t-labels-idx1-ubyte").write_bytes(labels)
for name, data in (("z-images-idx3-ubyte.gz", idx), ("z-labels-idx1-ubyte.gz", labels)):
    (out / name).write_bytes(gzip.compress(data, 9, mtime=0))

coloured = np.stack([pixels(n, 3) for n in range(COUNT)])
for name, array, kind in (
    ("grey", images, np.int64), ("last", coloured, np.int32), ("first", coloured.transpose(0, 3, 1, 2), np.uint8),
    ("floats", (images / 8).astype(np.float32), np.int16), ("doubles", images / 8, np.int64),
):
    for part, values in (("images", np.ascontiguousarray(array)), ("labels", np.arange(COUNT).astype(kind))):
        buffer = io.BytesIO()
        np.save(buffer, values)
        (out / f"{name}-{part}.npy").write_bytes(buffer.getvalue())
