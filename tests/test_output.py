# SPDX-License-Identifier: Apache-2.0
"""Files are complete when they have their name."""

from pathlib import Path

import pytest

from mkboot.errors import CallerError
from mkboot.output import complete_file, locked_folder


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
