"""The data folder is for one account; what can't be one is told in words."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.data_folder import make_private, open_data_folder, write_privately
from tests.support.environment import ROOT, child


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_closed_to_others(tmp_path: Path) -> None:
    open_data_folder(tmp_path / "a" / "b")
    assert mode(tmp_path / "a" / "b") == 0o700


def test_a_file_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    with pytest.raises(ImproperlyConfigured, match=r"DATA_DIR: .*/var is a file; it must be a folder"):
        open_data_folder(tmp_path / "var")
    with pytest.raises(ImproperlyConfigured, match=r"DATA_DIR: .* can't be created: Not a directory"):
        open_data_folder(tmp_path / "var" / "deeper")


def test_a_dangling_link_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").symlink_to(tmp_path / "nowhere" / "at-all")
    with pytest.raises(ImproperlyConfigured, match="DATA_DIR"):
        open_data_folder(tmp_path / "var")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_of_others_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ImproperlyConfigured, match="can't be written to by this account"):
        open_data_folder(tmp_path)


def test_old_data_is_closed_to_others(tmp_path: Path) -> None:
    deep = tmp_path / "media" / "ab" / "cd"
    deep.mkdir(parents=True)
    files = [tmp_path / "parley.sqlite3", deep / "file", tmp_path / "media" / "file"]
    for file in files:
        file.write_text("")
        file.chmod(0o644)
    for folder in (tmp_path, tmp_path / "media", tmp_path / "media" / "ab", deep):
        folder.chmod(0o755)
    (tmp_path / "link").symlink_to("/etc/hostname")
    before = mode(Path("/etc/hostname"))
    assert make_private(tmp_path) == []
    assert {mode(file) for file in files} == {0o600}
    assert {mode(folder) for folder in (tmp_path, tmp_path / "media", deep)} == {0o700}
    assert mode(Path("/etc/hostname")) == before


def test_a_closed_subfolder_is_not_walked_again(tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir(mode=0o700)
    (media / "file").write_text("")
    (media / "file").chmod(0o644)
    make_private(tmp_path)
    assert mode(media / "file") == 0o644  # behind a closed door


def test_what_belongs_to_others_is_returned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    tmp_path.chmod(0o755)

    def refuse(self: Path, mode: int) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refuse)
    assert make_private(tmp_path)[0] == tmp_path


def test_a_prepared_folder_holds_nothing_for_others(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    (data / "parley.sqlite3").touch(0o644)
    subprocess.run(
        [sys.executable, "manage.py", "prepare"],
        cwd=ROOT,
        env=child(data),
        check=True,
        capture_output=True,
        timeout=300,
        umask=0o022,
    )
    open_still = [path for path in [data, *data.rglob("*")] if mode(path) & 0o077]
    assert open_still == []


def test_new_files_are_private() -> None:
    before = os.umask(0o022)
    try:
        write_privately()
        assert os.umask(0o022) == 0o077
    finally:
        os.umask(before)
