# SPDX-License-Identifier: Apache-2.0
"""What fsck would say of the UFS in a slice, as findings."""

from __future__ import annotations

from collections.abc import Iterator

from mkboot.errors import InputError
from mkboot.formats.ufs.fsck import Fault, FsckReport, check_ufs
from mkboot.media.codes import advice
from mkboot.media.openslice import OpenSlice
from mkboot.model.finding import Finding, Severity, error

#: So many faults are told one by one.
_TOLD = 10
#: What the volume itself has findings for.
_KNOWN = frozenset({"sb-clean", "sb-state", "sb-log-unrolled", "image-short"})
#: What nothing but fsck looks at.
_HARMLESS = frozenset({"cg-nextfreeoff"})
_CODE = "ufs-damaged"


def fsck_findings(each: OpenSlice) -> Iterator[Finding]:
    """The faults of a slice's UFS.

    They are errors, but for those that fsck overlooks, those that do no harm, and those of
    a file system that was not unmounted: fsck is to be run there in any case.
    """
    assert each.ufs is not None
    try:
        report = check_ufs(each.window, place=(each.place,))
    except InputError as e:
        yield error(_CODE, each.place, e.bare, advice(_CODE))
        return
    faults = [fault for fault in report.faults if fault.code not in _KNOWN]
    for fault in faults[:_TOLD]:
        grave = each.ufs.state.is_clean and not fault.overlooked and fault.code not in _HARMLESS
        severity = Severity.ERROR if grave else Severity.WARNING
        yield Finding(severity, _CODE, f"{each.place}: {_place(fault)}", fault.message, _hint())
    more = _count(report) - len(faults[:_TOLD])
    if more > 0:
        severity = Severity.ERROR if each.ufs.state.is_clean else Severity.WARNING
        text = f"and {more} more faults of the file system"
        yield Finding(severity, _CODE, each.place, text, _hint())


def _count(report: FsckReport) -> int:
    return sum(n for code, n in report.counts.items() if code not in _KNOWN)


def _place(fault: Fault) -> str:
    return f"{fault.place} '{fault.path}'" if fault.path else fault.place


def _hint() -> str:
    return "mkboot fsck tells all. " + advice(_CODE)
