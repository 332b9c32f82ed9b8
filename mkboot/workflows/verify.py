# SPDX-License-Identifier: Apache-2.0
"""``verify``: every check that can be made without writing, of an image, a set or a job.

An image is checked by ``mkboot.media.verify``; here stands what needs more than one: that
all volumes of a set are there and hold the segments that the set names, and that the
dumps of a capture are those that were recorded.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mkboot.errors import CallerError, InputError
from mkboot.formats.checksum import digest_source
from mkboot.formats.ufsdump import read_dump
from mkboot.media.burn.record import NAME as BURNT
from mkboot.media.codes import advice as advice_for
from mkboot.media.facts import image_sha256
from mkboot.media.verify import verify_image, verify_medium
from mkboot.model.finding import Finding, Severity, error, warning
from mkboot.model.inspection import Checked, Verification
from mkboot.model.manifest import segment_bytes
from mkboot.model.system import BootBlock, Dump, System
from mkboot.progress import Progress
from mkboot.recovery.check import check_segments
from mkboot.recovery.sets import OpenSet, looks_like_set, open_set
from mkboot.system.jobfile import NAME
from mkboot.system.store import CaptureStore
from mkboot.tree.source import FileSource
from mkboot.workflows.build import RUNBOOK_FILE, SUMS
from mkboot.workflows.inspect import open_medium

#: What of a job is checked where it is there.
_CAPTURE, _SET = "capture", "set"


def verify(target: Path, progress: Progress) -> Verification:
    """Check an image, ``IMAGE:N``, a directory of volumes, or a job.

    Raises ``CallerError`` when there is no such thing, ``InputError`` when nobody knows
    what it is.
    """
    if not os.path.lexists(target):
        if re.fullmatch(r".+:[0-9]+", str(target), re.DOTALL):
            return verify_medium(open_medium(str(target)), progress)
        raise CallerError(f"{target}: no such file or directory")
    if (target / NAME).is_file():
        return _verify_job(target, progress)
    if target.is_dir() or _is_volume(target):
        return verify_set(target, progress)
    return verify_image(target, progress)


def _is_volume(path: Path) -> bool:
    """Whether an image is a volume of a set; a broken one is checked as an image alone."""
    try:
        return looks_like_set(path)
    except InputError:
        return False


def verify_set(path: Path, progress: Progress) -> Verification:
    """Every volume at hand, then what they should hold together."""
    try:
        opened = open_set(path, siblings=False)
    except InputError as e:
        return _verify_pieces(path, e, progress)
    found = [
        _named(f"volume {number}", verify_image(volume.path, progress))
        for number, volume in sorted(opened.volumes.items())
    ]
    _, total = segment_bytes(opened.manifest)
    with progress.step("compare the segments with the set", total, "bytes") as step:
        segments = check_segments(opened, thorough=True, advance=step.advance)
    whole = _together(found)
    return Verification(
        checked=replace(whole.checked, segments=segments.segments),
        findings=(
            *_told_once(whole.findings, segments.findings),
            *_missing_is_bad(segments.findings, whole=path.is_dir()),
            *_foreign(opened),
            *_accepted(opened),
            *_image_sums(opened, progress),
        ),
        not_checked=(*whole.not_checked, *_without_sums(opened)),
    )


def _accepted(opened: OpenSet) -> Iterator[Finding]:
    """File systems that were captured although they were not clean: nobody may forget it."""
    for fs in opened.manifest.system.file_systems:
        if fs.accepted:
            yield warning(
                "accepted-unclean",
                fs.slice,
                f"was captured although it was {fs.accepted}",
                advice_for("accepted-unclean"),
            )


def _without_sums(opened: OpenSet) -> Iterator[str]:
    for number, volume in sorted(opened.volumes.items()):
        if _recorded_sum(volume.path) is None:
            yield f"volume {number}: its image as a whole: {SUMS} beside it does not name it"


def _recorded_sum(path: Path) -> str | None:
    """The SHA-256 that SHA256SUMS beside an image tells of it, or None."""
    sums = path.with_name(SUMS)
    if not sums.is_file():
        return None
    text = sums.read_text(encoding="utf-8", errors="backslashreplace")
    match = re.search(rf"^([0-9a-f]{{64}}) [ *]{re.escape(path.name)}$", text, re.MULTILINE)
    return match[1] if match else None


def _verify_pieces(path: Path, why: InputError, progress: Progress) -> Verification:
    """The images of what is no whole set, one by one; ``why`` is raised where there are none.

    A disc alone whose description of its set is broken has its own files checked all the same.
    """
    if path.is_file():
        alone = verify_image(path, progress)
        unknown = f"what set the disc belongs to, and which other discs it needs: {why.message}"
        return replace(alone, not_checked=(*alone.not_checked, unknown))
    folder = path / _SET if (path / _SET).is_dir() else path
    images = sorted(folder.glob("*.iso")) if folder.is_dir() else []
    if not images:
        raise why
    whole = _together([_named(i.name, verify_image(i, progress)) for i in images])
    found = error(
        "volume-foreign", path.resolve().name, f"no whole set: {why.message}", why.hint or ""
    )
    return replace(whole, findings=(*whole.findings, found))


def _verify_job(folder: Path, progress: Progress) -> Verification:
    store = CaptureStore(folder / _CAPTURE)
    found: list[Verification] = []
    missing: list[str] = []
    if store.is_complete():
        found.append(_verify_capture(store, progress))
    else:
        missing.append("the capture: it is not complete")
    if (folder / _SET).is_dir():
        found.append(verify_set(folder / _SET, progress))
    else:
        missing.append("the discs: they are not built")
    whole = _together(found)
    findings = (*whole.findings, *_stale(folder, store)) if len(found) > 1 else whole.findings
    if not found:
        text = "the job has neither a complete capture nor discs"
        findings = (error("nothing-checked", "job", text, "mkboot status says what comes next"),)
    return replace(whole, findings=findings, not_checked=(*whole.not_checked, *missing))


def _stale(folder: Path, store: CaptureStore) -> Iterator[Finding]:
    """Discs that were built from another capture than the one that is there."""
    try:
        built = open_set(folder / _SET).manifest.system
    except InputError:
        return
    if built != store.load_system():
        said = "the discs were made from another capture than the one in the job"
        yield error("set-stale", "set", said, advice_for("set-stale"))


def _verify_capture(store: CaptureStore, progress: Progress) -> Verification:
    """Every dump against its recorded checksums, and read as a dump; every boot block."""
    system = store.load_system()
    dumps = [(f.slice, d) for f in system.file_systems for d in f.dumps]
    checked = Checked(structures=1)
    findings: list[Finding] = []
    total = sum(d.size for _, d in dumps)
    with progress.step("read the dumps", total, "bytes") as step:
        for name, dump in dumps:
            place = f"capture: {name} level {dump.level}"
            try:
                with store.open_dump(dump) as source:
                    findings += _dump_findings(source, dump, place, step.advance)
            except InputError as e:
                findings.append(_damaged(place, e.message))
                continue
            checked += Checked(1, dump.size, len(dump.segments), dump.inodes)
    findings += _boot_block_findings(store, system)
    checked += Checked(files=len(system.boot_blocks))
    return Verification(checked, tuple(findings), ())


def _dump_findings(
    source: FileSource, dump: Dump, place: str, advance: Callable[[int], None]
) -> Iterator[Finding]:
    offset = 0
    for number, wanted in enumerate(dump.segments, 1):
        length = min(wanted.size, source.size - offset)
        if digest_source(source, offset, length, advance) != wanted:
            text = f"piece {number}, from byte {offset} on, is not what was captured"
            yield error("segment-checksum", place, text, advice_for("segment-checksum"))
        offset += wanted.size
    if offset != dump.size:
        yield _damaged(place, f"{offset} of its {dump.size} bytes have checksums")
    try:
        yield from (replace(f, place=place) for f in read_dump(source).findings)
    except InputError as e:
        yield _damaged(place, e.message)


def _boot_block_findings(store: CaptureStore, system: System) -> Iterator[Finding]:
    for each in system.boot_blocks:
        problem = _boot_block_problem(store, each)
        if problem:
            yield error("boot-block-checksum", f"capture: {each.slice}", problem, "capture again")


def _boot_block_problem(store: CaptureStore, block: BootBlock) -> str:
    try:
        data = store.read_small(block.file)
    except InputError as e:
        return e.message
    same = hashlib.sha256(data).hexdigest() == block.sha256
    return "" if same else "its boot block is not the one that was captured"


def _told_once(files: Sequence[Finding], segments: Sequence[Finding]) -> Iterator[Finding]:
    """The findings of all files less those of segments whose own check tells more of them."""
    told = {(f.code, f.place.rpartition(": ")[2]) for f in segments}
    return (f for f in files if (f.code, f.place.rpartition(": ")[2]) not in told)


def _missing_is_bad(findings: tuple[Finding, ...], *, whole: bool) -> Iterator[Finding]:
    """A volume that is not in the set's directory is an error; one disc alone is no set."""
    for each in findings:
        missing = whole and each.code == "volume-missing"
        yield replace(each, severity=Severity.ERROR) if missing else each


