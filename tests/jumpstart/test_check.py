# SPDX-License-Identifier: Apache-2.0
"""``mkboot check`` from end to end: what it says, what it writes, how it ends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command import mkboot

from mkboot.errors import CallerError
from mkboot.jumpstart import check_directory, release_named
from mkboot.jumpstart.tables import name_releases

PROFILE = "install_type initial_install\ncluster SUNWCall\n"
RULE = "any - -    murphy_profile  -\n"
OK = b"any - -    murphy_profile  -\n# version=2 checksum=2254\n"


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    site.mkdir()
    (site / "rules").write_text(f"# comment\n\n   {RULE}")
    (site / "murphy_profile").write_text(PROFILE)
    return site


def test_rules_ok_is_written_and_verified(site: Path) -> None:
    lines = mkboot("check", site).lines
    assert lines == ["fine: 2 files, 0 errors, 0 warnings", f"wrote {site / 'rules.ok'}"]
    assert (site / "rules.ok").read_bytes() == OK
    again = mkboot("check", site).lines
    assert again == ["fine: 3 files, 0 errors, 0 warnings"]


def test_a_stale_one_is_made_anew(site: Path) -> None:
    mkboot("check", site)
    (site / "rules").write_text("arch sparc - murphy_profile - # now\n")
    lines = mkboot("check", site).lines
    assert lines[0] == f"{site}/rules.ok:1: warning: stale: rules says something else now"
    assert (site / "rules.ok").read_bytes().startswith(b"arch sparc - murphy_profile - \n# version")


def test_one_that_was_changed_stays_unless_forced(site: Path) -> None:
    wrong = OK.replace(b"2254", b"2255")
    (site / "rules.ok").write_bytes(wrong)
    lines = mkboot("check", site, status=1).lines
    assert lines[0].startswith(f"{site}/rules.ok:2: checksum=2255 is not that of the text")
    assert (site / "rules.ok").read_bytes() == wrong
    mkboot("check", "--force", site)
    assert (site / "rules.ok").read_bytes() == OK


def test_nothing_is_written_when_something_is_wrong(site: Path) -> None:
    (site / "murphy_profile").write_text("install_type initial_install\nclustr SUNWCall\n")
    lines = mkboot("check", site, status=1).lines
    wanted = "murphy_profile:2: 'clustr' is no profile keyword; expected cluster"
    assert lines == [f"{site}/{wanted}", "wrong: 2 files, 1 errors, 0 warnings"]
    assert not (site / "rules.ok").exists()


def test_other_rules_and_release(site: Path) -> None:
    (site / "rules.test").write_text("any - - zfs -\n")
    (site / "zfs").write_text(f"{PROFILE}pool rpool auto auto auto any\n")
    told = mkboot("check", site, "-r", "rules.test").lines
    assert told[0].endswith("zfs:3: warning: only Solaris 10 (10/08 and later) takes pool")
    assert mkboot("check", site, "-r", "rules.test", "--release", "10").lines[0].startswith("fine")
    (site / "rules.ok").unlink()
    refused = mkboot("check", site, "-r", "rules.test", "--release", "Solaris_9", status=1).lines
    assert "zfs:3: Solaris 9 does not take pool" in refused[0]
    assert not (site / "rules.ok").exists()


def test_custom_probes_ok(site: Path) -> None:
    (site / "custom_probes").write_text("# ours\n\nprobe_x()\n{\n  # why\n  SI_X=1\n}\n")
    mkboot("check", site)
    kept = b"probe_x()\n{\n  SI_X=1\n}\n"
    text = (site / "custom_probes.ok").read_bytes()
    assert text == kept + f"# version=2 checksum={sum(kept) % 65535}\n".encode()
    assert len(mkboot("check", site).lines) == 1


def test_json(site: Path) -> None:
    (site / "sysidcfg").write_text("timezone=5\n")
    document = mkboot("check", "--json", site, status=1).document
    assert document == {
        "verdict": "wrong",
        "checked": ["rules", "murphy_profile", "sysidcfg"],
        "written": [],
        "problems": [
            {
                "file": "sysidcfg",
                "line": 1,
                "severity": "error",
                "message": "timezone: '5' does not fit",
                "expected": "a time zone such as US/Eastern or GMT+1",
            }
        ],
    }


def test_what_is_not_there(site: Path, tmp_path: Path) -> None:
    assert "is no directory" in mkboot("check", tmp_path / "gone", status=3).err
    assert "is no directory" in mkboot("check", site / "rules", status=3).err
    assert "rules.x is not there" in mkboot("check", site, "-r", "rules.x", status=3).err
    assert "one of 2.5.1" in mkboot("check", site, "--release", "11", status=2).err


def test_files_that_cannot_be_read(site: Path) -> None:
    (site / "murphy_profile").unlink()
    os.mkfifo(site / "murphy_profile")
    assert "is no regular file" in mkboot("check", site, status=1).lines[0]
    (site / "murphy_profile").unlink()
    (site / "murphy_profile").write_bytes(b"#" * (1 << 20) + b"\n")
    assert "has 1048577 bytes" in mkboot("check", site, status=1).lines[0]
    (site / "rules").write_bytes(b"any - - a\0b -\n")
    report = check_directory(site)
    assert not report.fine


def test_names_that_are_not_utf_8(site: Path) -> None:
    (site / "rules").write_bytes(b"any - - k\xf6ln -\n")
    lines = mkboot("check", site, status=1).lines
    assert lines[0].endswith("the character \\xf6 is not ASCII; expected ASCII outside of comments")
    (site / os.fsdecode(b"odd\xff")).mkdir()
    (site / os.fsdecode(b"odd\xff/sysidcfg")).write_text("timezone=5\n")
    assert any("\\xff/sysidcfg:1:" in line for line in mkboot("check", site, status=1).lines)


@pytest.mark.parametrize(
    ("name", "release"),
    [("2.6", "2.6"), ("Solaris_8", "8"), ("SunOS 5.9", "9"), ("10 10/08", "10"), ("10u6", "10"),
     ("2.7", "7"), ("5.5.1", "2.5.1"), ("solaris 2.5.1", "2.5.1"), ("5.10", "10")],
)  # fmt: skip
def test_names_of_releases(name: str, release: str) -> None:
    assert release_named(name) == release


@pytest.mark.parametrize("name", ["", "11", "2.5", "2.4", "sparc", "1.0", "-8"])
def test_no_releases(name: str) -> None:
    with pytest.raises(CallerError):
        release_named(name)


def test_releases_in_words() -> None:
    assert name_releases(["10", "8", "9"], "4/01") == "Solaris 8 (4/01 and later), 9 and 10"
    assert name_releases(["10"]) == "Solaris 10"


def test_links_are_told_of(site: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text(PROFILE)
    (site / "murphy_profile").unlink()
    (site / "murphy_profile").symlink_to("../outside")
    assert "is a link out of the directory" in mkboot("check", site).lines[0]
    (site / "murphy_profile").unlink()
    (site / "murphy_profile").symlink_to("murphy_profile")
    assert "Too many levels" in mkboot("check", site, status=1).lines[0]


def test_a_sysidcfg_that_is_no_file_and_those_below(site: Path) -> None:
    os.mkfifo(site / "sysidcfg")
    (site / "clients" / "venus").mkdir(parents=True)
    (site / "clients" / "venus" / "sysidcfg").write_text("timezone=5\n")
    (site / "round").symlink_to(".")
    told = mkboot("check", site, status=1).lines
    assert told[0].endswith("sysidcfg:1: the file is no regular file but a pipe; expected a file")
    assert any("clients/venus/sysidcfg:1: timezone" in line for line in told)
