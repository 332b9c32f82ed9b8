# SPDX-License-Identifier: Apache-2.0
"""A kernel that is slow to hand on what was typed: the person does not type it twice."""

from __future__ import annotations

import os
import threading

import pytest

from mkboot.rehearsal import console as module
from mkboot.rehearsal.console import Console


def test_nothing_is_typed_again_before_its_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bytes] = []
    write = os.write
    console = Console()
    asked: list[bytes] = []

    def answer(said: bytes) -> bytes:
        asked.append(said)
        return b"yes\n"

    console.on_read = answer

    def keep(_fd: int, data: bytes) -> int:
        kept.append(data)
        return len(data)

    monkeypatch.setattr(module.os, "write", keep)
    reader = threading.Thread(target=console.read, args=(console.slave, 10), daemon=True)
    reader.start()
    console.start()
    reader.join(0.3)
    assert len(asked) == 1
    write(console._master, kept[0])
    reader.join(5)
    assert not reader.is_alive()
    console.close()
