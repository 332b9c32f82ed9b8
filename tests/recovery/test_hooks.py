# SPDX-License-Identifier: Apache-2.0
"""What makes the install environment find the restore: rules.ok, seeds, the wrapper."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from conftest import missing
from hand_manifests import manifest

from mkboot.bourne.lint import functions_of, lint, lint_plan
from mkboot.errors import InputError
from mkboot.media.layouts import load_layouts
from mkboot.model.packing import Packing
from mkboot.recovery.engine_commands import ENGINE_COMMANDS, needed
from mkboot.recovery.hooks import jumpstart_files, rules_ok
from mkboot.recovery.paths import CONFIG_FOLDER, ENGINE_FILES, STARTERS
from mkboot.recovery.render_plan import VERBS
from mkboot.recovery.seeds import miniroot_files, profind_wrapper, sysidcfg, template
from mkboot.rehearsal.smf import read_manifest

RELEASES = ("2.6", "7", "8", "9", "10")
SCRIPTS = (*ENGINE_FILES, "restore", "start", "S99mkboot", "restore.beg", "restore.fin", "profind")
SHELLS = [shell for shell in ("dash", "posh") if not missing(shell)]


def test_rules_ok_is_what_check_would_write() -> None:
    rule, last = rules_ok().decode().splitlines()
    assert rule == "any - restore.beg - restore.fin"
    found = re.fullmatch(r"# version=2 checksum=(\d+)", last)
    assert found
    text = f"{rule}\n".encode()
    done = subprocess.run(["sum", "-s"], input=text, capture_output=True, check=True)
    assert done.stdout.split()[0].decode() == found[1]


def test_the_recomputed_rule_of_somebody_else() -> None:
    """A published rules.ok: this text gives 2254 (facts/media-jumpstart 3.1)."""
    total = sum(b"any - -    murphy_profile  -\n")
    assert total == 2254


@pytest.mark.parametrize(
    ("release", "count"), [("2.6", 7), ("7", 7), ("8", 8), ("9", 8), ("10", 9)]
)
def test_sysidcfg_has_the_keywords_of_its_release(release: str, count: int) -> None:
    lines = sysidcfg(release).decode().splitlines()
    assert len(lines) == count
    assert all(re.fullmatch(r"[a-z0-9_]+=[A-Za-z0-9]+", line) for line in lines)
    assert ("security_policy=NONE" in lines) == (count > 7)
    assert ("nfs4_domain=dynamic" in lines) == (release == "10")
    assert sysidcfg(f"2.{release}") == sysidcfg(release) if release != "2.6" else True


def test_a_release_that_is_none() -> None:
    with pytest.raises(InputError, match="not a release"):
        sysidcfg("x")


def test_seeds_lie_where_the_layout_says() -> None:
    layout = next(x for x in load_layouts() if x.name == "sparc-2.6")
    files = miniroot_files(manifest({b"/": 1}), layout)
    assert files["/.tmp_proto/.install_boot"] == b""
    assert files["/.tmp_proto/root/etc/sysidcfg"] == sysidcfg("2.6")
    assert len(files) == 2


def test_what_lies_on_the_first_volume() -> None:
    one = jumpstart_files(manifest({b"/": 1}))
    two = jumpstart_files(manifest({b"/": 2, b"/home": 9}, strategy="root-first", room=5))
    assert set(two) - set(one) == {"/mkboot/stage2"}
    names = {*ENGINE_FILES, *STARTERS, "stage1"}
    assert {p for p in one if p.startswith("/mkboot/")} == {f"/mkboot/{n}" for n in names}
    hooks = {p.rpartition("/")[2] for p in one if p.startswith(CONFIG_FOLDER)}
    assert hooks == {"rules.ok", "restore.beg", "restore.fin"}
    assert {p: t for p, t in one.items() if p != "/mkboot/stage1"} == {
        p: t for p, t in two.items() if p not in ("/mkboot/stage1", "/mkboot/stage2")
    }


def functions() -> frozenset[str]:
    return frozenset().union(*(functions_of(template(name)) for name in SCRIPTS))


@pytest.mark.parametrize("name", SCRIPTS)
def test_nothing_in_a_script_that_a_sun_does_not_have(name: str) -> None:
    found = lint(
        template(name), name=name, releases=RELEASES, functions=functions(),
        trusted=("gzip", "svccfg"), forbid=("nis", "nfs", "floppy", "tape"),
    )  # fmt: skip
    # What echo is given was held against a pattern, or is a path that this machine made.
    assert [f for f in found if f.level == "error" or f.code not in _KNOWN] == []


_KNOWN = ("echo-variable", "subshell-assignment")


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("shell", SHELLS)
def test_shells_can_read_it(name: str, shell: str) -> None:
    done = subprocess.run([shell, "-n"], input=template(name), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def commands_of(name: str) -> set[str]:
    """The commands that a script calls, found by having the linter allow none."""
    findings = lint(
        template(name), name=name, releases=RELEASES, functions=functions(), allowed_commands=()
    )
    absent = [f.message for f in findings if f.code == "command-absent"]
    return {message.removeprefix("the miniroot has no ").rpartition("/")[2] for message in absent}


def test_every_command_that_is_called_is_on_the_list() -> None:
    called = set().union(*(commands_of(name) for name in (*ENGINE_FILES, "restore", "start")))
    listed = {name for command in ENGINE_COMMANDS for name in command.names}
    assert called - listed == {"sh"}
    #: called through a variable, or only tested for
    through = {"uncompress", "zcat"}
    assert listed - called - through == set()


def test_what_is_needed_depends_on_the_packing() -> None:
    plain = {c.word for c in needed(1, Packing.NONE)}
    assert {c.word for c in needed(1, Packing.COMPRESS)} - plain == {"uncompress zcat gzip"}
    assert {c.word for c in needed(1, Packing.GZIP)} - plain == {"gzip"}
    assert plain - {c.word for c in needed(2, Packing.NONE)} >= {"fmthard", "format", "eeprom"}


def test_stages_hold_nothing_but_calls_of_verbs() -> None:
    names = {b"/": 2, b"/a`x`": 1, b"/$HOME": 1, b"/home": 9}
    files = jumpstart_files(manifest(names, strategy="root-first", room=5))
    for stage in ("/mkboot/stage1", "/mkboot/stage2"):
        assert lint_plan(files[stage], name=stage, verbs=VERBS) == ()
    defined = functions()
    assert set(VERBS) <= defined


@pytest.mark.parametrize("shell", SHELLS)
def test_the_wrapper_of_profind(tmp_path: Path, shell: str) -> None:
    text = profind_wrapper().decode().replace("/cdrom/", f"{tmp_path}/cdrom/")
    text = text.replace("/tmp/install_config", f"{tmp_path}/config")
    text = text.replace("/usr/sbin/install.d", str(tmp_path)).replace("mount ", "false ")
    sun = tmp_path / "profind.sun"
    sun.write_text(f'#!/bin/sh\necho "sun: $@" >{tmp_path}/asked\nexit 7\n')
    sun.chmod(0o755)
    assert subprocess.run([shell, "-c", text, "x", "a b"], check=False).returncode == 7
    assert (tmp_path / "asked").read_text() == "sun: a b\n"
    (tmp_path / "cdrom/.install_config").mkdir(parents=True)
    (tmp_path / "cdrom/.install_config/rules.ok").write_text("any\n")
    assert subprocess.run([shell, "-c", text], check=False).returncode == 0
    assert (tmp_path / "config/rules.ok").read_text() == "any\n"


def test_the_service_that_starts_stage_2_on_10() -> None:
    (service,) = read_manifest(template("mkboot.xml"))
    assert service.enabled
    assert service.timeout == 0
    assert service.holds_local
    assert not any("filesystem/local" in fmri for fmri in service.waits_for)
    assert service.start == "/sbin/sh /mkboot/start"
    assert template("mkboot.xml").startswith(b"<?xml")
