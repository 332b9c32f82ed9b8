# SPDX-License-Identifier: Apache-2.0
"""General commands called by a real script on a machine of its own: pipelines, redirections."""

from __future__ import annotations

from pathlib import Path

import pytest
from machines import SHELLS, on_a_machine
from storage_inside import SCSI, SECTORS

from mkboot.rehearsal.namespace import run_inside
from mkboot.rehearsal.spec import Json

pytestmark = on_a_machine


def run(tmp_path: Path, script: str, **more: object) -> Json:
    for number in (0, 1):
        with open(tmp_path / f"disk{number}", "wb") as disk:
            disk.truncate(SECTORS * 512)
    spec = {"dir": str(tmp_path), "script": script, "release": "2.6", **more}
    return run_inside("storage_inside:script", spec, lambda _event: None, seconds=60)


SCRIPT = r"""
cd /work
cat <<END | sed -e 's/o/0/' -e 2q | tee kept | tr '[a-z]' '[A-Z]'
one
two
three
END
x=`expr 3 \* 4`
set x `cksum kept </dev/null`
echo "$x $2 $3 $4"
(umask 077; mkdir -p a/b; cp kept a/b/copy; ls -l a/b/copy | cut -c1-10)
ls -l /dev/rdsk/c0t1d0s2 | sed 's/.*devices//'
while read line; do echo "<$line>"; done <kept
dd if=kept bs=2 count=1 2>err; wc -l <err
grep '^0' kept >/dev/null && rm -rf a kept err
ls; df -k /tmp | sed -n 2p | cut -d' ' -f1
cmp /etc/nosuch /etc 2>/dev/null || echo differ
basename /a/b && uname -pr; echo $?
"""
WANTED = [
    "0NE", "TW0", "12 2794873533 8 kept", "-rw-------", f"{SCSI}/sd@1,0:c,raw",
    "<0ne>", "<tw0>", "0n       2", "swap", "differ", "b", "5.6 sparc", "0",
]  # fmt: skip


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_with_pipelines(tmp_path: Path, shell: str) -> None:
    done = run(tmp_path, SCRIPT, shell=shell)
    assert (done.get("not_modelled"), done.get("failed")) == (None, None)
    assert done["lines"] == WANTED
    assert done["status"] == 0


def test_tmp_is_finite(tmp_path: Path) -> None:
    script = "df -k /tmp | tail -1; dd if=/dev/zero of=/tmp/x bs=1024k; cat /tmp/x >/tmp/y; echo $?"
    done = run(tmp_path, script, tmp=1 << 22)
    lines = done["lines"]
    assert isinstance(lines, list)
    assert lines[0].split() == ["swap", "4096", "0", "4096", "0%", "/tmp"]
    assert lines[1] == "dd: write: No space left on device"
    assert lines[2:4] == ["5+0 records in", "4+0 records out"]
    assert lines[4:] == ["cat: write error: No space left on device", "2"]


@pytest.mark.parametrize(
    "script",
    [
        "grep -q x /etc/passwd || find /",
        "awk 1 /dev/null",
        "sed -n l /dev/null",
        "/usr/bin/tar c .",
    ],
)
def test_what_is_not_modelled_ends_it(tmp_path: Path, script: str) -> None:
    assert run(tmp_path, script + "; echo after").get("not_modelled")
