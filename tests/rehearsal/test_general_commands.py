# SPDX-License-Identifier: Apache-2.0
"""General commands where a case folder does not do: references, owners, devices, big data."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path

import pytest
from conftest import needs
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rehearsal_bench import Bench
from ufs_making import noise

from mkboot.formats.checksum import digest_source
from mkboot.formats.label import SliceEntry, make_label
from mkboot.model.values import Geometry
from mkboot.rehearsal.call import NotModelled
from mkboot.rehearsal.commands.bre import UnknownPattern, compile_bre, compile_ere
from mkboot.rehearsal.commands.expression import Complaint, evaluate
from mkboot.rehearsal.commands.owners import changed_mode
from mkboot.rehearsal.commands.sedscript import parse_script
from mkboot.rehearsal.hardware import Disk
from mkboot.tree.content import ContentSource
from mkboot.tree.node import regular

PATH = "/pci@1f,0/scsi@2/sd@a,0"
CYLINDER = 16 * 63
WHEN = 10**9 * 10**9
BIG = 3 << 20


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path / "root", tmp_path)
    (made.root / "etc").mkdir()
    (made.root / "etc/passwd").write_bytes(b"root:x:0:1:::\nlp:x:71:8:::\n")
    (made.root / "etc/group").write_bytes(b"root::0:\nother::1:\nlp::8:\n")
    return made


def big(bench: Bench, name: str = "big", mode: int = 0o4755) -> bytes:
    """A large file by reference; its content."""
    content = noise(BIG)
    bench.shadow.put(bench.root / name, regular(content, mode, 71, 8, WHEN))
    assert (bench.root / name).stat().st_blocks * 512 < BIG
    return content.read(0, BIG)


def with_disk(bench: Bench) -> Disk:
    disk = Disk(PATH, bench.work / "disk", 22 * CYLINDER, 16, 63)
    slices = (SliceEntry(0, 0, 10 * CYLINDER, 2), SliceEntry(2, 0, 20 * CYLINDER, 5))
    disk.put_label(make_label(Geometry(16, 63, 20, 2), slices))
    bench.disks = (disk,)
    node = bench.root / f"devices{PATH}:a"
    node.parent.mkdir(parents=True)
    for kind, end in (("dsk", ""), ("rdsk", ",raw")):
        node.with_name(node.name + end).touch(0o640)
        link = bench.root / "dev" / kind / "c0t10d0s0"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"../../devices{PATH}:a{end}")
    return disk


# --- content by reference -----------------------------------------------------------------------


def test_cat_and_cksum_read_what_is_only_referred_to(bench: Bench) -> None:
    data = big(bench)
    assert bench.run([b"cat", b"big"]).out == data
    whole = digest_source(ContentSource(noise(BIG)))
    said = bench.run([b"cksum", b"/big"]).out
    assert said == f"{whole.cksum}\t{BIG}\t/big\n".encode()
    assert bench.run([b"cksum"], stdin=bench.root / "big").out == said[: said.rindex(b"\t")] + b"\n"
    assert bench.run([b"sum", b"big"]).out == f"{whole.sum} {BIG // 512} big\n".encode()


def test_cat_sends_real_files_and_leaves_standard_input_at_its_end(bench: Bench) -> None:
    data = os.urandom(1 << 20)
    (bench.root / "real").write_bytes(data)
    assert bench.run([b"cat", b"real", b"real"]).out == data * 2
    fd = os.open(bench.root / "real", os.O_RDONLY)
    try:
        os.lseek(fd, 5, os.SEEK_SET)
        assert bench.run([b"cat"], stdin=Path(f"/proc/self/fd/{fd}")).out == data
    finally:
        os.close(fd)


def test_a_copy_of_a_large_file_refers_to_it(bench: Bench) -> None:
    data = big(bench)
    assert bench.run([b"cp", b"-p", b"big", b"copy"]).code == 0
    node = bench.shadow.look(bench.root / "copy")
    assert (node.uid, node.gid, node.mode, node.mtime) == (71, 8, 0o4755, WHEN)
    assert (bench.root / "copy").stat().st_blocks * 512 < BIG
    assert bench.run([b"cmp", b"big", b"copy"]).code == 0
    assert bench.run([b"cp", b"big", b"plain"]).code == 0
    node = bench.shadow.look(bench.root / "plain")
    assert (node.uid, node.mode & 0o7777) == (bench.shadow.owner[0], 0o755)
    # Over a file that is there its bytes go into it: the same inode, owner and mode.
    assert bench.run([b"chown", b"lp:lp", b"plain"]).code == 0
    number = (bench.root / "plain").stat().st_ino
    assert bench.run([b"cp", b"/etc/passwd", b"plain"]).code == 0
    assert (bench.root / "plain").stat().st_ino == number
    assert bench.shadow.look(bench.root / "plain").uid == 71
    assert bench.run([b"cat", b"plain"]).out.startswith(b"root:")
    assert bench.run([b"cat", b"big"]).out == data


def test_a_large_file_moves_with_all_it_has(bench: Bench) -> None:
    data = big(bench)
    assert bench.run([b"mv", b"big", b"moved"]).code == 0
    assert not (bench.root / "big").exists()
    assert bench.shadow.look(bench.root / "moved").uid == 71
    assert bench.run([b"cat", b"moved"]).out == data
    assert bench.run([b"rm", b"moved"]).code == 0
    assert bench.run([b"cat", b"moved"]).code == 2


def test_dd_writes_into_a_large_file_without_losing_the_rest(bench: Bench) -> None:
    data = big(bench)
    argv = [b"dd", b"if=/etc/group", b"of=big", b"bs=1", b"count=4", b"seek=9", b"conv=notrunc"]
    assert bench.run(argv).code == 0
    assert bench.run([b"cat", b"big"]).out == data[:9] + b"root" + data[13:]


# --- owners and modes -----------------------------------------------------------------------------


def test_owners_and_modes_are_seen_by_ls(bench: Bench) -> None:
    (bench.root / "a").write_bytes(b"12345")
    os.utime(bench.root / "a", ns=(WHEN, WHEN))
    assert bench.run([b"chmod", b"4711", b"a"]).code == 0
    assert bench.run([b"chown", b"lp:root", b"a"]).code == 0
    line = b"-rws--x--x   1 lp       root           5 Sep  9  2001 a\n"
    assert bench.run([b"ls", b"-l", b"a"]).out == line
    assert bench.run([b"chgrp", b"8", b"a"]).code == 0
    line = b"-rws--x--x   1 71       8              5 Sep  9  2001 a\n"
    assert bench.run([b"ls", b"-n", b"a"]).out == line


def test_ls_shows_where_a_disk_lies(bench: Bench) -> None:
    with_disk(bench)
    said = bench.run([b"ls", b"-l", b"/dev/rdsk/c0t10d0s0"]).out
    assert said.startswith(b"lrwxrwxrwx   1 root     ")
    assert said.endswith(b"/dev/rdsk/c0t10d0s0 -> ../../devices" + PATH.encode() + b":a,raw\n")
    said = bench.run([b"ls", b"-lL", b"/dev/dsk/c0t10d0s0"]).out
    assert said.startswith(b"b") and b" 32,  0 " in said


@pytest.mark.parametrize(
    ("old", "wanted", "mask", "new"),
    [
        (0o644, b"755", 0, 0o755),
        (0o644, b"u+x", 0, 0o744),
        (0o644, b"+x", 0o022, 0o755),
        (0o666, b"+w", 0o022, 0o666),
        (0o777, b"go-w", 0, 0o755),
        (0o777, b"o=r", 0, 0o774),
        (0o755, b"u+s,g+s", 0, 0o6755),
        (0o4755, b"a-s", 0, 0o755),
        (0o777, b"+t", 0, 0o1777),
    ],
)
def test_modes(old: int, wanted: bytes, mask: int, new: int) -> None:
    assert changed_mode(old, wanted, mask) == new


def test_touch_takes_times_from_another_file(bench: Bench) -> None:
    big(bench)
    assert bench.run([b"touch", b"-r", b"big", b"new"]).code == 0
    assert bench.shadow.look(bench.root / "new").mtime == WHEN
    assert bench.run([b"touch", b"big"]).code == 0
    assert bench.shadow.look(bench.root / "big").mtime > WHEN
    assert len(bench.run([b"cat", b"big"]).out) == BIG


# --- devices ------------------------------------------------------------------------------------


def test_dd_to_and_from_a_raw_device(bench: Bench) -> None:
    disk = with_disk(bench)
    before = disk.pread(0, 512)
    (bench.root / "boot").write_bytes(b"B" * 1000)
    argv = [b"dd", b"if=/boot", b"of=/dev/rdsk/c0t10d0s0", b"bs=1b", b"oseek=1", b"count=15"]
    assert bench.run([*argv, b"conv=sync"]).err == b"1+1 records in\n2+0 records out\n"
    assert disk.pread(0, 512) == before
    assert disk.pread(512, 1024) == b"B" * 1000 + bytes(24)
    # Without padding the last block is no whole sector.
    done = bench.run(argv)
    assert (done.code, done.err.splitlines()[0]) == (2, b"dd: write: Invalid argument")
    argv = [b"dd", b"if=/dev/rdsk/c0t10d0s0", b"bs=512", b"iseek=1", b"count=2"]
    assert bench.run(argv).out == b"B" * 1000 + bytes(24)


def test_dd_goes_past_bad_sectors_only_with_noerror(bench: Bench) -> None:
    disk = with_disk(bench)
    disk.faults.bad = {3}
    argv = [b"dd", b"if=/dev/rdsk/c0t10d0s0", b"bs=512", b"count=5"]
    done = bench.run(argv)
    assert (done.code, len(done.out)) == (2, 3 * 512)
    done = bench.run([*argv, b"conv=noerror,sync"])
    assert (done.code, len(done.out)) == (0, 6 * 512)
    assert done.err.endswith(b"5+0 records in\n6+0 records out\n")
    disk.faults.bad = set(range(3, 20))
    assert bench.run([*argv, b"conv=noerror"]).code == 2


def test_an_end_of_a_device_is_no_room(bench: Bench) -> None:
    with_disk(bench)
    seek = b"seek=%d" % (10 * CYLINDER)
    done = bench.run([b"dd", b"if=/etc/group", b"of=/dev/rdsk/c0t10d0s0", b"conv=sync", seek])
    assert done.code == 2
    assert b"No space left on device" in done.err


# --- packed -------------------------------------------------------------------------------------


@needs("gzip")
def test_uncompress_undoes_compress(bench: Bench) -> None:
    packed = bytes.fromhex("1f9d903164cca051c3c60d1c3900")
    done = bench.run([b"uncompress"], stdin=packed)
    assert (done.out, done.code) == (b"123456789", 0)
    (bench.root / "a.Z").write_bytes(packed)
    assert bench.run([b"zcat", b"a"]).out == b"123456789"
    assert bench.run([b"uncompress", b"a"]).code == 0
    assert (bench.root / "a").read_bytes() == b"123456789"
    assert not (bench.root / "a.Z").exists()
    (bench.root / "a.Z").write_bytes(packed)
    assert bench.run([b"uncompress", b"a.Z"]).code == 1
    done = bench.run([b"zcat"], stdin=packed[:3] + b"\xff" * 9)
    assert (done.code, done.err) == (1, b"uncompress: corrupt input\n")


def test_gunzip_of_a_stream_that_ends_too_soon(bench: Bench) -> None:
    bench.release = "8"
    packed = gzip.compress(b"x" * 10_000) + gzip.compress(b"y")
    assert bench.run([b"gzip", b"-dc"], stdin=packed).out == b"x" * 10_000 + b"y"
    done = bench.run([b"gunzip"], stdin=packed[:-6])
    assert done.code == 1
    assert bench.run([b"gunzip"], stdin=b"plain").code == 1


# --- the size of file systems -------------------------------------------------------------------


def test_df_counts_in_kilobytes(bench: Bench) -> None:
    (bench.root / "tmp").mkdir()
    done = bench.run([b"df", b"-k", b"/tmp"])
    heading, row = done.out.splitlines()
    assert heading == b"Filesystem            kbytes    used   avail capacity  Mounted on"
    words = row.split()
    assert (words[0], words[5]) == (b"/dev/dsk/c0t0d0s0", b"/")
    total, used, available = map(int, words[1:4])
    assert total - used == available > 0
    assert bench.run([b"df", b"-k", b"/nosuch"]).code == 1
    with pytest.raises(NotModelled):
        bench.run([b"df"])


# --- what is assumed is told ---------------------------------------------------------------


def test_assumptions_are_kept_for_the_report(bench: Bench) -> None:
    bench.run([b"expr", b"1", b"+", b"1"])
    assert any("32 bits" in line for line in bench.assumed)
    bench.assumed.clear()
    bench.release = "10"
    bench.run([b"expr", b"1", b"+", b"1"])
    assert not bench.assumed


def test_a_full_output_ends_cat(bench: Bench) -> None:
    big(bench)
    fd = os.open("/dev/full", os.O_WRONLY)
    try:
        done = bench.run([b"cat", b"big"], stdout=fd)
        assert (done.code, done.err) == (2, b"cat: write error: No space left on device\n")
        with pytest.raises(NotModelled, match="No space left"):
            bench.run([b"cut", b"-c1", b"/etc/passwd"], stdout=fd)
    finally:
        os.close(fd)


# --- against the workstation's own programs -------------------------------------------------

ATOMS = ["a", "b", "c", ".", "[ab]", "[^a]", "[a-c]", "a*", ".*", r"\(a\)", r"\(.*\)", r"b\{1,2\}"]
PATTERNS = st.builds(
    lambda head, atoms, tail: head + "".join(atoms) + tail,
    st.sampled_from(["", "^"]),
    st.lists(st.sampled_from(ATOMS), min_size=1, max_size=4),
    st.sampled_from(["", "$"]),
)
LINES = st.lists(st.text("abc/ ", max_size=8), min_size=1, max_size=5)
ORACLE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def real(*argv: str, stdin: bytes = b"") -> bytes:
    done = subprocess.run(argv, input=stdin, capture_output=True, env={"LC_ALL": "C"}, check=False)
    return done.stdout


@needs("grep")
@ORACLE
@given(PATTERNS, LINES)
def test_patterns_find_what_grep_finds(bench: Bench, pattern: str, rows: list[str]) -> None:
    text = "".join(row + "\n" for row in rows).encode()
    done = bench.run([b"grep", pattern.encode()], stdin=text)
    assert done.out == real("grep", "--", pattern, stdin=text)


@needs("sed")
@ORACLE
@given(PATTERNS, st.sampled_from(["", "<&>", r"\&", "x"]), st.sampled_from(["", "g"]), LINES)
def test_sed_replaces_what_sed_replaces(
    bench: Bench, pattern: str, replacement: str, flag: str, rows: list[str]
) -> None:
    script = f"s%{pattern}%{replacement}%{flag}"
    text = "".join(row + "\n" for row in rows).encode()
    done = bench.run([b"sed", script.encode()], stdin=text)
    assert done.out == real("sed", script, stdin=text)


STEPS = [
    "p",
    "$!d",
    "1d",
    "2q",
    "/a/p",
    "h",
    "G",
    "x",
    "H",
    "$=",
    "n",
    "s/a/b/p",
    "/a/,/b/d",
    "2,3!d",
]


@needs("sed")
@ORACLE
@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=4), LINES, st.booleans())
@example(["n", "2,3!d"], ["", "", "", ""], False)
def test_sed_goes_through_scripts_as_sed_does(
    bench: Bench, steps: list[str], rows: list[str], quiet: bool
) -> None:
    script = "\n".join(steps)
    text = "".join(row + "\n" for row in rows).encode()
    argv = ["sed", *(["-n"] if quiet else []), script]
    try:
        done = bench.run([a.encode() for a in argv], stdin=text)
    except NotModelled:
        return
    assert done.out == real(*argv, stdin=text)


NUMBERS = st.integers(-50, 50).map(str)
EXPRESSIONS = st.recursive(
    NUMBERS.map(lambda n: [n]),
    lambda inner: st.builds(
        lambda a, o, b, paren: ["(", *a, o, *b, ")"] if paren else [*a, o, *b],
        inner, st.sampled_from(["+", "-", "*", "/", "%", "<", "=", ">=", "&", "|"]), inner,
        st.booleans(),
    ),
    max_leaves=5,
)  # fmt: skip


@needs("expr")
@ORACLE
@given(EXPRESSIONS)
def test_expr_computes_what_expr_computes(words: list[str]) -> None:
    try:
        said = evaluate([w.encode() for w in words], 64)
    except Complaint as e:
        assert e.name == "zero"
        said = b""
    assert said == real("expr", *words).rstrip(b"\n")


@given(st.binary(max_size=12))
@settings(max_examples=300)
def test_odd_patterns_and_scripts_are_refused_or_read(text: bytes) -> None:
    for read in (compile_bre, compile_ere, parse_script):
        try:
            read(text)
        except UnknownPattern as e:
            assert str(e)


@pytest.mark.parametrize(
    "script",
    ["", "p", "1,$p", "/a/!s/b/c/", "s%a%b%gp", "/x/{\np\nd\n}", ":a\nba", "y/a/b/", "$a\\\ntext"],
)
def test_scripts_that_are_known(script: str) -> None:
    parse_script(script.encode())


@pytest.mark.parametrize(
    "script",
    [
        "s/a/b/I", "s/a/b/w f", "r f", "w f", "l", "0,/a/p", "1~2p", "a text", "p}", "{p", "//p",
        "s/a\\+/b/", "s/a/\\n/", "s/a/\\U&/", "ba", "s/a/b", "/a", "y/ab/c/", "p p", "\\,a,p",
        "s/[/]/x/",
    ],
)  # fmt: skip
def test_scripts_that_are_not_known(script: str) -> None:
    with pytest.raises(UnknownPattern):
        parse_script(script.encode())
