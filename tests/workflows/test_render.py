# SPDX-License-Identifier: Apache-2.0
"""``mkboot render``: 50 hosts each found by its own rule; a capture laid out again exactly."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from command import mkboot
from conftest import needs

from fixtures.base_media import make_base
from fixtures.host import HostFacts, make_host

HOSTS = 50
HEAD = """\
[sysidcfg]
timezone = "MET"
system_locale = "C"
terminal = "vt100"
timeserver = "localhost"
root_password = "boajrOmU7GFmY"
security_policy = "NONE"
name_service = "NONE"

[profile.small]
install_type = "initial_install"
partitioning = "explicit"
cluster = "SUNWCreq"
filesys = ["rootdisk.s0 400 /", "rootdisk.s1 free swap"]

[profile.large]
install_type = "initial_install"
partitioning = "explicit"
usedisk = ["c0t0d0", "c0t1d0"]
filesys = ["c0t0d0s0 1000 /", "c0t0d0s1 512 swap", "c0t1d0s7 all /export/home logging"]
"""


def site_of(count: int) -> str:
    """Hosts that are found by name, by address, by what they are, in turn."""
    rules = (
        "", "hostaddress 10.0.0.{n}", "karch sun4m && memsize {n}-{n}",
        "!karch sun4u && network 10.{n}.0.0", "hostname h{n} && !arch i386",
    )  # fmt: skip
    parts = [HEAD]
    for n in range(1, count + 1):
        rule = rules[n % len(rules)].format(n=n)
        parts.append(
            f'\n[[host]]\nname = "h{n}"\nprofile = "{("small", "large")[n % 2]}"\n'
            + (f'rule = "{rule}"\n' if rule else "")
            + f'address = "10.0.0.{n}"\nnetmask = "255.255.255.0"\n'
        )
    return "".join(parts)


def host_of(n: int) -> str:
    """A HOST file that only the n-th host's rule fits."""
    kind = n % 5
    karch = "sun4m" if kind in (2, 3) else "sun4u"
    memory = n if kind == 2 else 1000
    address, mask = {1: (f"10.0.0.{n}", "255.255.255.0"), 3: (f"10.{n}.0.7", "255.255.0.0")}.get(
        kind, ("172.16.0.1", "255.255.0.0")
    )
    name = f"h{n}" if kind in (0, 4) else "nobody"
    return (
        f'hostname = "{name}"\nkarch = "{karch}"\nmemory_mb = {memory}\n'
        f'addresses = [{{ interface = "hme0", address = "{address}", netmask = "{mask}" }}]\n'
        'disks = [{ name = "c0t0d0", bytes = 4294967296 }, '
        '{ name = "c0t1d0", bytes = 4294967296 }]\n'
    )


def test_50_hosts_are_each_found_by_their_own_rule(tmp_path: Path) -> None:
    (tmp_path / "SITE.toml").write_text(site_of(HOSTS))
    out = tmp_path / "js"
    mkboot("render", tmp_path / "SITE.toml", out)
    assert len(list(out.glob("*/sysidcfg"))) == HOSTS
    lines = set()
    for n in range(1, HOSTS + 1):
        (tmp_path / "host.toml").write_text(host_of(n))
        found = mkboot("dryrun", out, "--host", tmp_path / "host.toml", "--json").document
        assert found["problems"] == []
        assert len(found["before"]) == n - 1
        assert found["profile"] == f"{('small', 'large')[n % 2]}.profile"
        lines.add(found["line"])
    assert len(lines) == HOSTS
    (tmp_path / "host.toml").write_text(host_of(HOSTS + 5))
    none = mkboot("dryrun", out, "--host", tmp_path / "host.toml", "--json", status=1).document
    assert (none["rule"], len(none["before"])) == (None, HOSTS)


def sum_of(text: bytes) -> int:
    """``sum -s``: all bytes added up, the upper halves added to the lower."""
    total = sum(text)
    total = (total & 0xFFFF) + (total >> 16)
    return (total & 0xFFFF) + (total >> 16)


def test_what_comes_out_passes_check_and_has_its_rules_ok(tmp_path: Path) -> None:
    (tmp_path / "SITE.toml").write_text(site_of(3))
    mkboot("render", tmp_path / "SITE.toml", tmp_path / "js")
    text = (tmp_path / "js" / "rules.ok").read_bytes()
    rules, _, last = text.rpartition(b"# version=2 checksum=")
    assert int(last) == sum_of(rules)
    mkboot("check", tmp_path / "js")
    assert (tmp_path / "js" / "rules.ok").read_bytes() == text


