# SPDX-License-Identifier: Apache-2.0
"""Images that are made once for all tests of media."""

from __future__ import annotations

from pathlib import Path

import pytest
from discs import base_medium, front_tree, ufs_slice
from set_making import Made, make_set

from fixtures.base_media import BaseFacts
from mkboot.demo.bootblocks import aout_sun4m, fcode_redirect


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> BaseFacts:
    """A base medium of the layout sparc-2.6."""
    return base_medium(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def base_9(tmp_path_factory: pytest.TempPathFactory) -> BaseFacts:
    """A base medium of the layout sparc-9."""
    return base_medium(tmp_path_factory.mktemp("base9"), "sparc-9", "9")


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Path, ...]]:
    """A directory for the ISO 9660, and three UFS slices with distinct bytes."""
    folder = tmp_path_factory.mktemp("parts")
    slices = (
        ufs_slice(folder, "one", b"first slice\n"),
        ufs_slice(folder, "two", b"second slice\n", aout_sun4m()),
        ufs_slice(folder, "three", b"third slice\n", fcode_redirect()),
    )
    return front_tree(folder), slices


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A set of two volumes, made by mkboot, with its host and its base medium."""
    work = tmp_path_factory.mktemp("made")
    return make_set(work, layout="sparc-9", release="9", seed=5, media="41M", big=False)
