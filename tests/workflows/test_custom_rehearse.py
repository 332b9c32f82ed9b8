# SPDX-License-Identifier: Apache-2.0
"""Custom install discs on the emulated machine and in firmware: do they find their rule?"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import needs
from custom_making import HOST, PROFILE, host_file, jumpstart
from set_making import mkboot

from fixtures.base_files import WITNESS
from fixtures.base_media import BaseFacts, LayoutName, make_base
from mkboot.firmware import boot

pytestmark = [
    pytest.mark.slow,
    needs("genisoimage", "makefs", "unshare", "chroot", "dash"),
]

BASES: list[tuple[LayoutName, str, int]] = [
    ("sparc-2.6", "2.6", 3),
    ("sparc-2.6", "7", 8),
    ("sparc-2.6", "8", 5),
    ("sparc-2.6", "8", 11),
    ("sparc-9", "9", 1),
    ("sparc-9", "10", 6),
    ("sparc-9", "10", 12),
]
LONG = 300.0


def make(work: Path, layout: LayoutName, release: str, seed: int) -> BaseFacts:
    made = make_base(work / "base.iso", layout, release, seed, work / "work")
    shutil.rmtree(work / "work")
    return made


@pytest.fixture(scope="module", params=BASES, ids=lambda p: f"{p[1]}-{p[2]}")
def disc(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("disc")
    base, folder = make(work, *request.param), jumpstart(work / "js")
    mkboot("custom", base.path, folder, "-o", work / "out.iso", "--hands-free")
    return work / "out.iso"


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> BaseFacts:
    return make(tmp_path_factory.mktemp("one"), "sparc-2.6", "8", 5)


def rehearse(disc: Path, host: Path, *, expect: int = 0) -> dict[str, object]:
    out = mkboot("rehearse", disc, "--host", host, "--json", expect=expect)
    found = json.loads(out[: out.rindex("}") + 1])
    assert isinstance(found, dict)
    return found


def made(base: BaseFacts, work: Path, *more: str, **files: str) -> Path:
    folder = jumpstart(work / "js", **files)
    mkboot("custom", base.path, folder, "-o", work / "out.iso", "--hands-free", *more)
    return work / "out.iso"


def test_the_rule_is_found_and_nothing_is_asked(disc: Path, tmp_path: Path) -> None:
    found = rehearse(disc, host_file(tmp_path))
    assert found["verdict"] == "installs"
    assert found["rule"] == "karch sun4u && disksize c0t0d0 1000-9000 beg prof fin"
    assert (found["begin"], found["profile"], found["finish"]) == ("beg", "prof", "fin")
    assert (found["questions"], found["asked"]) == (0, [])
    slices = found["slices"]
    assert isinstance(slices, list)
    # 16 x 63 sectors: 500 MB are 1024000 sectors, 1015.9 cylinders
    assert [(s["number"], s["start_cylinder"], s["cylinders"], s["holds"]) for s in slices] == [
        (0, 0, 1016, "/"), (1, 1016, 407, "swap"), (2, 0, 8320, "overlap"),
        (7, 1423, 6897, "/export"),
    ]  # fmt: skip
    assert found["typed"] == "boot cdrom"
    scripts = found["scripts"]
    assert isinstance(scripts, list)
    assert [(s["which"], s["status"]) for s in scripts] == [("begin", 0), ("finish", 0)]


@pytest.mark.boot
@needs("qemu-system-sparc64")
def test_sun4u_goes_through_to_the_miniroot(disc: Path) -> None:
    path = "/" + WITNESS.decode()
    verdict = boot(disc, machine="sun4u", kind="cdrom", slice_=None, timeout=LONG, arguments=path)
    assert verdict.verdict == "booted", verdict.lines
    assert any(line.startswith("MKBOOT-REDIRECT") for line in verdict.lines)
    assert any(line.startswith(f"MKBOOT-FILE {path} 300001 ") for line in verdict.lines)


@pytest.mark.boot
@needs("qemu-system-sparc")
def test_sun4m_starts_from_its_slice(disc: Path) -> None:
    verdict = boot(disc, machine="sun4m", kind="cdrom", slice_=None, timeout=LONG)
    assert verdict.verdict == "booted", verdict.lines


def test_install_is_typed_where_no_flag_is_on_the_disc(one: BaseFacts, tmp_path: Path) -> None:
    folder = jumpstart(tmp_path / "js")
    mkboot("custom", one.path, folder, "-o", tmp_path / "out.iso")
    found = rehearse(tmp_path / "out.iso", host_file(tmp_path))
    assert found["typed"] == "boot cdrom - install"
    assert found["verdict"] == "installs"


def test_the_base_itself_finds_nothing_and_asks(one: BaseFacts, tmp_path: Path) -> None:
    found = rehearse(one.path, host_file(tmp_path), expect=1)
    assert (found["verdict"], found["rule"]) == ("failed", None)
    assert found["questions"] == 8


KEYWORDS = """\
arch i386 - no -
! karch sun4u - no -
!model 'SUNW,Ultra 5_10' - no -
hostname web02 - no -
hostaddress 10.0.0.8 - no -
network 10.0.1.0 - no -
domainname elsewhere.example - no -
memsize 300-400 - no -
disksize rootdisk 1-100 - no -
totaldisk 1-100 - no -
installed any Solaris_2.6 - no -
osname Solaris_9 - no -
installed c0t0d0s0 any && installed rootdisk Solaris_7 && installed any upgrade && \\
  network 10.0.0.0 && hostaddress 10.0.0.7 && domainname site.example && hostname web01 && \\
  memsize 256 && totaldisk 4096 && osname Solaris_8 && arch sparc && \\
  model 'SUNW,Ultra 5_10' && disksize rootdisk 4096-4096 - prof -
