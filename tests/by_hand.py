# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the Sun on which README.TXT is typed.

The lines are taken from the text as they are and run by a shell, after their absolute
paths have been moved below a directory.  ufsrestore is Debian's restore; the commands
that need hardware are small scripts that do what can be seen of them: newfs makes an
empty directory, mount puts it in its place, a disc is whatever the last question on the
console asked for.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

MOUNT = r"""#!/bin/sh
# mount -F ufs DEVICE DIR, or mount -F hsfs -o ro DEVICE DIR
case $2 in
hsfs)
	n=`sed -n 's/.*volume \([0-9]*\).*/\1/p' @/console | tail -1`
	for last; do :; done
	rm -rf "$last"; ln -s @/volumes/${n:-1} "$last" ;;
ufs)
	[ -d "@/fs/${3##*/}" ] || { echo "mount: $3: no file system" >&2; exit 32; }
	[ -d "$4" ] || { echo "mount: $4: no directory" >&2; exit 32; }
	[ -L "$4" ] && { echo "mount: $4: busy" >&2; exit 32; }
	if [ "$4" = @/a ]; then mv @/a @/a.empty; else mv "$4" "$4.under"; fi
	ln -s "@/fs/${3##*/}" "$4" ;;
esac
"""
UMOUNT = r"""#!/bin/sh
[ -L "$1" ] || { echo "umount: $1 not mounted" >&2; exit 1; }
rm "$1"
if [ "$1" = @/a ]; then mv @/a.empty @/a
elif [ -d "$1.under" ]; then mv "$1.under" "$1"
fi
"""
NEWFS = r"""#!/bin/sh
for last; do :; done
rm -rf "@/fs/${last##*/}"; mkdir -p "@/fs/${last##*/}"
"""
UFSRESTORE = r"""#!/bin/sh
[ "$1 $2" = "rf -" ] || { echo "ufsrestore: $*" >&2; exit 1; }
mkdir -p @/scratch
cat >@/stream  # from a pipe Debian's restore wants a terminal
exec restore -r -T @/scratch -f @/stream
"""
FMTHARD = r"""#!/bin/sh
[ "$1" = -s ] && [ -s "$2" ] || exit 1
cat "$2" >>@/labels
"""
NOTHING = """#!/bin/sh
echo "${0##*/} $*" >>@/log
"""


class Sun:
    """The directory ``top`` as a machine; ``volumes/N`` are the discs, extracted."""

    def __init__(self, top: Path, volumes: list[Path]) -> None:
        self.top = top
        for name in ("bin", "fs", "a", "tmp", "volumes"):
            (top / name).mkdir(parents=True)
        (top / "console").write_text("")
        for number, volume in enumerate(volumes, 1):
            disc = top / "volumes" / str(number)
            disc.mkdir()
            subprocess.run(["bsdtar", "-xf", volume, "-C", disc], check=True)
        (top / "cdrom").symlink_to(top / "volumes" / "1")
        scripts = {
            "mount": MOUNT, "umount": UMOUNT, "newfs": NEWFS,
            "ufsrestore": UFSRESTORE, "fmthard": FMTHARD,
        }  # fmt: skip
        for name in ("fsck", "installboot", "reboot", "halt", "eject"):
            scripts[name] = NOTHING
        for name, text in scripts.items():
            script = top / "bin" / name
            script.write_text(text.replace("@", str(top)))
            script.chmod(0o755)

    def type_readme(self) -> subprocess.CompletedProcess[bytes]:
        """Type every ``#`` line of README.TXT on volume 1, in order; ``ok`` lines boot."""
        text = (self.top / "volumes/1/README.TXT").read_text("ascii")
        script: list[str] = ["set -e", f"PATH={self.top}/bin:/usr/bin:/bin:/usr/sbin:/sbin"]
        on_disk = False
        mounts: list[str] = []
        for line in re.findall(r"^ {7}((?:#|ok) .*)$", text, re.M):
            if line.startswith("ok boot disk"):
                on_disk = True
                script += mounts
            elif line.startswith("# ") and not line.startswith("# PATH="):
                moved = self._move(line[2:], on_disk=on_disk)
                script.append(moved)
                if moved.startswith("mount -F ufs") and not on_disk:
                    mounts.append(moved)
        if on_disk:  # what the running system would unmount at its end
            script += [f"umount {mount.split()[-1]}" for mount in reversed(mounts)]
        (self.top / "typed").write_text("\n".join(script) + "\n")
        return subprocess.run(
            ["sh", self.top / "typed"], capture_output=True, cwd=self.top, check=False
        )

    def _move(self, line: str, *, on_disk: bool) -> str:
        """Absolute paths below ``top``; on the booted disk its root is what was /a."""

        def moved(match: re.Match[str]) -> str:
            path = match[0]
            if path.startswith(("/dev/dsk", "/dev/rdsk", "/dev/null")):
                return path
            path = path.replace("/dev/console", "/console")
            inside = on_disk and not path.startswith(("/cdrom", "/tmp/", "/console"))
            return f"{self.top}{'/a' if inside else ''}{path.rstrip('/')}"

        return re.sub(r"(?<![\w$.`/-])/[\w./-]*(?![\w`])", moved, line)
