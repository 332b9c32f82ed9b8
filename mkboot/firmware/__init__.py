# SPDX-License-Identifier: Apache-2.0
"""Booting an image under QEMU and reading its verdict."""
