"""One vocabulary for bands, whatever a provider calls them."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["common_name", "is_known", "rank", "resolve_names", "split_suffix"]

_SENTINEL2 = {
    "b1": "coastal",
    "b2": "blue",
    "b3": "green",
    "b4": "red",
    "b5": "rededge1",
    "b6": "rededge2",
    "b7": "rededge3",
    "b8": "nir",
    "b8a": "nir08",
    "b9": "nir09",
    "b10": "cirrus",
    "b11": "swir16",
    "b12": "swir22",
}
_OLI = {
    "b1": "coastal",
    "b2": "blue",
    "b3": "green",
    "b4": "red",
    "b5": "nir",
    "b6": "swir16",
    "b7": "swir22",
    "b8": "pan",
    "b9": "cirrus",
    "b10": "lwir11",
    "b11": "lwir12",
}
_TM = {
    "b1": "blue",
    "b2": "green",
    "b3": "red",
    "b4": "nir",
    "b5": "swir16",
    "b6": "lwir",
    "b7": "swir22",
    "b8": "pan",
}
_TM_SIGNS = re.compile(r"\b(l[emt]0[457]_|l[et][457]\d{6}|landsat-[457])")
_RTC_SIGNS = re.compile(r"rtc-s1")
_OLI_SIGNS = re.compile(r"\b(l[coe]0[89]_|landsat|hls\.l30)")

_ALIASES = {
    "near_infrared": "nir",
    "nir1": "nir",
    "narrow_nir": "nir08",
    "nir_narrow": "nir08",
    "nir_broad": "nir",
    "nir8a": "nir08",
    "swir1": "swir16",
    "swir_1": "swir16",
    "swir2": "swir22",
    "swir_2": "swir22",
    "rededge": "rededge1",
    "red_edge": "rededge1",
    "red_edge1": "rededge1",
    "red_edge2": "rededge2",
    "red_edge3": "rededge3",
    "rededge071": "rededge1",
    "rededge075": "rededge2",
    "rededge078": "rededge3",
    "panchromatic": "pan",
    "grey": "gray",
    "coastal_aerosol": "coastal",
    "coastal_blue": "coastal",
    "alpha": "valid",
    "mask": "valid",
    "valid_mask": "valid",
    "dataset_mask": "valid",
    "cloud_mask": "cloud",
    "clouds": "cloud",
    "cld": "cloud",
    "clm": "cloud",
    "scene_classification": "scl",
    "pixel_qa": "qa_pixel",
    "fmask4": "fmask",
}
_KNOWN = frozenset(
    {*_SENTINEL2.values(), *_OLI.values(), *_TM.values(), *_ALIASES.values()}
    | {"yellow", "green05", "vv", "vh", "hh", "hv", "udm2", "rtc_mask"}
)
_ORDER = tuple(dict.fromkeys((*_SENTINEL2.values(), "pan", "lwir", "lwir11", "lwir12", "vv", "vh", "hh", "hv")))
_RESOLUTION = re.compile(r"[_-]?\d{2,4}c?m$")
_NUMBERED = re.compile(r"b0?(\d{1,2}a?)")
_PLACEHOLDER = re.compile(r"(band|layer|channel)?[ _-]?\d*")


def common_name(given: str, *, about: str = "") -> str:
    """A band's lower-case common name ("B04" becomes "red"), or its own name, cleaned, where none is known.

    Args:
        given: what the provider calls it.
        about: names of the sensor, platform or file, lower case: Landsat numbers its bands differently from Sentinel-2.
    """
    key = re.sub(r"[^a-z0-9]+", "_", given.strip().lower()).strip("_")[:40]
    if key == "mask" and _RTC_SIGNS.search(about):
        return "rtc_mask"  # 0 is good there, as nowhere else
    key = key.removeprefix("sr_").removeprefix("st_").removesuffix("_jp2")
    if len(key) > 4:
        key = _RESOLUTION.sub("", key)
    if key in _KNOWN:
        return key
    if key in _ALIASES:
        return _ALIASES[key]
    if key.replace("_", "") in _KNOWN:
        return key.replace("_", "")
    numbered = _NUMBERED.fullmatch(key)
    if numbered is None:
        return key
    table = _TM if _TM_SIGNS.search(about) else _OLI if _OLI_SIGNS.search(about) else _SENTINEL2
    return table.get(f"b{numbered[1]}", key)


def is_known(name: str) -> bool:
    """True for the common names that this vocabulary has."""
    return name in _KNOWN


def rank(name: str) -> tuple[int, str]:
    """Sort key: by wavelength as far as it is known, masks and all others after that by name."""
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def resolve_names(given: Sequence[str | None], *, about: str = "") -> list[str | None]:
    """Common names for the bands of one scene; None where a band has no name that tells anything.

    A narrow near infrared ("nir08") stands in as "nir" where no broad one is there.
    """
    names = [
        None if text is None or _PLACEHOLDER.fullmatch(text.strip().lower()) else common_name(text, about=about) or None
        for text in given
    ]
    if "nir" not in names and names.count("nir08") == 1:
        names[names.index("nir08")] = "nir"
    return names


def split_suffix(stem: str) -> tuple[str, str] | None:
    """Split "X_B04", "X_B04_10m" or "X_SR_B4" into ("X", "B04"); None where no known band ends the name."""
    bare = re.sub(r"[_-]\d{2}m$", "", stem)
    for pattern in (
        r"(.+?)[_.-](SR[_-]B\d{1,2}|ST[_-]B\d{1,2}|QA[_-]PIXEL|red[_-]edge\d?)",
        r"(.+)[_.-]([A-Za-z0-9]+)",
    ):
        match = re.fullmatch(pattern, bare, re.IGNORECASE)
        if match is None:
            continue
        name = common_name(match[2], about=match[1].lower())
        if name in _KNOWN:
            return match[1], match[2]
    return None
