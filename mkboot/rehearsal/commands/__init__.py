# SPDX-License-Identifier: Apache-2.0
"""The commands of the emulated machine: one TOML file each, and their handlers."""