def _foreign(opened: OpenSet) -> Iterator[Finding]:
    for path in opened.foreign:
        if path.name not in (SUMS, RUNBOOK_FILE, BURNT):
            text = "belongs to no volume of this set"
            yield warning("volume-foreign", path.name, text, advice_for("volume-foreign"))


def _image_sums(opened: OpenSet, progress: Progress) -> Iterator[Finding]:
    """The images against the SHA256SUMS that stands beside them, where one does."""
    for volume in opened.volumes.values():
        wanted = _recorded_sum(volume.path)
        if wanted is None:
            continue
        with progress.step(f"checksum of {volume.path.name}"):
            if image_sha256(volume.source) != wanted:
                said = f"its SHA-256 is not the one in {SUMS}"
                yield error(
                    "image-checksum",
                    f"volume {volume.label.number}",
                    said,
                    advice_for("image-checksum"),
                )


def _named(place: str, found: Verification) -> Verification:
    """The same, each finding with the volume it is about."""
    findings = tuple(replace(f, place=f"{place}: {f.place}") for f in found.findings)
    not_checked = tuple(f"{place}: {text}" for text in found.not_checked)
    return replace(found, findings=findings, not_checked=not_checked)


def _together(found: list[Verification]) -> Verification:
    checked = Checked()
    for each in found:
        checked += each.checked
    return Verification(
        checked=checked,
        findings=tuple(f for each in found for f in each.findings),
        not_checked=tuple(text for each in found for text in each.not_checked),
    )


def _damaged(place: str, text: str) -> Finding:
    return error("dump-damaged", place, text, advice_for("dump-damaged"))
