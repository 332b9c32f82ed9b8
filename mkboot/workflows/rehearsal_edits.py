# SPDX-License-Identifier: Apache-2.0
"""What becomes of the files that a volume manager was set up in, said once more and apart from
the engine, so that the judge can hold its work against it (facts/media-jumpstart 4.3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from mkboot.model.system import System
from mkboot.recovery.adapt import vfstab_lines
from mkboot.recovery.render_plan import dump_slice
from mkboot.tree.names import unshow

Edit = Callable[[bytes], bytes]
_MDD = re.compile(rb"^. Begin MDD.*?(?:^. End MDD[^\n]*\n|\Z)", re.MULTILINE | re.DOTALL)
_VXVM = re.compile(rb"^(?:rootdev:.*vxio|.*vol_rootdev_is_volume).*\n?", re.MULTILINE)


def edits(system: System, manager: str) -> Mapping[bytes, Edit]:
    """Paths of the host, and what their text becomes where ``manager`` (md, vx) held the root;
    none for another word.
    """
    root = next((fs for fs in system.file_systems if fs.mount == b"/"), None)
    if root is None or manager not in ("md", "vx"):
        return {}
    taken_out = _MDD if manager == "md" else _VXVM
    slice_ = dump_slice(system, root)
    lines = b"".join(unshow(line) + b"\n" for line in vfstab_lines(system, root, manager))
    managed = re.compile(rb"^(?=/dev/%s/)" % manager.encode(), re.MULTILINE)
    dumped = re.compile(rb"^(DUMPADM_DEVICE=)/dev/%s/.*" % manager.encode(), re.MULTILINE)

    def without(text: bytes) -> bytes:
        return taken_out.sub(b"", text)

    def vfstab(text: bytes) -> bytes:
        return managed.sub(b"#", text) + lines

    def dumpadm(text: bytes) -> bytes:
        if slice_ == "-":
            return text
        return dumped.sub(rb"\1/dev/dsk/" + slice_.encode(), text)

    found: dict[bytes, Edit] = {
        b"/etc/system": without, b"/etc/vfstab": vfstab, b"/etc/dumpadm.conf": dumpadm,
    }  # fmt: skip
    return found | ({b"/kernel/drv/md.conf": without} if manager == "md" else {})
