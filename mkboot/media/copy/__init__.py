# SPDX-License-Identifier: Apache-2.0
"""Copying discs, byte for byte, with a map of what was read and what was not (docs/copy.md)."""
