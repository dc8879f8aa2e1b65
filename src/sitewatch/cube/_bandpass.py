"""How two optical sensors' reflectance of the same ground differs by their bands alone, as far as it is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Line", "published_line"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A linear relation of two sensors' reflectance in one band: onto = gain * of + offset."""

    gain: float
    offset: float
    """Reflectance."""

    def inverse(self) -> Line:
        """From the second sensor back to the first."""
        return Line(gain=1 / self.gain, offset=-self.offset / self.gain)


_SAME = Line(gain=1.0, offset=0.0)

_MSI_TO_OLI: Mapping[str, Line] = {
    "coastal": Line(gain=0.9959, offset=-0.0002),
    "blue": Line(gain=0.9778, offset=-0.0040),
    "green": Line(gain=1.0053, offset=-0.0009),
    "red": Line(gain=0.9765, offset=0.0009),
    "nir": Line(gain=0.9983, offset=-0.0001),
    "nir08": Line(gain=0.9983, offset=-0.0001),
    "swir16": Line(gain=0.9987, offset=-0.0011),
    "swir22": Line(gain=1.0030, offset=-0.0012),
}
"""Sentinel-2A's MSI to Landsat's OLI, fitted to 500 spectra of 160 Hyperion scenes (Claverie et al. 2018; the table of
hls.gsfc.nasa.gov/algorithms/bandpass-adjustment, and the files by which the HLS processing itself does it). Those of
Sentinel-2B differ by .003 at most, but for 2.2 micrometres (.9867). The near infrared of the table is MSI's narrow band
(8A); what is said of the broad one (8) is the same guess, and the site's own looks decide."""


def published_line(*, of: str, onto: str, band: str) -> Line:
    """What is known of two sensors before their looks are compared.

    Args:
        of: family whose reflectance is to be adjusted ("landsat reflectance").
        onto: family to which it is adjusted.
        band: common name.

    Returns:
        The published line; the same value where nothing is published here.
    """
    line = _MSI_TO_OLI.get(band, _SAME)
    if of.startswith("sentinel-2 ") and onto.startswith("landsat "):
        return line
    if of.startswith("landsat ") and onto.startswith("sentinel-2 "):
        return line.inverse()
    return _SAME
