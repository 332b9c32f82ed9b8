# SPDX-License-Identifier: Apache-2.0
"""Any geometry that mkfs takes gives a file system in which nobody finds a fault."""

from __future__ import annotations

import pytest
import ufs_recount
from conftest import needs
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from judge import TSK_BLIND, differences, tree_rows, tsk_rows, with_lost_found
from ufs_making import TIME, image_of, ufs_trees

from mkboot.errors import InputError
from mkboot.formats.ufs import fits, lay_out
from mkboot.formats.ufs.geometry import least_cylinders, most_inodes
from mkboot.model.values import UfsParameters
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, directory


@st.composite
def geometries(draw: st.DrawFn) -> UfsParameters:
    """Arguments within mkfs' limits; most are taken, some refused."""
    bsize = draw(st.sampled_from([8192, 8192, 4096]))
    nsect = draw(st.one_of(st.integers(8, 300), st.sampled_from([640, 63, 128, 255])))
    return UfsParameters(
        size=draw(st.integers(4000, 50_000)),
        nsect=nsect,
        ntrack=draw(st.one_of(st.just(1), st.integers(1, 27))),
        bsize=bsize,
        fragsize=bsize // draw(st.sampled_from([1, 2, 4, 8])),
        cpg=draw(st.integers(1, 40)),
        minfree=draw(st.integers(0, 99)),
        rps=draw(st.sampled_from([60, 90, 120])),
        nbpi=draw(st.sampled_from([512, 2048, 4096, 8192, 65536])),
        optimize=draw(st.sampled_from(["t", "s"])),
        nrpos=draw(st.one_of(st.just(8), st.integers(1, 8))),
        maxcontig=draw(st.integers(1, 128)),
    )


def taken(parameters: UfsParameters, tree: FileTree) -> bool:
    """Whether mkfs takes the arguments and the tree fits."""
    return fits(tree, parameters) is None


@needs("fsstat", "blkls", "ils")
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(geometries(), ufs_trees(most=5))
def test_no_fault_in_any_geometry(
    tmp_path_factory: pytest.TempPathFactory, parameters: UfsParameters, tree: FileTree
) -> None:
    assume(taken(parameters, tree))
    path = tmp_path_factory.mktemp("geometry") / "image"
    made = image_of(path, tree, parameters)
    data = path.read_bytes()
    assert ufs_recount.faults(data) == []
    assert not data[made.bytes :].strip(b"\0"), "written past the end"
    wanted = tree_rows(with_lost_found(tree, TIME))
    seen = tsk_rows(path, small=parameters.bsize == 4096)
    assert differences(wanted, seen, TSK_BLIND) == []
    path.unlink()


@settings(max_examples=300, deadline=None)
@given(geometries())
def test_what_always_holds_of_a_layout(parameters: UfsParameters) -> None:
    try:
        layout = lay_out(parameters)
    except InputError:
        assume(False)
        return
    mincpc = least_cylinders(parameters.bsize // 512, layout.spc)
    assert layout.cpg % mincpc == 0
    assert layout.fpg % layout.frag == 0
    assert 0 < layout.ipg <= most_inodes(layout.bsize)
    assert layout.cgsize <= layout.bsize
    assert layout.sbsize <= 8192
    assert (layout.ncg - 1) * layout.cpg < layout.ncyl <= layout.ncg * layout.cpg
    assert layout.bytes <= parameters.size * 512
    assert 0 < layout.dsize < layout.size
    for group in range(layout.ncg):
        first, after = layout.metadata(group)
        assert layout.base(group) <= first < after <= layout.end(group)


def test_enough_geometries_are_taken() -> None:
    """The two tests above would prove nothing if most were refused."""
    counts = {True: 0, False: 0}
    tree = TreeBuilder(directory(mtime=SECOND)).build()

    @settings(max_examples=100, database=None, phases=[Phase.generate], derandomize=True)
    @given(geometries())
    def count(parameters: UfsParameters) -> None:
        counts[taken(parameters, tree)] += 1

    count()
    assert counts[True] > 50
