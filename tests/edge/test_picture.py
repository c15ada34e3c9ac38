"""From bytes to pictures: every kind of file, and never half a picture, a silent one, or one that changes later."""

from __future__ import annotations

import hashlib
import struct
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import encoded, textured

from edge.face import Picture
from edge.picture import PictureError, decode, of_pixels

NOISE = np.random.default_rng(1)
GREY = NOISE.integers(0, 256, (9, 7), dtype=np.uint8)
COLOUR = NOISE.integers(0, 256, (9, 7, 3), dtype=np.uint8)
CLEAR = NOISE.integers(0, 256, (9, 7, 4), dtype=np.uint8)
GREY16 = NOISE.integers(0, 65536, (9, 7), dtype=np.uint16)
COLOUR16 = NOISE.integers(0, 65536, (9, 7, 3), dtype=np.uint16)
CLEAR16 = NOISE.integers(0, 65536, (9, 7, 4), dtype=np.uint16)


def refusal(data: bytes) -> str:
    with pytest.raises(PictureError) as caught:
        decode(data, "door.jpg")
    assert str(caught.value).startswith("door.jpg: expected ")
    return str(caught.value).removeprefix("door.jpg: ")


def grey_with_transparency() -> bytes:
    """A PNG of colour type 4, which OpenCV doesn't write: rows of (grey, alpha), with filter byte 0."""
    import zlib

    rows = b"".join(b"\0" + np.stack([row, 255 - row], 1).tobytes() for row in GREY)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 7, 9, 8, 4, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    written = (struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


# --- what is decoded ---


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encoded(GREY), np.stack([GREY] * 3, 2)),
        (grey_with_transparency(), np.stack([GREY] * 3, 2)),
        (encoded(COLOUR), COLOUR),
        (encoded(CLEAR), CLEAR[..., :3]),
        (encoded(GREY16), np.stack([GREY16 >> 8] * 3, 2)),
        (encoded(COLOUR16), COLOUR16 >> 8),
        (encoded(CLEAR16), CLEAR16[..., :3] >> 8),
        (encoded(COLOUR, ".bmp"), COLOUR),
        (encoded(CLEAR, ".webp", cv2.IMWRITE_WEBP_QUALITY, 101), CLEAR[..., :3]),
        (encoded(GREY, ".tiff"), np.stack([GREY] * 3, 2)),
        (encoded(COLOUR, ".tiff"), COLOUR),
        (encoded(GREY16, ".tiff"), np.stack([GREY16 >> 8] * 3, 2)),
        (encoded(COLOUR[:1, :1]), COLOUR[:1, :1]),
    ],
    ids=[
        *("grey PNG", "grey and alpha PNG", "colour PNG", "BGRA PNG", "16-bit grey PNG", "16-bit colour PNG"),
        *("16-bit BGRA PNG", "BMP", "lossless WebP", "grey TIFF", "colour TIFF", "16-bit grey TIFF"),
        "one pixel",
    ],
)
def test_every_lossless_kind_gives_its_very_pixels(data, expected):
    picture = decode(data, "x")
    np.testing.assert_array_equal(picture.pixels, expected)
    assert (picture.pixels.dtype, picture.width, picture.height) == (np.uint8, expected.shape[1], expected.shape[0])


def test_a_16_bit_colour_tiff_gives_the_upper_bits_within_a_level():
    assert np.abs(decode(encoded(COLOUR16, ".tiff"), "x").pixels.astype(int) - (COLOUR16 >> 8)).max() <= 1


@pytest.mark.parametrize("flags", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)])
@pytest.mark.parametrize("pixels", [textured(), cv2.cvtColor(textured(), cv2.COLOR_BGR2GRAY)], ids=["colour", "grey"])
def test_jpegs_come_close(pixels, flags):
    found = decode(encoded(pixels, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 98, *flags), "x").pixels
    expected = pixels if pixels.ndim == 3 else np.stack([pixels] * 3, 2)
    assert np.abs(found.astype(int) - expected).mean() < 2


def test_a_picture_is_named_and_digested_by_its_file():
    data = encoded(COLOUR)
    picture = decode(data, "Ada/1.png")
    assert (picture.name, picture.digest) == ("Ada/1.png", hashlib.sha256(data).digest())


def test_pictures_are_read_only():
    for picture in (decode(encoded(COLOUR), "x"), of_pixels(COLOUR.copy(), "x"), of_pixels(GREY.copy(), "x")):
        with pytest.raises(ValueError, match="read-only"):
            picture.pixels[0, 0] = 0


