# SPDX-License-Identifier: Apache-2.0
"""Files are complete when they have their name."""

import errno
import os
import stat
from pathlib import Path

import pytest

from mkboot.errors import CallerError
from mkboot.output import complete_file, complete_files, locked_folder, remnants_of


def test_the_name_appears_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with complete_file(path) as partial:
        partial.write_bytes(b"x")
        assert not path.exists()
    assert path.read_bytes() == b"x"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_nothing_is_left_of_what_failed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no"), complete_file(tmp_path / "a") as partial:
        partial.write_bytes(b"x")
        raise ValueError("no")
    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_kept_without_force(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(CallerError, match="exists"), complete_file(path):
        pass
    assert path.read_bytes() == b"old"
    with complete_file(path, force=True) as partial:
        partial.write_bytes(b"new")
    assert path.read_bytes() == b"new"


def test_the_remains_of_a_killed_run_are_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "a.partial").write_bytes(b"half of something longer")
    with complete_file(tmp_path / "a") as partial:
        assert partial.read_bytes() == b""
        partial.write_bytes(b"x")
    assert (tmp_path / "a").read_bytes() == b"x"


def test_a_second_writer_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with complete_file(path) as partial:
        partial.write_bytes(b"first")
        with pytest.raises(CallerError, match="another run"), complete_file(path):
            pass
        assert partial.read_bytes() == b"first"
    assert path.read_bytes() == b"first"


def test_a_folder_is_worked_in_alone(tmp_path: Path) -> None:
    with locked_folder(tmp_path), pytest.raises(CallerError), locked_folder(tmp_path):
        pass
    with locked_folder(tmp_path):
        pass


def test_files_that_belong_together_appear_together(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    (tmp_path / "b").write_bytes(b"old")
    with complete_files(paths, force=True) as partials:
        for partial in partials:
            partial.write_bytes(b"new")
        assert not paths[0].exists()
        assert paths[1].read_bytes() == b"old"
    assert [p.read_bytes() for p in paths] == [b"new", b"new"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_none_of_the_files_appears_when_one_fails(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    with pytest.raises(ValueError, match="no"), complete_files(paths) as partials:
        partials[0].write_bytes(b"x")
        raise ValueError("no")
    assert list(tmp_path.iterdir()) == []


def test_a_kill_between_two_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first file has its name and the second has not: the next run begins anew."""
    paths = [tmp_path / "a", tmp_path / "b"]
    (tmp_path / "a").write_bytes(b"whole")
    (tmp_path / "a.partial").hardlink_to(tmp_path / "a")
    (tmp_path / "b.partial").write_bytes(b"whole")
    (tmp_path / "b.partial.name").hardlink_to(tmp_path / "b.partial")
    assert remnants_of(paths) == {paths[0]}
    with complete_files(paths) as partials:
        assert not paths[0].exists()
        for partial in partials:
            assert partial.read_bytes() == b""
            partial.write_bytes(b"again")
    assert [p.read_bytes() for p in paths] == [b"again", b"again"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_a_kill_after_all_names(tmp_path: Path) -> None:
    """The files are complete, and only one partial name was taken away: they are kept."""
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_bytes(b"whole")
    (tmp_path / "a.partial").hardlink_to(paths[0])
    with pytest.raises(CallerError, match="exists"), complete_files(paths):
        pass
    assert [p.read_bytes() for p in paths] == [b"whole", b"whole"]
    with complete_file(paths[0], force=True) as partial:
        assert paths[0].read_bytes() == b"whole"
        partial.write_bytes(b"new")
    assert paths[0].read_bytes() == b"new"


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with complete_files([tmp_path / "a", tmp_path / "b"]) as partials:
        for partial in partials:
            partial.write_bytes(b"x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_a_file_with_both_names_is_not_emptied(tmp_path: Path) -> None:
    """``--force`` writes beside what it replaces, whatever a killed run left."""
    path = tmp_path / "a"
    path.write_bytes(b"whole")
    (tmp_path / "a.partial").hardlink_to(path)
    with pytest.raises(ValueError, match="no"), complete_file(path, force=True):
        raise ValueError("no")
    assert path.read_bytes() == b"whole"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_what_is_no_regular_file_is_never_replaced(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, tmp_path):
        with pytest.raises(CallerError, match="no regular file"), complete_file(path, force=True):
            pass
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    with complete_file(tmp_path / "link", force=True) as partial:
        partial.write_bytes(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
