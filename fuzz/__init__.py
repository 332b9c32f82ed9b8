# SPDX-License-Identifier: Apache-2.0
"""Fuzzing of everything that reads bytes of strangers: ``make fuzz``."""
