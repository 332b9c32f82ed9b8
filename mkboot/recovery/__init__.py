# SPDX-License-Identifier: Apache-2.0
"""Restore plan, splitting over volumes, what is written on the discs."""
