# SPDX-License-Identifier: Apache-2.0
"""Every check of one image that can be made without writing, and how much was looked at.

Beside all that ``inspect`` finds and ``fsck`` would, every file of every file system is
read to its end, and compared where the disc itself carries checksums.  A check that looked
at nothing fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mkboot.errors import InputError
from mkboot.formats.flar import Flar
from mkboot.media.codes import advice
from mkboot.media.envelope import envelope_findings
from mkboot.media.flash import CODE, flash_tree, open_flash, stored_findings
from mkboot.media.inspect import inspect_medium
from mkboot.media.medium import Medium
from mkboot.media.openslice import OpenSlice
from mkboot.media.outside import outside
from mkboot.media.readthrough import Reading, Wanted, read_tree, sums_on_disc
from mkboot.media.ufscheck import fsck_findings
from mkboot.model.finding import Finding, Severity, error
from mkboot.model.inspection import Checked, Kind, SliceHolds, Verification
from mkboot.progress import Progress, Step
from mkboot.tree.filetree import FileTree

_UNREAD = {
    SliceHolds.SWAP: "swap",
    SliceHolds.UNKNOWN: "what mkboot does not know",
    SliceHolds.EMPTY: "nothing (zeros)",
}


@dataclass(slots=True)
class _Account:
    """What has been looked at so far."""

    checked: Checked = field(default_factory=Checked)
    compared: int = 0
    findings: list[Finding] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    def add(self, reading: Reading) -> None:
        self.checked += reading.checked()
        self.compared += reading.compared
        self.findings += reading.findings


def verify_image(path: Path, progress: Progress) -> Verification:
    """Check one image whole.

    Raises ``CallerError`` when it cannot be opened, ``InputError`` when nobody knows what
    it is, ``StoppedError`` when reading it fails.
    """
    return verify_medium(Medium(path), progress)


def verify_medium(medium: Medium, progress: Progress) -> Verification:
    """Check an image, or a slice of one, that is open."""
    if medium.kind is Kind.UNKNOWN:
        return _verify_unknown(medium)
    inspection = inspect_medium(medium)
    account = _Account(findings=list(inspection.findings))
    with progress.step("read every file", medium.size, "bytes", estimate=True) as step:
        _read_iso(medium, account, step)
        for each in (medium.whole,) if medium.kind is Kind.SLICE else medium.slices:
            _read_slice(each, account, step)
        _read_dump(medium, account, step)
        _read_flash(medium, account, step)
    account.checked += Checked(structures=_structures(medium))
    account.findings += _nothing(account)
    account.not_checked += outside(medium)
    uncompared = account.checked.files - account.compared
    if uncompared > 0:
        account.not_checked.append(
            f"what is in {uncompared} files: the image has no checksums of them, so they were "
            "read, not compared"
        )
    return Verification(
        checked=account.checked,
        findings=tuple(_unique(account.findings)),
        not_checked=tuple(account.not_checked),
    )


def _verify_unknown(medium: Medium) -> Verification:
    """What is inside of something else: that is told, and that nothing in it was checked."""
    findings = envelope_findings(medium.source, known=False)
    if not findings:
        why = "it is empty" if not medium.size else "no label, ISO 9660, UFS or dump"
        raise InputError(f"nothing that mkboot knows: {why}", place=(str(medium.path),))
    return Verification(Checked(), findings, ("all that is inside",))


def _read_iso(medium: Medium, account: _Account, step: Step) -> None:
    if medium.iso is None:
        return
    wanted: dict[bytes, Wanted] = {}
    try:
        wanted = sums_on_disc(medium.iso.tree)
    except InputError as e:
        text = e.message
        found = error("segment-checksum", "iso", text, advice("segment-checksum"))
        account.findings.append(found)
    _read(medium.iso.tree, "iso", "iso-damaged", account, step, wanted)


def _read_slice(each: OpenSlice, account: _Account, step: Step) -> None:
    """The files of a slice's UFS; what holds none is told."""
    if each.holds in _UNREAD:
        account.not_checked.append(f"{each.place}: holds {_UNREAD[each.holds]}")
        return
    if each.ufs is None or each.is_cut:
        return
    account.findings += fsck_findings(each)
    try:
        tree = each.ufs.tree()
    except InputError as e:
        text = e.message.removeprefix(f"{each.place}: ")
        account.findings.append(error("ufs-damaged", each.place, text, advice("ufs-damaged")))
        return
    _read(tree, each.place, "ufs-damaged", account, step, {})


def _read_dump(medium: Medium, account: _Account, step: Step) -> None:
    if medium.dump is not None:
        _read(medium.dump.tree, "dump", "dump-damaged", account, step, {})


def _read_flash(medium: Medium, account: _Account, step: Step) -> None:
    """The stored bytes where the archive has their sum, then every file."""
    flash = open_flash(medium.source) if medium.kind is Kind.FLAR else None
    if not isinstance(flash, Flar):
        return
    account.findings += stored_findings(flash, lambda _count: None)
    try:
        tree = flash_tree(flash, check=True)
    except InputError as e:
        account.findings.append(error(CODE, "flar", e.message, advice(CODE)))
        return
    account.checked += Checked(structures=len(flash.sections) + 2)
    _read(tree, "flar", CODE, account, step, {})


def _read(
    tree: FileTree,
    place: str,
    code: str,
    account: _Account,
    step: Step,
    wanted: dict[bytes, Wanted],
) -> None:
    account.add(read_tree(tree, place, code, step.advance, wanted))


def _structures(medium: Medium) -> int:
    """Labels, boot blocks, volume descriptors, superblocks, cylinder groups, dump headers."""
    count = int(medium.label is not None) + int(medium.iso is not None)
    for each in (medium.whole, *medium.slices) if medium.kind is Kind.SLICE else medium.slices:
        count += each.boot_kind is not None
        if each.ufs is not None:
            count += 1 + each.ufs.superblock.ncg
    if medium.dump is not None:
        count += len(medium.dump.tree.nodes)
    return count


def _nothing(account: _Account) -> tuple[Finding, ...]:
    """Nothing looked at is no clean bill of health."""
    known_bad = any(f.severity is Severity.ERROR for f in account.findings)
    if account.checked.files or account.checked.structures or known_bad:
        return ()
    text = "no file and no structure could be looked at"
    return (error("nothing-checked", "image", text, advice("nothing-checked")),)


def _unique(findings: list[Finding]) -> Iterator[Finding]:
    """Each finding once: inspection and reading may meet the same fault."""
    seen: set[tuple[str, str, str]] = set()
    for each in findings:
        key = (each.code, each.place, each.message)
        if key not in seen:
            seen.add(key)
            yield each
