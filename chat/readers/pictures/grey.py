"""Pictures with 16 bits per pixel, as scanners, microscopes and plots save them: scaled to 8 bits instead of clipped,
and transparent colours in the depth of the decoded picture.
"""

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from PIL.Image import Image

_LEVELS = 65_536
_ROWS = 256
# PNG's colour types of pictures that can name one transparent colour.
_GREY, _COLOURS = 0, 2


def is_deep(image: "Image") -> bool:
    """Return whether a picture has one channel of more than 8 bits."""
    return image.mode.startswith("I")


def in_eight_bits(image: "Image") -> "Image":
    """Return a deep picture in L, or in LA if one of its levels is transparent.

    Cameras store 10, 12 or 14 bits in the lower bits of 16. So the full range is that of the highest level, rounded
    up to whole bits. Rows are converted in groups, because they need four bytes per pixel meanwhile.
    """
    from PIL import Image

    _lowest, highest = cast("tuple[int, int]", image.getextrema())
    top = 2 ** max(8, highest.bit_length()) - 1
    tables = [[min(255, round(255 * level / top)) for level in range(_LEVELS)]]
    transparent = image.info.pop("transparency", None)
    if isinstance(transparent, int):
        tables.append([0 if level == transparent else 255 for level in range(_LEVELS)])
    channels = [Image.new("L", image.size) for _table in tables]
    for row in range(0, image.height, _ROWS):
        part = image.crop((0, row, image.width, min(row + _ROWS, image.height))).convert("I")
        for table, channel in zip(tables, channels, strict=True):
            channel.paste(part.point(table, "L"), (0, row))
    made = channels[0] if len(channels) == 1 else Image.merge("LA", channels)
    made.info = dict(image.info)  # it says how a picture is turned
    return made


def scale_transparent_colour(image: "Image", data: bytes) -> None:
    """Set the transparent colour of a PNG to its value in 8 bits; the file states it in its own depth."""
    colour = image.info.get("transparency")
    if not data.startswith(b"\x89PNG") or colour is None or data[25] not in (_GREY, _COLOURS):
        return
    depth = data[24]
    top = 2**depth - 1
    if depth == 8 or is_deep(image) or image.mode == "1":
        return
    scaled = [round(value * 255 / top) for value in (colour if isinstance(colour, tuple) else (colour,))]
    image.info["transparency"] = tuple(scaled) if isinstance(colour, tuple) else scaled[0]
