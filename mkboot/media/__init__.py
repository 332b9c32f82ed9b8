# SPDX-License-Identifier: Apache-2.0
"""Layouts, composing an image, inspecting, verifying."""
