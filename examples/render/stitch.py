#!/usr/bin/env python3
"""Joins row ranges of a picture that were rendered apart, and compares pictures by their pixels.

  stitch.py join OUT.png TILE.png@FIRST-LAST ...   rows FIRST to LAST (1 is the top one) of each tile, which has full size
  stitch.py compare A.png B.png                    exit code 1 and the first pixel that differs, or 0 if none does

Reads and writes PNG (8 bit RGB or RGBA, not interlaced: what POV-Ray writes). The files differ even where the pictures
are equal, since they carry a date: so pixels are compared, not bytes.
"""
import re
import struct
import sys
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PIXELS_MAX = 64 << 20
# Says how the numbers become light; the joined picture keeps it.
COLOUR_CHUNKS = (b"gAMA", b"cHRM", b"sRGB", b"iCCP")


class Picture:
    """Rows of bytes, top first; `depth` bytes a pixel."""

    def __init__(self, width, depth, rows, colour):
        self.width, self.depth, self.rows, self.colour = width, depth, rows, colour

    def shape(self):
        return self.width, len(self.rows), self.depth


def fail(text):
    sys.exit(f"stitch: {text}")


def chunks(data, path):
    """(type, content) of each chunk of a PNG file, its checksum verified."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        content = data[at + 8:at + 8 + size]
        if data[at + 8 + size:at + 12 + size] != struct.pack(">I", zlib.crc32(kind + content)):
            break
        yield kind, content
        if kind == b"IEND":
            return
        at += 12 + size
    fail(f"{path}: damaged or cut off at byte {at}: render it again")


def unfilter(kind, line, above, depth):
    """Undoes one row's filter in place. Source: PNG specification, second edition, §9."""
    if kind == 1:
        for i in range(depth, len(line)):
            line[i] = (line[i] + line[i - depth]) & 255
    elif kind == 2:
        for i in range(len(line)):
            line[i] = (line[i] + above[i]) & 255
    elif kind == 3:
        for i in range(len(line)):
            left = line[i - depth] if i >= depth else 0
            line[i] = (line[i] + (left + above[i]) // 2) & 255
    elif kind == 4:
        for i in range(len(line)):
            left, corner = (line[i - depth], above[i - depth]) if i >= depth else (0, 0)
            up = above[i]
            a, b, c = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
            line[i] = (line[i] + (left if a <= b and a <= c else up if b <= c else corner)) & 255
    elif kind != 0:
        fail(f"row filter {kind} does not exist: the file is damaged")


def read(path):
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    if not data.startswith(SIGNATURE):
        fail(f"{path}: not a PNG file")
    packed, colour, header = b"", [], None
    for kind, content in chunks(data, path):
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", content)
        elif kind == b"IDAT":
            packed += content
        elif kind in COLOUR_CHUNKS:
            colour.append((kind, content))
    width, height, bits, colour_type, _, _, interlaced = header or fail(f"{path}: has no header")
    if bits != 8 or colour_type not in (2, 6) or interlaced or width * height > PIXELS_MAX:
        fail(f"{path}: only plain 8 bit RGB and RGBA pictures of at most {PIXELS_MAX} pixels are read")
    depth = 3 if colour_type == 2 else 4
    stride = width * depth
    raw = zlib.decompressobj().decompress(packed, (stride + 1) * height)
    if len(raw) != (stride + 1) * height:
        fail(f"{path}: {len(raw)} bytes of pixels where {(stride + 1) * height} belong: render it again")
    rows, above = [], bytearray(stride)
    for start in range(0, len(raw), stride + 1):
        line = bytearray(raw[start + 1:start + 1 + stride])
        unfilter(raw[start], line, above, depth)
        rows.append(line)
        above = line
    return Picture(width, depth, rows, colour)


def write(path, picture):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    # Each row as its difference to the row above: quick to make, and packs well.
    packer, above, packed = zlib.compressobj(6), bytes(picture.width * picture.depth), b""
    for row in picture.rows:
        packed += packer.compress(b"\2" + bytes((now - up) & 255 for now, up in zip(row, above)))
        above = row
    packed += packer.flush()
    colour_type = 2 if picture.depth == 3 else 6
    header = struct.pack(">IIBBBBB", picture.width, len(picture.rows), 8, colour_type, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(SIGNATURE + chunk(b"IHDR", header) + b"".join(chunk(*entry) for entry in picture.colour))
        file.write(chunk(b"IDAT", packed) + chunk(b"IEND", b""))


def join(out, tiles):
    parts = []
    for tile in tiles:
        match = re.fullmatch(r"(.+)@(\d+)-(\d+)", tile) or fail(f"{tile}: write FILE@FIRST-LAST, like left.png@1-240")
        parts.append((int(match[2]), int(match[3]), match[1]))
    parts.sort()
    rows, first_picture = [], None
    for first, last, path in parts:
        if first != len(rows) + 1:
            fail(f"{path}: starts at row {first}, but row {len(rows) + 1} is next: rows may neither be missing nor overlap")
        picture = read(path)
        first_picture = first_picture or picture
        if picture.shape() != first_picture.shape() or not first <= last <= len(picture.rows):
            fail(f"{path}: rows {first}-{last} of a {picture.shape()} picture do not fit the others' {first_picture.shape()}")
        rows += picture.rows[first - 1:last]
    if len(rows) != len(first_picture.rows):
        fail(f"rows {len(rows) + 1}-{len(first_picture.rows)} are missing")
    write(out, Picture(first_picture.width, first_picture.depth, rows, first_picture.colour))


def compare(path_a, path_b):
    a, b = read(path_a), read(path_b)
    if a.shape() != b.shape():
        print(f"sizes differ: {path_a} is {a.shape()}, {path_b} is {b.shape()} (width, height, bytes a pixel)")
        return 1
    for y, (row_a, row_b) in enumerate(zip(a.rows, b.rows)):
        if row_a != row_b:
            x = next(i for i in range(len(row_a)) if row_a[i] != row_b[i]) // a.depth
            at = slice(x * a.depth, (x + 1) * a.depth)
            print(f"pixel x={x} y={y} differs: {list(row_a[at])} in {path_a}, {list(row_b[at])} in {path_b}")
            return 1
    print(f"equal: {a.width} x {len(a.rows)} pixels")
    return 0


def main(arguments):
    if len(arguments) >= 3 and arguments[0] == "join":
        return join(arguments[1], arguments[2:])
    if len(arguments) == 3 and arguments[0] == "compare":
        return compare(*arguments[1:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