WRONG = {
    "profile": (
        '"rootdisk.s0 400 /"', '"rootdisk.s0 4oo /"', "small.profile:5: ",
    ),
    "sysidcfg": ('system_locale = "C"', 'system_locale = "?"', "sysidcfg:"),
    "script": (
        "[profile.small]", '[begin.x]\ncommands = ["a=$(date)"]\n[profile.small]', "x.beg:",
    ),
    "rule": ("address = ", 'rule = "hostnam h1"\naddress = ', "rules:"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_what_does_not_pass_is_not_written(tmp_path: Path, kind: str) -> None:
    old, new, told = WRONG[kind]
    text = site_of(1).replace('rule = "hostaddress 10.0.0.1"\n', "")
    text = text.replace('profile = "large"', 'profile = "small"\nbegin = "x"')
    text = text.replace(old, new)
    text = text if kind == "script" else text.replace('begin = "x"\n', "")
    (tmp_path / "SITE.toml").write_text(text)
    done = mkboot("render", tmp_path / "SITE.toml", tmp_path / "js", status=3)
    assert any(line.startswith(told) for line in done.lines), done
    assert done.err.startswith("mkboot: what comes out does not pass the check: ")
    assert [p.name for p in tmp_path.iterdir()] == ["SITE.toml"]


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    site, out = tmp_path / "SITE.toml", tmp_path / "js"
    site.write_text(site_of(2))
    out.mkdir()  # an empty directory is as good as none
    mkboot("render", site, out)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    (out / "mine").write_text("mine")
    site.write_text(site_of(3))
    assert "is not empty" in mkboot("render", site, out, status=2).err
    assert {p: p.read_bytes() for p in before} == before
    site.write_text(site_of(3).replace("400", "4oo"))
    mkboot("render", site, out, "--force", status=3)
    assert {p: p.read_bytes() for p in before} == before
    site.write_text(site_of(3))
    mkboot("render", site, out, "--force")
    assert (out / "mine").read_text() == "mine"
    assert (out / "rules").read_text().count("\n") == before[out / "rules"].count(b"\n") + 1
    assert [p.name for p in tmp_path.iterdir() if ".partial" in p.name] == []
    assert list(out.rglob("*.partial")) == []


def test_files_of_ones_own_and_their_modes(tmp_path: Path) -> None:
    (tmp_path / "files" / "Drivers").mkdir(parents=True)
    (tmp_path / "files" / "own.fin").write_text("date\n")
    (tmp_path / "files" / "Drivers" / "x.driver").write_text("date\n")
    (tmp_path / "files" / "note").write_text("x\n")
    text = site_of(1).replace(
        'profile = "large"', 'profile = "large"\nfinish = "own.fin"\nbegin = "Drivers/x.driver"'
    )
    (tmp_path / "SITE.toml").write_text('[site]\nfiles = "files"\n' + text)
    mkboot("render", tmp_path / "SITE.toml", tmp_path / "js")
    assert "Drivers/x.driver large.profile own.fin\n" in (tmp_path / "js" / "rules").read_text()
    assert stat.S_IMODE((tmp_path / "js" / "own.fin").stat().st_mode) & 0o111
    assert not stat.S_IMODE((tmp_path / "js" / "note").stat().st_mode) & 0o111
    assert (tmp_path / "js" / "h1" / "sysidcfg").read_bytes() == (
        tmp_path / "js" / "sysidcfg"
    ).read_bytes()


@needs("makefs", "genisoimage")
@pytest.mark.parametrize("seed", [1, 2])
def test_a_capture_is_laid_out_again_exactly(tmp_path: Path, seed: int) -> None:
    host: HostFacts = make_host(tmp_path / "host", seed=seed, big=False)
    base = make_base(tmp_path / "base.iso", "sparc-2.6", "8", seed, tmp_path / "base")
    job = tmp_path / "job"
    mkboot("prepare", job, "--base", base.path, *[w for s in host.sources for w in ("--source", s)])
    mkboot("capture", job)
    out = tmp_path / "js"
    done = mkboot("render", "--from", job, out)
    found = mkboot("dryrun", out, "--host", out / "host.toml", "--json").document
    assert (found["problems"], found["before"]) == ([], [])
    assert found["rule"].startswith(f"hostname {host.nodename.decode()} ")
    laid = {
        f"{disk['name']}s{row['number']}": (row["start_cylinder"], row["cylinders"], row["holds"])
        for disk in found["disks"]
        for row in disk["slices"]
        if row["number"] != 2
    }
    assert laid == {name: captured(host, name) for name in host.slices}
    whole = {d["name"]: r["cylinders"] for d in found["disks"] for r in d["slices"]
             if r["number"] == 2}  # fmt: skip
    assert whole == {name: shape.ncyl for name, shape in host.shapes.items()}
    assert stat.S_IMODE((out / "sysidcfg").stat().st_mode) == 0o600
    assert "network_interface=" in (out / "sysidcfg").read_text(), done
    json.dumps(found)


def captured(host: HostFacts, name: str) -> tuple[int, int, str]:
    """A slice as the fixture made it."""
    made = host.slices[name]
    cylinder = host.shapes[made.disk].cylinder
    assert made.start % cylinder == 0
    assert made.sectors % cylinder == 0
    holds = "swap" if name in host.swap else (made.mount or b"unnamed").decode()
    return made.start // cylinder, made.sectors // cylinder, holds
