"""Compiles one message catalogue (.po to .mo), so that running Parley does not need GNU gettext."""

import sys

import polib


def main(source: str, target: str) -> None:
    """Write the compiled catalogue of `source` to `target`."""
    polib.pofile(source).save_as_mofile(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
