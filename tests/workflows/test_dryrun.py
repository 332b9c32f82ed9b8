# SPDX-License-Identifier: Apache-2.0
"""``mkboot dryrun`` on whole directories: the JSON's keys, the exit status, hostile names."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import mkboot

HOST = 'hostname = "web01"\nmemory_mb = 128\ndisks = [{ name = "c0t0d0", bytes = 4294967296 }]\n'
PROFILE = "install_type initial_install\npartitioning explicit\nfilesys rootdisk.s0 500 /\n"


def directory(folder: Path, rules: str, profile: str = PROFILE, host: str = HOST) -> list[object]:
    """The command line that tries HOST on a directory."""
    (folder / "js").mkdir()
    (folder / "js" / "rules").write_text(rules)
    (folder / "js" / "p").write_text(profile)
    (folder / "host.toml").write_text(host)
    return ["dryrun", folder / "js", "--host", folder / "host.toml"]


def test_the_keys_of_the_contract(tmp_path: Path) -> None:
    found = mkboot(*directory(tmp_path, "any - - p -\n"), "--json").document
    assert {"rule", "begin", "profile", "finish", "disks", "problems"} <= set(found)
    (disk,) = found["disks"]
    assert disk["name"] == "c0t0d0"
    for row in disk["slices"]:
        assert {"number", "start_cylinder", "cylinders", "mb", "holds"} <= set(row)


def test_what_is_not_known_is_null_with_its_bounds(tmp_path: Path) -> None:
    profile = PROFILE + "filesys rootdisk.s1 auto swap\n"
    found = mkboot(*directory(tmp_path, "any - - p -\n", profile), "--json").document
    swap = next(r for r in found["disks"][0]["slices"] if r["number"] == 1)
    # 128 MB of memory: 64 or 128 MB of swap, 64 * 2048 / 1008 = 130.03, 260.06 cylinders.
    assert (swap["start_cylinder"], swap["cylinders"], swap["mb"]) == (1016, None, None)
    assert swap["range"] == {"cylinders": [131, 261], "mb": [64, 128]}


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "sub/../../outside", "gone"])
def test_a_profile_outside_the_directory_is_not_read(tmp_path: Path, name: str) -> None:
    words = directory(tmp_path, f"any - - {name} -\n")
    (tmp_path / "js" / "sub").mkdir()
    (tmp_path / "outside").write_text(PROFILE)
    found = mkboot(*words, "--json", status=1).document
    assert found["disks"] == []
    assert any(name in problem for problem in found["problems"])


def test_a_profile_in_a_folder_of_the_directory_is_read(tmp_path: Path) -> None:
    words = directory(tmp_path, "any - - Profiles/p -\n")
    (tmp_path / "js" / "Profiles").mkdir()
    (tmp_path / "js" / "p").rename(tmp_path / "js" / "Profiles" / "p")
    found = mkboot(*words, "--json").document
    assert (found["problems"], found["profile"]) == ([], "Profiles/p")


def test_warnings_do_not_count(tmp_path: Path) -> None:
    profile = PROFILE + "metadb c0t0d0s7\n"
    words = directory(tmp_path, "any - - p -\n", profile)
    assert mkboot(*words, "--json").document["problems"] == []
    assert "Solaris 7 does not take metadb" in mkboot(*words, "--release", "7", status=1).out


def test_rules_ok_is_enough(tmp_path: Path) -> None:
    words = directory(tmp_path, "any - - p -\n")
    (tmp_path / "js" / "rules").rename(tmp_path / "js" / "rules.ok")
    assert mkboot(*words, "--json").document["profile"] == "p"


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ("no-rules", 2, "has no file rules"),
        ("host-key", 3, "unknown key 'colour'"),
        ("no-host", 2, "No such file"),
        ("release", 2, "no release of Solaris: 11.9"),
    ],
)
def test_errors(tmp_path: Path, change: str, status: int, told: str) -> None:
    words = directory(tmp_path, "any - - p -\n")
    if change == "no-rules":
        (tmp_path / "js" / "rules").unlink()
    elif change == "host-key":
        (tmp_path / "host.toml").write_text(HOST + 'colour = "red"\n')
    elif change == "no-host":
        (tmp_path / "host.toml").unlink()
    else:
        words += ["--release", "11.9"]
    assert told in mkboot(*words, status=status).err
