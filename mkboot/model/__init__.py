# SPDX-License-Identifier: Apache-2.0
"""The plain values that rooms share."""
