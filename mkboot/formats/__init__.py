# SPDX-License-Identifier: Apache-2.0
"""Bytes in, values out: one module or package per format."""
