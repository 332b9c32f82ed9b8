# SPDX-License-Identifier: Apache-2.0
"""mkboot: bootable recovery and install media for Solaris, made and proved on Linux."""

__version__ = "0.1.0"