any - - no -
"""
FULL = HOST.replace("bytes =", 'installed = "7", bytes =').replace("Ultra-5_10", "Ultra 5_10") + (
    'domain = "site.example"\n'
    'addresses = [{interface = "hme0", address = "10.0.0.7", netmask = "255.255.255.0"}]\n'
)


def test_every_keyword_is_matched_against_the_host(one: BaseFacts, tmp_path: Path) -> None:
    disc = made(one, tmp_path, rules=KEYWORDS, no=PROFILE)
    found = rehearse(disc, host_file(tmp_path, FULL))
    assert found["profile"] == "prof", found
    assert "network 10.0.0.0" in str(found["rule"])
    assert "hostname" in str(found["notes"])  # only a network or sysidcfg would tell
    for line, other in (("web01", "web03"), ("10.0.0.7", "10.0.2.7"), ("site.", "no.")):
        found = rehearse(disc, host_file(tmp_path, FULL.replace(line, other)))
        assert found["profile"] == "no", line


PROBES = 'probe_colour() {\n\tcolour=red\n}\ncmp_colour() {\n\ttest "X$1" = "X$colour"\n}\n'


def test_probes_of_the_sites_own_are_run(one: BaseFacts, tmp_path: Path) -> None:
    rules = "colour blue - no -\ncolour red - prof -\nany - - no -\n"
    disc = made(one, tmp_path, rules=rules, no=PROFILE, custom_probes=PROBES)
    assert rehearse(disc, host_file(tmp_path))["profile"] == "prof"


def test_a_begin_script_that_writes_the_profile(one: BaseFacts, tmp_path: Path) -> None:
    begin = "#!/sbin/sh\nsed 's/500/600/' ${SI_CONFIG_DIR}/prof > ${SI_PROFILE}\n"
    disc = made(one, tmp_path, rules="any - beg = -\n", beg=begin)
    found = rehearse(disc, host_file(tmp_path))
    assert found["profile"] == "="
    slices = found["slices"]
    assert isinstance(slices, list)
    assert slices[0]["cylinders"] == 1220  # 600 MB are 1228800 sectors of 1008 a cylinder


FAILING = {
    "begin fails": ({"beg": "#!/sbin/sh\nexit 3\n"}, "failed", "status 3"),
    "begin asks": ({"beg": "#!/sbin/sh\nread answer\nexit 0\n"}, "failed", "nobody answers"),
    "no command": ({"fin": "#!/sbin/sh\npkgadd -R /a -d /cdrom x\n"}, "not-modelled", "status 127"),
    "not modelled": ({"fin": "#!/sbin/sh\ndd if=/a/x of=/a/y conv=block\n"}, "not-modelled", "dd"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILING)
def test_what_goes_wrong_is_told(one: BaseFacts, tmp_path: Path, name: str) -> None:
    files, verdict, word = FAILING[name]
    found = rehearse(made(one, tmp_path, **files), host_file(tmp_path), expect=1)
    assert found["verdict"] == verdict
    assert word in str(found["reason"])
    assert found["profile"] == "prof"


def test_a_disk_that_is_too_small_is_told(one: BaseFacts, tmp_path: Path) -> None:
    disc = made(one, tmp_path, rules="any - - prof -\n")
    small = host_file(tmp_path, HOST.replace("4294967296", "629145600"))
    found = rehearse(disc, small, expect=1)
    assert found["verdict"] == "failed"
    assert "prof:" in str(found["problems"])


def archive(work: Path, *words: str) -> Path:
    """A flash archive of two files, by mkboot flar."""
    tree = work / "tree"
    tree.mkdir(exist_ok=True)
    (tree / "hello").write_text("hello\n")
    out = work / "web.flar"
    out.unlink(missing_ok=True)
    sets = [w for word in words for w in ("--set", word)]
    mkboot("flar", tree, out, *sets)
    return out


FLASH = """\
install_type flash_install
archive_location local_file /cdrom/archives/web.flar
partitioning explicit
filesys c0t0d0s0 free /
"""
FINE = ("content_architectures=sun4u,sun4m", "creation_release=5.8")


def test_a_flash_archive_lies_where_the_profile_wants_it(one: BaseFacts, tmp_path: Path) -> None:
    flar = archive(tmp_path, *FINE)
    disc = made(one, tmp_path, "--flash", str(flar), prof=FLASH)
    said = mkboot("cat", disc, "/archives/web.flar")
    assert said.startswith("FlAsH-aRcHiVe-")
    found = rehearse(disc, host_file(tmp_path))
    assert found["verdict"] == "installs"
    subprocess.run(["cmp", flar, _extracted(disc, tmp_path)], check=True)


def _extracted(disc: Path, work: Path) -> Path:
    mkboot("extract", disc, work / "got", "/archives")
    (found,) = (work / "got").rglob("web.flar")
    return found


BAD_FLASH = {
    "machine": (("content_architectures=i86pc",), "is for i86pc"),
    "method": (("files_archived_method=dump",), "files_archived_method"),
    "compression": (("files_compressed_method=gzip",), "gzip"),
}


@pytest.mark.parametrize("name", BAD_FLASH)
def test_an_archive_that_would_not_install_is_refused(
    one: BaseFacts, tmp_path: Path, name: str
) -> None:
    words, told = BAD_FLASH[name]
    flar, folder = archive(tmp_path, *words), jumpstart(tmp_path / "js", prof=FLASH)
    out = tmp_path / "out.iso"
    said = mkboot("custom", one.path, folder, "-o", out, "--flash", flar, expect=3)
    assert told in said


def test_a_damaged_archive_is_refused(one: BaseFacts, tmp_path: Path) -> None:
    flar, folder = archive(tmp_path, *FINE), jumpstart(tmp_path / "js", prof=FLASH)
    data = bytearray(flar.read_bytes())
    data[data.index(b"hello\n") + 2] ^= 1
    flar.write_bytes(data)
    mkboot("custom", one.path, folder, "-o", tmp_path / "out.iso", "--flash", flar, expect=3)
