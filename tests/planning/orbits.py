"""Elements for tests that need no shared data, and places to look at."""

from __future__ import annotations

import datetime as dt

import shapely

from sitewatch.planning import Elements, parse_elements
from sitewatch.site import Site

S2A = """SENTINEL-2A
1 40697U 15028A   26263.59927622  .00000189  00000+0  88691-4 0  9996
2 40697  98.5664 337.0618 0001130  82.3351 277.7960 14.30817414587372
"""
S2A_LATER = """SENTINEL-2A
1 40697U 15028A   26274.29857647 -.00000002  00000+0  15863-4 0  9990
2 40697  98.5653 347.6046 0001070  85.9280 274.2026 14.30818852588907
"""
S2B = """SENTINEL-2B
1 42063U 17013A   26263.59211295  .00000276  00000+0  12211-3 0  9994
2 42063  98.5709 336.9934 0001197  85.8635 274.2685 14.30816269498280
"""
S2C = """SENTINEL-2C
1 60989U 24157A   26263.48723347  .00000039  00000+0  31511-4 0  9994
2 60989  98.5719 336.8948 0001363  85.4822 274.6516 14.30814517106615
"""
LANDSAT_9 = """LANDSAT 9
1 49260U 21088A   26266.94377364  .00000206  00000+0  55877-4 0  9998
2 49260  98.2191 335.8779 0001464  93.1652 266.9714 14.57101826265380
"""
S1A = """SENTINEL-1A
1 39634U 14016A   26266.95583925  .00000028  00000+0  15467-4 0  9991
2 39634  98.1598 272.9400 0001449  85.9652 274.1714 14.59807083664427
"""

SINCE = dt.datetime(2026, 9, 21, tzinfo=dt.UTC)
UNTIL = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)


def elements(*texts: str) -> tuple[Elements, ...]:
    return parse_elements("".join(texts).encode(), name="test.tle")


def site(longitude: float, latitude: float, *, size: float = 0.01) -> Site:
    box = shapely.box(longitude - size, latitude - size, longitude + size, latitude + size)
    return Site(id="site", name="Site", outline=box)


def signed(line: str) -> str:
    """A line of elements with its right checksum in place of its last character."""
    return line[:68] + str(sum(int(c) if c.isdigit() else c == "-" for c in line[:68]) % 10)
