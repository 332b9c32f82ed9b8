# SPDX-License-Identifier: Apache-2.0
"""Colours of the maps, for light and dark grounds."""

from __future__ import annotations

#: Of file systems on the map of a set; text on them is dark, on either ground.
PALETTE = (
    "#4ac26b", "#54aeff", "#d4a72c", "#c297ff", "#d2a679", "#39c5bb", "#e0a3d0", "#b5c334",
    "#8ddb8c", "#9ecbff",
)  # fmt: skip

STYLE = """\
  text { font: 13px 'DejaVu Sans', Verdana, sans-serif; fill: #1b1f24 }
  .title { font-size: 17px; font-weight: bold }
  .dim { fill: #57606a; font-size: 12px }
  .on { fill: #1b1f24; font-size: 12px; text-anchor: middle }
  .back { fill: #ffffff }
  .piece { stroke: #1b1f24; stroke-width: 1 }
  .lead { fill: none; stroke: #8c959f; stroke-width: 1 }
  .over { stroke: #1b1f24; stroke-width: 1 } .dot { fill: #1b1f24 }
  .label { fill: #8c959f } .iso { fill: #54aeff } .ufs { fill: #4ac26b }
  .swap { fill: #d4a72c } .whole-disk { fill: #d0d7de } .empty { fill: #f6f8fa }
  .unknown { fill: #c297ff } .gap { fill: #eaeef2; stroke-dasharray: 3 3 }
  .system { fill: #afb8c1 } .room { fill: none; stroke: #8c959f; stroke-dasharray: 3 3 }
  .missing { fill: none; stroke: #cf222e; stroke-width: 2; stroke-dasharray: 5 3 }
  .wrong { stroke: #cf222e; stroke-width: 3 }
  .bad { fill: #cf222e } .warn { fill: #9a6700 }
  .end { stroke: #cf222e; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .dim { fill: #9198a1 } .back { fill: #0d1117 }
    .on { fill: #1b1f24 }
    .piece { stroke: #e6edf3 } .lead { stroke: #656c76 }
    .whole-disk { fill: #8c959f } .empty { fill: #151b23 } .gap { fill: #212830 }
    .room { fill: none; stroke: #656c76 }
    .bad { fill: #ff7b72 } .warn { fill: #e3b341 }
    .missing { fill: none } .missing, .end, .wrong { stroke: #ff7b72 }
  }
"""
