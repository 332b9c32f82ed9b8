# SPDX-License-Identifier: Apache-2.0
"""What the install environment lacks is taken from the host, with what it needs to run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import needs
from hypothesis import given
from hypothesis import strategies as st

from mkboot.demo.elf import make_elf
from mkboot.demo.planting import Planter
from mkboot.errors import InputError
from mkboot.model.manifest import BorrowedKind
from mkboot.recovery.borrow import Borrowing, Need, borrow, unmet
from mkboot.recovery.elf import read_program
from mkboot.tree.content import BytesContent

CKSUM = Need("cksum", ("/usr/sbin/cksum", "/usr/bin/cksum"))
UNPACK = Need("uncompress or zcat", ("/usr/bin/uncompress", "/usr/bin/zcat"))
LINKER = "/usr/lib/ld.so.1"
ENVIRONMENT = frozenset({LINKER, "/usr/lib/libc.so.1", "/sbin/sh"})


def host(**files: bytes) -> Planter:
    """A host with these programs in /usr/bin."""
    to = Planter(resolution=1000)
    for name, data in files.items():
        to.file(f"usr/bin/{name}".encode(), data, 0o4555)
    return to


def lent(to: Planter, *wanted: Need, environment: frozenset[str] = ENVIRONMENT) -> Borrowing:
    return borrow(wanted or (CKSUM,), environment.__contains__, to.build())


def names(borrowing: Borrowing) -> list[tuple[str, bytes]]:
    return [(b.file, b.path) for b in borrowing.files]


def test_what_is_there_is_not_taken() -> None:
    made = lent(host(cksum=make_elf("cksum")), environment=ENVIRONMENT | {"/usr/bin/cksum"})
    assert (made.files, made.missing) == ((), ())
    assert unmet([CKSUM], lambda path: path == "/usr/bin/cksum") == ()


def test_a_command_with_all_its_libraries() -> None:
    to = host(cksum=make_elf("cksum", ("liba.so.1", "libc.so.1"), rpath="/opt/lib:$ORIGIN/../x"))
    to.file(b"usr/lib/libb.so.2", make_elf("libb.so.2", ("libc.so.1",), library=True))
    to.file(b"usr/lib/libc.so.1", make_elf("libc.so.1", library=True))
    to.file(b"opt/real/liba.so.1.4", make_elf("liba.so.1", ("libb.so.2",), library=True))
    to.symlink(b"opt/lib", b"/opt/real")
    to.symlink(b"opt/real/liba.so.1", b"liba.so.1.4")
    made = lent(to)
    assert names(made) == [
        ("/mkboot/bin/cksum", b"/usr/bin/cksum"),
        ("/mkboot/lib/liba.so.1", b"/opt/lib/liba.so.1"),
        ("/mkboot/lib/libb.so.2", b"/usr/lib/libb.so.2"),
    ]
    assert [b.kind for b in made.files] == [BorrowedKind.COMMAND, *[BorrowedKind.LIBRARY] * 2]
    content = made.contents["/mkboot/lib/libb.so.2"]
    assert content.read(0, 10_000) == make_elf("libb.so.2", ("libc.so.1",), library=True)
    assert all(b.checksums.size == made.contents[b.file].size for b in made.files)


def test_libraries_beside_the_program() -> None:
    to = host(cksum=make_elf("cksum", ("libx.so",), rpath="$ORIGIN/../x"))
    to.file(b"usr/x/libx.so", make_elf("libx.so", library=True))
    assert names(lent(to))[1] == ("/mkboot/lib/libx.so", b"/usr/bin/../x/libx.so")


def test_one_of_the_alternatives_is_enough() -> None:
    assert lent(host(), UNPACK, environment=frozenset({"/usr/bin/zcat"})).missing == ()
    made = lent(host(zcat=make_elf("zcat")), UNPACK)
    assert names(made) == [("/mkboot/bin/zcat", b"/usr/bin/zcat")]
    both = lent(host(zcat=make_elf("zcat"), uncompress=make_elf("uncompress")), UNPACK)
    assert names(both) == [("/mkboot/bin/uncompress", b"/usr/bin/uncompress")]


def test_an_alternative_that_cannot_run_is_passed_over() -> None:
    made = lent(host(uncompress=b"no program", zcat=make_elf("zcat")), UNPACK)
    assert names(made) == [("/mkboot/bin/zcat", b"/usr/bin/zcat")]
    assert made.missing == ()


def test_of_two_word_sizes_the_narrow_one() -> None:
    to = host(cksum=make_elf("isaexec"))
    to.file(b"usr/bin/sparcv7/cksum", make_elf("cksum"))
    assert names(lent(to)) == [("/mkboot/bin/cksum", b"/usr/bin/sparcv7/cksum")]


def test_a_script_needs_its_interpreter() -> None:
    assert lent(host(cksum=b"#!/sbin/sh -e\nexit 0\n")).missing == ()
    why = lent(host(cksum=b"#!/usr/bin/perl\n")).missing[0].why
    assert "/usr/bin/perl, which the install environment lacks" in why


SPARC = make_elf("cksum", ("libc.so.1",))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "none, nor the captured host"),
        (b"\x7fELF", "no whole ELF"),
        (SPARC[:4] + b"\x02" + SPARC[5:], "no 32-bit SPARC program: 64 bits"),
        (SPARC[:18] + b"\0\x2b" + SPARC[20:], "no 32-bit SPARC program: 32 bits, big-endian, EM_S"),
        (SPARC[:16] + b"\0\x01" + SPARC[18:], "cannot be run: it is ET_REL"),
        (b"#!\n", "script for nobody knows what"),
        (b"MZ\x90", "neither a SPARC program nor a script"),
        (make_elf("cksum", ("libgone.so.1",)), "needs libgone.so.1, which is nowhere on the host"),
        (make_elf("cksum", ("-rf.so",)), "needs -rf.so, which is nowhere"),
    ],
)  # fmt: skip
def test_what_cannot_run_is_missing_and_says_why(data: bytes, why: str) -> None:
    made = lent(host(cksum=data))
    assert made.files == ()
    (lost,) = made.missing
    assert (lost.need, lost.stage) == (CKSUM, 1)
    assert why in lost.why


def test_no_linker_no_program() -> None:
    made = lent(host(cksum=SPARC), environment=frozenset({"/usr/lib/libc.so.1"}))
    assert f"wants {LINKER}" in made.missing[0].why


def test_a_library_that_cannot_be_read_takes_its_command_along() -> None:
    to = host(cksum=make_elf("cksum", ("liba.so.1",)))
    to.file(b"usr/lib/liba.so.1", b"garbage")
    assert lent(to).files == ()


def test_the_second_stage_has_the_hosts_own() -> None:
    late = Need("eject", ("/usr/bin/eject",), (2,))
    assert lent(host(eject=make_elf("eject")), late).missing == ()
    assert [(m.stage, m.why) for m in lent(host(), late).missing] == [
        (2, "the captured host has none")
    ]
    optional = Need("eject", ("/usr/bin/eject",), (1, 2), optional=True)
    assert lent(host(), optional).missing == ()
    assert names(lent(host(eject=make_elf("eject")), optional))


def test_loops_end() -> None:
    to = host(cksum=make_elf("cksum", ("liba.so.1",)))
    to.file(b"usr/lib/liba.so.1", make_elf("liba.so.1", ("libb.so.1",), library=True))
    to.file(b"usr/lib/libb.so.1", make_elf("libb.so.1", ("liba.so.1",), library=True))
    to.symlink(b"usr/bin/loop", b"loop")
    assert len(lent(to, CKSUM, Need("loop", ("/usr/bin/loop",), optional=True)).files) == 3


def test_without_a_host_everything_is_missing() -> None:
    assert borrow([CKSUM], ENVIRONMENT.__contains__, None).missing[0].need is CKSUM


@given(st.data())
def test_a_damaged_program_is_the_inputs_fault(data: st.DataObject) -> None:
    """Nothing but ``InputError`` comes out of the reader, whatever the bytes are."""
    text = bytearray(make_elf("cksum", ("liba.so.1", "libc.so.1"), rpath="/opt/lib"))
    for _ in range(data.draw(st.integers(1, 6))):
        text[data.draw(st.integers(4, len(text) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(4, len(text)))
    try:
        read_program(BytesContent(bytes(text[:cut])), ("x",))
    except InputError as e:
        assert e.place == ("x",)


@needs("readelf")
def test_the_stand_ins_are_genuine(tmp_path: Path) -> None:
    path = tmp_path / "cksum"
    path.write_bytes(make_elf("cksum", ("liba.so.1", "libc.so.1"), rpath="/opt/lib"))
    done = subprocess.run(["readelf", "-hld", path], capture_output=True, text=True, check=True)
    assert "Warning" not in done.stderr and done.stderr == ""
    for words in ("ELF32", "big endian", "Sparc", "EXEC", LINKER, "[liba.so.1]", "[/opt/lib]"):
        assert words in done.stdout
