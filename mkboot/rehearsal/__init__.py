# SPDX-License-Identifier: Apache-2.0
"""A disc's own scripts restore it here, on an emulated machine, before a Sun has to."""
