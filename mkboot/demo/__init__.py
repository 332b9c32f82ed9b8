# SPDX-License-Identifier: Apache-2.0
"""Makers of the small base medium and host of ``mkboot demo``, by mkboot's own writers."""
