"""Useful sizes of pictures: the resolution that models see, and what the API accepts (the API's vision page)."""

USEFUL_SIDE = 2576
OLDER_SIDE = 1568
THUMBNAIL_SIDE = 480
# With more pictures than this in one request, each may have this many pixels a side.
MANY_PICTURES, MANY_PICTURES_SIDE = 20, 2_000
# Tokens per side: models scale a picture down to this number of squares of 28 pixels.
_TOKENS = {USEFUL_SIDE: 4784, OLDER_SIDE: 1568}
_SQUARE = 28
_MAGIC = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"GIF87a", "GIF"), (b"GIF89a", "GIF"))


def picture_format(data: bytes) -> str:
    """Return JPEG, PNG, GIF or WEBP by the first bytes; "" for anything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((name for magic, name in _MAGIC if data.startswith(magic)), "")


def fitted_size(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the size of a picture scaled to fit `side` pixels and the tokens that models spend on it."""
    scale = min(1.0, side / max(width, height))
    maximum = _TOKENS.get(side, side * side)
    # A picture that fits `side` may still have too many squares, so it shrinks in steps of one per cent.
    while True:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        if -(-size[0] // _SQUARE) * -(-size[1] // _SQUARE) <= maximum:
            return size
        scale *= 0.99