# --- EXIF ---


def with_header(jpeg: bytes, payload: bytes) -> bytes:
    """The JPEG with an EXIF segment of that payload right after its start."""
    segment = b"Exif\0\0" + payload
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


def orientation(value: int) -> bytes:
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, value, 0, 0)


@pytest.mark.parametrize(
    ("value", "upright"),
    [
        (0, lambda p: p),  # not a value there is: left as it is
        (1, lambda p: p),
        (2, lambda p: p[:, ::-1]),
        (3, lambda p: p[::-1, ::-1]),
        (4, lambda p: p[::-1]),
        (5, lambda p: p.transpose(1, 0, 2)),
        (6, lambda p: np.rot90(p, -1)),
        (7, lambda p: p[::-1, ::-1].transpose(1, 0, 2)),
        (8, np.rot90),
        (9, lambda p: p),
    ],
)
def test_a_picture_is_turned_upright(value, upright):
    jpeg = encoded(textured(), ".jpg")
    plain = decode(jpeg, "x").pixels
    np.testing.assert_array_equal(decode(with_header(jpeg, orientation(value)), "x").pixels, upright(plain))


# --- what isn't a whole picture ---

JPEG = encoded(textured(), ".jpg")
PNG = encoded(textured())
THUMBNAIL = encoded(textured(32, 24), ".jpg")
WITH_THUMBNAIL = with_header(JPEG, orientation(1) + THUMBNAIL)


def test_no_bytes_are_said():
    assert refusal(b"") == "expected a picture, found an empty file. Copy it again."


def test_bytes_of_something_else_are_shown():
    assert refusal(b"Dear school,\nhere it is") == (
        "expected a picture, found 23 bytes that begin with b'Dear sch'. Is it one, and whole?"
    )


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_cut_off_is_refused(kind, share):
    data = {"JPEG": JPEG, "PNG": PNG}[kind]
    kept = max(9, int(len(data) * share))
    assert (
        refusal(data[:kept])
        == f"expected a whole {kind}, found one that is cut off or damaged ({kept} bytes). Copy it again."
    )


@pytest.mark.parametrize("fewer", [1, 2, 3])
def test_a_jpeg_without_the_last_bytes_is_refused(fewer):
    assert "cut off" in refusal(JPEG[:-fewer])


@pytest.mark.parametrize("flags", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)])
@pytest.mark.parametrize("kept", range(2, len(THUMBNAIL) + 1600, 150))
def test_a_thumbnail_s_end_is_not_the_picture_s(kept, flags):
    whole = with_header(encoded(textured(), ".jpg", *flags), orientation(1) + THUMBNAIL)
    decode(whole, "x")
    assert "cut off" in refusal(whole[:kept])


@pytest.mark.parametrize("data", [JPEG, WITH_THUMBNAIL, PNG], ids=["JPEG", "JPEG with a thumbnail", "PNG"])
def test_a_copy_that_broke_off_and_was_filled_with_zeros_is_refused(data):
    half = len(data) * 2 // 3
    assert "cut off" in refusal(data[:half] + bytes(len(data) - half))


@pytest.mark.parametrize("more", [1, 100, 4096, 70_000])
@pytest.mark.parametrize("data", [JPEG, WITH_THUMBNAIL, PNG], ids=["JPEG", "JPEG with a thumbnail", "PNG"])
def test_bytes_behind_the_picture_do_not_matter(data, more):
    np.testing.assert_array_equal(decode(data + b"\x5a" * more, "x").pixels, decode(data, "x").pixels)


def test_filling_between_a_jpeg_s_segments_does_not_matter():
    filled = JPEG[:2] + b"\xff" * 3 + JPEG[2:]
    np.testing.assert_array_equal(decode(filled, "x").pixels, decode(JPEG, "x").pixels)


