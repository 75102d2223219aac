"""The data folder: created at the first start, and open to this account only.

It holds messages, files, password hashes and sessions, so no other account of the machine may read it.
"""

import os
import stat
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

FOLDER_MODE, FILE_MODE, UMASK = 0o700, 0o600, 0o077


def open_data_folder(path: Path) -> None:
    """Create the folder if it is missing, and close it to other accounts.

    Raises:
        ImproperlyConfigured: it can't be created or written to.
    """
    try:
        path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except FileExistsError:
        raise ImproperlyConfigured(f"DATA_DIR: {path} is a file; it must be a folder.") from None
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR: {path} can't be created: {error.strerror}.") from None
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"DATA_DIR: {path} can't be written to by this account.")


def write_privately() -> None:
    """Let this process create files and folders that only its own account can read."""
    os.umask(UMASK)


def make_private(folder: Path) -> list[Path]:
    """Close a folder and what is in it to other accounts; return what belongs to another account and stays open.

    Subfolders are entered only as long as they are open themselves, so a folder of many files is walked once.
    """
    open_still = [folder] if not _close(folder, FOLDER_MODE) else []
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink():
            continue
        if not entry.is_dir():
            open_still += [] if _close(entry, FILE_MODE) else [entry]
        elif entry.stat().st_mode & UMASK:
            open_still += make_private(entry)
    return open_still


def _close(path: Path, mode: int) -> bool:
    """Take all rights from other accounts; return whether none is left to them."""
    try:
        present = stat.S_IMODE(path.stat().st_mode)
        if present & UMASK:
            path.chmod(present & mode)
    except FileNotFoundError:  # a temporary file that is gone meanwhile
        return True
    except PermissionError:
        return False
    return True
