# SPDX-License-Identifier: Apache-2.0
"""Would it boot?  Boot blocks, the files that redirect them, and what they then look for."""

from __future__ import annotations

from collections.abc import Iterator

from mkboot.errors import InputError
from mkboot.formats.bootblock import check_block
from mkboot.formats.label import TAG_ROOT
from mkboot.media.codes import advice
from mkboot.media.medium import Medium
from mkboot.media.openslice import USUAL_BOOT_SLICES, OpenSlice
from mkboot.media.paths import expand
from mkboot.model.finding import Finding, error, note, warning
from mkboot.model.inspection import Kind, SliceHolds
from mkboot.model.layout import BootSlice, Layout

UFSBOOT = "/platform/*/ufsboot"


def boot_findings(medium: Medium, layout: Layout | None) -> tuple[Finding, ...]:
    """Every reason why a whole image would not boot."""
    if medium.kind is Kind.DISC:
        return tuple(_disc(medium, layout))
    if medium.kind is Kind.DISK:
        return tuple(_disk(medium))
    return ()


def architectures(medium: Medium, layout: Layout | None) -> tuple[str, ...]:
    """The machine architectures that a disc has a boot block and a loader for."""
    if medium.kind is not Kind.DISC:
        return ()
    return tuple(
        b.arch for b, there in _boot_slices(medium, layout) if _boots(medium, there, b.arch)
    )


def _boots(medium: Medium, each: OpenSlice, arch: str) -> bool:
    """Whether a slice has a boot block, and nothing says that it leads nowhere."""
    if each.boot_kind is None:
        return False
    try:
        redirect = each.redirect
        if redirect is None:
            return True
        target = medium.slice(int(redirect[:1])) if redirect[:1].isdigit() else None
        return target is not None and _has_loader(target, arch)
    except InputError:
        return False


def _boot_slices(medium: Medium, layout: Layout | None) -> Iterator[tuple[BootSlice, OpenSlice]]:
    for boot in layout.boot_slices if layout is not None else USUAL_BOOT_SLICES:
        there = medium.slice(boot.slice)
        if there is not None and there.start > 0 and not there.is_cut:
            yield boot, there


def _disc(medium: Medium, layout: Layout | None) -> Iterator[Finding]:
    expected = {there.number: boot for boot, there in _boot_slices(medium, layout)}
    any_block = False
    for each in medium.slices:
        if each.start == 0 or each.is_cut or each.holds is SliceHolds.ISO:
            continue
        any_block = any_block or each.boot_block is not None
        yield from _disc_slice(medium, each, expected.get(each.number), known=layout is not None)
    behind = [s for s in medium.slices if s.start > 0 and not s.is_cut]
    if behind and not any_block and layout is None:
        yield warning(
            "boot-block-missing",
            "image",
            "no slice has a boot block: no machine boots from this disc",
            advice("boot-block-missing"),
        )


def _disc_slice(
    medium: Medium, each: OpenSlice, expected: BootSlice | None, *, known: bool
) -> Iterator[Finding]:
    """One slice of a disc; ``expected`` says what should boot from it, if anything."""
    if each.boot_block is None or _is_other_data(each, known=known):
        if _should_boot(each, expected if known else None):
            yield _no_block(each, expected)
        return
    faults = check_block(each.boot_block, each.place)
    yield from faults
    if expected is not None and each.boot_kind and each.boot_kind.value != expected.kind:
        tell = error if known else note
        yield tell(
            "boot-block-kind",
            each.place,
            f"the boot block is {_KINDS[each.boot_kind.value]}, but this is the slice that "
            f"{expected.arch} machines boot from, which want {_KINDS[expected.kind]}",
            advice("boot-block-kind"),
        )
    if each.ufs is not None:
        yield from _leads_somewhere(medium, each, expected, known=known)


def _is_other_data(each: OpenSlice, *, known: bool) -> bool:
    """What stands in sectors 1 to 15 of a slice that is neither a UFS nor boots is data."""
    return not known and each.boot_kind is None and each.holds is not SliceHolds.UFS


_KINDS = {"fcode": "FCode", "aout": "a program with an a.out header"}


def _should_boot(each: OpenSlice, expected: BootSlice | None) -> bool:
    """A slice without a boot block that was meant to have one: it redirects, or the layout
    knows it and it is not simply left empty.
    """
    if each.holds is not SliceHolds.UFS:
        return False
    if expected is not None:
        return True
    try:
        return each.is_small and each.redirect is not None
    except InputError:
        return False


def _no_block(each: OpenSlice, expected: BootSlice | None) -> Finding:
    who = f"{expected.arch} machines boot from here, but " if expected is not None else ""
    return error(
        "boot-block-missing",
        each.place,
        f"{who}sectors 1 to 15 are empty: there is no boot block",
        advice("boot-block-missing"),
    )


def _leads_somewhere(
    medium: Medium, each: OpenSlice, expected: BootSlice | None, *, known: bool
) -> Iterator[Finding]:
    """Whether the boot block of a UFS slice finds a redirect or a loader."""
    try:
        redirect = each.redirect
        if redirect is not None:
            yield from _redirected(medium, each, redirect, expected)
        elif not _has_loader(each):
            tell = error if known and expected is not None else note
            yield tell(
                "redirect-missing",
                each.place,
                "a boot block, but neither a redirect file nor a ufsboot: nothing to boot",
                advice("redirect-missing"),
            )
    except InputError:
        return  # a broken UFS is told of elsewhere


def _redirected(
    medium: Medium, each: OpenSlice, redirect: bytes, expected: BootSlice | None
) -> Iterator[Finding]:
    digit = redirect[:1]
    target = medium.slice(int(digit)) if digit.isdigit() else None
    if target is None or target.number == each.number or target.ufs_is_absent:
        said = repr(redirect[:8].decode("latin-1"))
        yield error(
            "redirect-bad",
            each.place,
            f"the redirect file says {said}, which is no slice that holds a UFS",
            advice("redirect-bad"),
        )
    elif target.is_cut or target.ufs is None:
        return
    elif not _has_loader(target):
        yield error(
            "ufsboot-missing",
            target.place,
            f"{each.place} redirects to {target.place}, which has no {UFSBOOT}",
            advice("ufsboot-missing"),
        )
    elif expected is not None and not _has_loader(target, expected.arch):
        gone = target.tree is None or not expand(target.tree, f"/platform/{expected.arch}")
        yield (note if gone else error)(
            "ufsboot-missing",
            target.place,
            f"{each.place} is for {expected.arch} machines, but {target.place} has no "
            f"/platform/{expected.arch}/ufsboot: they do not boot from this disc",
            "" if gone else advice("ufsboot-missing"),
        )


def _has_loader(each: OpenSlice, arch: str = "*") -> bool:
    tree = each.tree
    return tree is not None and bool(expand(tree, f"/platform/{arch}/ufsboot"))


def _disk(medium: Medium) -> Iterator[Finding]:
    """A disk boots from the slice tagged root; a disk without one is not meant to."""
    for each in medium.slices:
        if each.entry.tag != TAG_ROOT or each.is_cut or each.ufs is None:
            continue
        if each.boot_block is None:
            yield warning(
                "boot-block-missing",
                each.place,
                "tagged root, but it has no boot block: the disk does not boot from it",
                advice("boot-block-missing"),
            )
        else:
            yield from check_block(each.boot_block, each.place)