@pytest.mark.parametrize(
    "start", [b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1", b"\xff\xd8\xff\xd9", b"\xff\xd8\0"]
)
def test_a_start_alone_is_refused(start):
    assert "cut off" in refusal(start)


@pytest.mark.parametrize("kind", [".webp", ".tiff", ".bmp"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_other_kinds_cut_off_are_refused_too(kind, share):
    data = encoded(textured(), kind)
    assert "Is it one, and whole?" in refusal(data[: int(len(data) * share)])


def test_a_picture_too_large_to_hold_is_refused():
    height = JPEG.index(b"\xff\xc0") + 5
    assert refusal(JPEG[:height] + b"\xff\xff\xff\xff" + JPEG[height + 4 :])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF", b"II*\0", b"BM"]))
def test_random_bytes_are_a_picture_or_refused(data, start):
    whole_or_refused(start + data)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([WITH_THUMBNAIL, PNG]), st.lists(st.tuples(st.integers(0, 2**20), st.binary(max_size=4))))
def test_damaged_pictures_are_a_picture_or_refused(data, changes):
    damaged = bytearray(data)
    for place, content in changes:
        damaged[place % len(damaged) : place % len(damaged) + 2] = content
    whole_or_refused(bytes(damaged))


def whole_or_refused(data: bytes) -> None:
    try:
        picture = decode(data, "door.jpg")
    except PictureError as error:
        picture, message = None, str(error)
    if picture is None:
        assert message.startswith("door.jpg: expected ")
    else:
        assert picture.pixels.shape == (picture.height, picture.width, 3)
        assert picture.digest == hashlib.sha256(data).digest()


# --- arrays ---


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (GREY, np.stack([GREY] * 3, 2)),
        (GREY[..., None], np.stack([GREY] * 3, 2)),
        (COLOUR, COLOUR),
        (CLEAR, CLEAR[..., :3]),
        (GREY16, np.stack([GREY16 >> 8] * 3, 2)),
        (COLOUR16, COLOUR16 >> 8),
        (CLEAR16, CLEAR16[..., :3] >> 8),
        (COLOUR[::-1, ::2], COLOUR[::-1, ::2]),
        (np.asfortranarray(COLOUR), COLOUR),
    ],
    ids=["grey", "grey × 1", "BGR", "BGRA", "grey 16", "BGR 16", "BGRA 16", "turned, every other", "by columns"],
)
def test_every_kind_of_array_is_a_picture(pixels, expected):
    picture = of_pixels(pixels, "x")
    np.testing.assert_array_equal(picture.pixels, expected)
    assert picture.pixels.flags.c_contiguous


@pytest.mark.parametrize(
    ("shape", "dtype", "found"),
    [
        ((0, 5, 3), np.uint8, "the shape (0, 5, 3)"),
        ((5, 0), np.uint8, "the shape (5, 0)"),
        ((0,), np.uint8, "the shape (0,)"),
        ((5,), np.uint8, "the shape (5,)"),
        ((), np.uint8, "the shape ()"),
        ((5, 5, 2), np.uint8, "the shape (5, 5, 2)"),
        ((5, 5, 5), np.uint8, "the shape (5, 5, 5)"),
        ((1, 5, 5, 3), np.uint8, "the shape (1, 5, 5, 3)"),
        ((5, 5, 3), np.float32, "float32"),
        ((5, 5), np.float64, "float64"),
        ((5, 5, 3), np.int16, "int16"),
        ((5, 5), np.bool_, "bool"),
    ],
)
def test_any_other_array_is_refused(shape, dtype, found):
    with pytest.raises(PictureError) as caught:
        of_pixels(np.zeros(shape, dtype), "frame 7")
    assert str(caught.value).startswith("frame 7: expected ")
    assert str(caught.value).endswith(f"found {found}.")


def test_a_picture_of_an_array_has_the_digest_of_its_pixels_unless_told():
    assert of_pixels(COLOUR, "x").digest == hashlib.sha256(COLOUR.tobytes()).digest()
    assert of_pixels(COLOUR, "x", b"mine").digest == b"mine"


def test_an_array_changed_afterwards_does_not_change_the_picture():
    pixels = COLOUR.copy()
    picture = of_pixels(pixels, "x")
    pixels[:] = 0
    np.testing.assert_array_equal(picture.pixels, COLOUR)


def test_a_picture_does_not_show_its_pixels_when_printed():
    assert repr(Picture(COLOUR, "x", b"secret")) == "Picture(name='x')"


BOMB = """
import struct, zlib
from edge.picture import PictureError, decode

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"")), chunk(b"IEND", b"")
try:
    decode(b"\\x89PNG\\r\\n\\x1a\\n" + b"".join(parts), "bomb.png")
except PictureError as error:
    print(error)
"""


def test_a_header_that_announces_a_billion_pixels_is_refused_before_they_are_set_aside():
    # A process of its own: OpenCV reads the limit once, when it is first imported, which these tests did already.
    done = subprocess.run([sys.executable, "-c", BOMB], capture_output=True, text=True, timeout=60, check=True)
    assert "bomb.png: expected a picture, found one that can't be decoded" in done.stdout
    assert "MAX_IMAGE_PIXELS" in done.stdout
