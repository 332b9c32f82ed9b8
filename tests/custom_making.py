# SPDX-License-Identifier: Apache-2.0
"""JumpStart directories and machines for the tests of custom install discs."""

from __future__ import annotations

from pathlib import Path

RULES = """\
# a machine that is not there, and the one that is
hostname nobody - prof -
karch sun4u && disksize c0t0d0 1000-9000  \\
    beg prof fin
any - - prof -
"""
PROFILE = """\
install_type initial_install
system_type standalone
partitioning explicit
filesys c0t0d0s0 500 /
filesys c0t0d0s1 200 swap
filesys c0t0d0s7 free /export
cluster SUNWCreq
"""
BEGIN = """\
#!/sbin/sh
cat > /tmp/begin.said <<!
$SI_KARCH $SI_PROFILE
!
exit 0
"""
FINISH = """\
#!/sbin/sh
cp ${SI_CONFIG_DIR}/prof /a/var/tmp/prof && cat /tmp/begin.said > /a/etc/motd
"""
HOST = """\
hostname = "web01"
karch = "sun4u"
model = "SUNW,Ultra-5_10"
memory_mb = 256
disks = [{name = "c0t0d0", bytes = 4294967296, heads = 16, sectors = 63}]
"""


def jumpstart(folder: Path, **files: str) -> Path:
    """A directory that installs; ``files`` are others in place of these, or more."""
    folder.mkdir()
    for name, text in {
        "rules": RULES, "prof": PROFILE, "beg": BEGIN, "fin": FINISH, **files,
    }.items():  # fmt: skip
        (folder / name).write_text(text)
    return folder


def host_file(folder: Path, text: str = HOST) -> Path:
    """The machine as a HOST file."""
    path = folder / "host.toml"
    path.write_text(text)
    return path
