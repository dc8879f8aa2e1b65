"""What is known of a search, on disk: one .npz file without any pickled object."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sitewatch.change._again import Known
from sitewatch.change._describe import FEATURES
from sitewatch.change._forecast import Forecast
from sitewatch.change._objects import Patch
from sitewatch.change._scan import EVENTS, Spells

__all__ = ["read_known", "write_known"]

_FORMAT = 5
"""Of the file and of what its numbers mean: one more whenever the scan, the patches or their features change."""

_MAX_BYTES = 4 * 2**30
"""A larger file is neither written nor read."""

_HEADERS = 2**16
"""More bytes than the names and shapes of all arrays take in the file."""

_TYPES: Mapping[str, type[np.generic]] = {
    **dict.fromkeys(("spells_start", "spells_end", "owner"), np.int32),
    **dict.fromkeys(("spells_score", "spells_delta", "usual", "offset", "sample", "patch_delta"), np.float32),
    **dict.fromkeys(("forecast_background", "forecast_noise", "forecast_slow"), np.float32),
    **dict.fromkeys(("patch_bounds", "patch_pixels"), np.int64),
    **dict.fromkeys(("brought", "features", "patch_numbers"), np.float64),
    "measured": np.bool_,
    "near": np.float16,
    "seen": np.uint8,
}
"""Compiled code reads these: nothing else may come in their place."""

_FINITE = ("tone", "offset", "near", "usual", "spells_delta", "forecast_background", "forecast_noise", "forecast_slow")
"""Compiled code reckons with these: it must not meet what is no number."""

_SPELLS = ("start", "end", "score", "delta")
_FORECAST = ("background", "noise", "slow")
_NUMBERS = ("start", "end", "score", "spread", "scatter", "common", "usual", "compound")
"""Of a patch, besides its pixels and its delta."""


def write_known(path: Path, known: Known) -> None:
    """Write the file, or leave the one that is there as it was: so does a search that is too large to keep.

    Raises:
        OSError: it cannot be written.
    """
    sizes = [len(patch.pixels) for patch in known.patches]
    looks, bands = known.offset.shape
    arrays: dict[str, NDArray[Any]] = {
        "format": np.array(_FORMAT),
        "scenes": known.scenes,
        "place": np.array(known.place),
        "whole": np.array(known.whole),
        "grown": np.array(known.grown),
        "tone": np.array(known.tone),
        "brought": known.brought,
        # In half the room: what is lost is a fiftieth of the least noise that the search reckons with.
        "near": np.zeros((0, 0, looks, bands), np.float16) if known.near is None else known.near.astype(np.float16),
        **{
            name: getattr(known, name)
            for name in ("offset", "sample", "seen", "usual", "owner", "measured", "features")
        },
        **{f"spells_{name}": getattr(known.spells, name) for name in _SPELLS},
        **{f"forecast_{name}": getattr(known.forecast, name) for name in _FORECAST},
        "patch_bounds": np.cumsum([0, *sizes]),
        "patch_pixels": np.concatenate([np.zeros(0, dtype=np.int64), *(patch.pixels for patch in known.patches)]),
        "patch_delta": np.array([patch.delta for patch in known.patches], dtype=np.float32).reshape(-1, bands),
        "patch_numbers": np.array([[getattr(p, name) for name in _NUMBERS] for p in known.patches]).reshape(
            -1, len(_NUMBERS)
        ),
    }
    if sum(array.nbytes for array in arrays.values()) + _HEADERS > _MAX_BYTES:
        return
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # no array is named like its options
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_known(path: Path) -> Known | None:
    """Read what an earlier search left; None where there is nothing, or nothing that this version can use."""
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return None
        with zipfile.ZipFile(path) as members:
            # Stored, not deflated: what is read is never larger than the file.
            if any(member.compress_type != zipfile.ZIP_STORED for member in members.infolist()):
                return None
        with np.load(path, allow_pickle=False) as arrays:
            return _known({name: _as_written(name, arrays[name]) for name in arrays.files})
    except Exception:  # noqa: BLE001 - a damaged archive makes zipfile and numpy raise nearly anything
        return None


def _as_written(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """An array of the type that `write_known` gives it.

    Raises:
        ValueError: it is of another.
    """
    expected = _TYPES.get(name)
    if expected is not None and array.dtype != expected:
        raise ValueError(f"{name} is {array.dtype}, not {expected}")
    return array


def _known(arrays: Mapping[str, NDArray[Any]]) -> Known:
    """Put together what was read.

    Raises:
        KeyError: a part is missing.
        ValueError: parts do not fit each other.
    """
    if int(arrays["format"]) != _FORMAT:
        raise ValueError("another format")
    looks, bands = arrays["offset"].shape
    pixels, events = arrays["owner"].shape
    bounds, numbers = arrays["patch_bounds"], arrays["patch_numbers"]
    count = len(numbers)
    fits = (
        events == EVENTS
        and arrays["scenes"].shape == (looks,)
        and arrays["seen"].shape == (looks, (pixels + 7) // 8)
        and arrays["usual"].shape == (pixels,)
        and _within(arrays["usual"], 1, np.inf)
        and 0 < int(arrays["whole"]) <= looks
        and arrays["tone"].shape == (2,)
        and float(arrays["tone"][1]) > 0
        and arrays["sample"].shape[:2] == (looks, bands)
        and arrays["near"].ndim == 4
        and arrays["near"].shape[2:] == (looks, bands)
        and (not len(arrays["brought"]) or arrays["brought"].shape[1:] == (bands + 1, 2))
        and all(arrays[f"spells_{name}"].shape == (pixels, events) for name in ("start", "end", "score"))
        and arrays["spells_delta"].shape == (pixels, events, bands)
        and arrays["forecast_background"].shape[::2] == (pixels, bands)
        and all(arrays[f"forecast_{name}"].shape == (pixels, bands) for name in ("noise", "slow"))
        and _within(arrays["spells_start"], -1, looks - 1)
        and _within(arrays["spells_end"], -1, looks)
        and numbers.shape == (count, len(_NUMBERS))
        and _within(numbers[:, 0], 0, looks - 1)
        and _within(numbers[:, 1], 0, looks)
        and arrays["features"].shape == (count, len(FEATURES))
        and arrays["measured"].shape == (count,)
        and arrays["patch_delta"].shape == (count, bands)
        and bounds.shape == (count + 1,)
        and 0 <= int(arrays["grown"]) <= count
        and bool((np.diff(bounds) > 0).all())
        and int(bounds[-1]) == len(arrays["patch_pixels"])
        and _within(arrays["patch_pixels"], 0, pixels - 1)
        and _within(arrays["owner"], -1, int(arrays["grown"]) - 1)
        and all(np.isfinite(arrays[name]).all() for name in _FINITE)
    )
    if not fits:
        raise ValueError("parts that do not fit each other")
    return Known(
        scenes=arrays["scenes"].astype(np.str_),
        place=str(arrays["place"]),
        whole=int(arrays["whole"]),
        brought=arrays["brought"],
        tone=(float(arrays["tone"][0]), float(arrays["tone"][1])),
        offset=arrays["offset"],
        near=arrays["near"].astype(np.float32) if arrays["near"].size else None,
        sample=arrays["sample"],
        seen=arrays["seen"],
        spells=Spells(**{name: arrays[f"spells_{name}"] for name in _SPELLS}),
        usual=arrays["usual"],
        patches=tuple(
            Patch(
                pixels=arrays["patch_pixels"][first:last],
                delta=delta,
                start=int(start),
                end=int(end),
                score=float(score),
                spread=float(spread),
                scatter=float(scatter),
                common=float(common),
                usual=float(usual),
                compound=bool(compound),
            )
            for first, last, delta, (start, end, score, spread, scatter, common, usual, compound) in zip(
                bounds[:-1], bounds[1:], arrays["patch_delta"], numbers, strict=True
            )
        ),
        grown=int(arrays["grown"]),
        owner=arrays["owner"],
        measured=arrays["measured"],
        features=arrays["features"],
        forecast=Forecast(**{name: arrays[f"forecast_{name}"] for name in _FORECAST}),
    )


def _within(array: NDArray[Any], low: float, high: float) -> bool:
    return bool(((array >= low) & (array <= high)).all())
