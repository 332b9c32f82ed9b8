# SPDX-License-Identifier: Apache-2.0
"""Discs on real media: the drive is asked, a program writes, and every byte is read back."""
