"""Writes the tables of docs/platforms.md from chat/models/catalogue/platforms.py; a test holds them up to date.

Usage: python -m scripts.platform_tables
"""

import os
from collections.abc import Iterable
from pathlib import Path

import django
from django.utils import translation

FILE = Path(__file__).resolve().parent.parent / "docs" / "platforms.md"


def tables() -> dict[str, str]:
    """Return the Markdown of each table by its name in the file."""
    from chat.models import ProviderConnection  # noqa: PLC0415 - needs Django's settings first
    from chat.models.catalogue.platforms import MB, PLATFORMS, Gap  # noqa: PLC0415

    with translation.override("en"):
        labels = {kind: str(label) for kind, label in ProviderConnection.Kind.choices}
        settings = [
            (
                labels[kind],
                f"`{platform.sdk_class}`",
                ", ".join(f"{s.label}{'' if s.required else ' (optional)'}" for s in platform.settings)
                or "–",
                ", ".join(entrance.replace("_", " ") for entrance in platform.entrances),
                "yes" if platform.ambient else "–",
                f"`{platform.address}`" if platform.address else "a base URL",
            )
            for kind, platform in PLATFORMS.items()
        ]
        shown = [kind for kind in PLATFORMS if kind not in ("anthropic", "compatible", "simulator", "local")]
        gaps = [
            (str(gap.label), *("no" if PLATFORMS[kind].lacks(gap) else "" for kind in shown)) for gap in Gap
        ]
        limits = [
            (labels[kind], f"{platform.request_bytes // MB} MB", f"{platform.picture_bytes // MB} MB")
            for kind, platform in PLATFORMS.items()
        ]
    return {
        "settings": _table(
            ("kind", "client", "settings", "credential", "this machine's identity", "address"), settings
        ),
        "gaps": _table(("", *(labels[kind] for kind in shown)), gaps),
        "limits": _table(("kind", "request", "one picture, as base64"), limits),
    }


def with_tables(text: str) -> str:
    """Return the document with the current tables between its marks."""
    for name, table in tables().items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    return text


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    FILE.write_text(with_tables(FILE.read_text(encoding="utf-8")), encoding="utf-8")
