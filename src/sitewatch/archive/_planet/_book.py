"""The record of what was ordered into a folder: written before anything is spent, read by the next run."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shapely.geometry import Polygon

from sitewatch.archive._planet._scene import PlanetScene
from sitewatch.archive._store import write_file
from sitewatch.archive._times import iso, parse_moment
from sitewatch.errors import FolderError
from sitewatch.site import Site

__all__ = ["BOOK", "Book", "Placed"]

BOOK = "planet-orders.json"
"""The record's file name in the folder of images."""

_MAX_BYTES = 64 * 1024 * 1024


@dataclass(kw_only=True)
class Placed:
    """One order, from the moment when it was agreed to."""

    name: str
    """At Planet; carries the digest of what is asked for, so that it is found again without its id."""
    request: dict[str, Any]
    scenes: tuple[PlanetScene, ...]
    km2: float
    """What it was expected to be charged."""
    agreed: dt.datetime
    """UTC."""
    order_id: str | None = None
    """Planet's id; None until it is known that the order was placed."""
    state: str = "agreed"
    """agreed, placing (a run may have ended before it knew the id), placed, delivered, failed."""
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By scene id: SHA-256 of its files as they lie in the folder, and whether Planet's own digest was compared."""
    missing: dict[str, str] = field(default_factory=dict)
    """By scene id: why Planet did not deliver it."""

    def to_do(self, folder: Path, *, again: bool) -> list[PlanetScene]:
        """Scenes that were ordered and have not come whole; with `again`, also those whose files were removed."""
        coming = [scene for scene in self.scenes if scene.id not in self.missing]
        return [s for s in coming if s.id not in self.files or (again and not self._lies(folder, s.id))]

    def _lies(self, folder: Path, identifier: str) -> bool:
        return all((folder / name).is_file() for name in self.files[identifier]["sha256"])


@dataclass(kw_only=True)
class Book:
    """All orders of one folder."""

    folder: Path
    site: str
    clip: tuple[float, ...]
    """West, south, east, north of what is cut out, degrees."""
    bands: int | None = None
    """How many bands its images have; None: nothing was ordered yet."""
    orders: list[Placed] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path, site: Site, clip: Polygon) -> Book:
        """The folder's record, or a new one.

        Raises:
            FolderError: it belongs to another site or outline, or is damaged: then nothing may be ordered into it.
        """
        path = folder / BOOK
        box = tuple(round(v, 6) for v in clip.bounds)
        try:
            with path.open(encoding="utf-8") as file:
                book = cls._of(folder, json.loads(file.read(_MAX_BYTES)))
        except FileNotFoundError:
            return cls(folder=folder, site=site.id, clip=box)
        except NotADirectoryError as error:
            raise FolderError(f"{folder}: is a file, not a folder; choose another --out") from error
        except OSError as error:
            raise FolderError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise FolderError(
                f"{path}: the record of orders is damaged ({type(error).__name__}); choose another --out: an order "
                "that was placed is found again at Planet by its name"
            ) from error
        if book.site != site.id or book.clip != box:
            raise FolderError(
                f"{path}: scenes were ordered into this folder for another site or outline ({book.site!r}); choose "
                "another --out"
            )
        return book

    @classmethod
    def _of(cls, folder: Path, document: Mapping[str, Any]) -> Book:
        if document["version"] != 1:
            raise ValueError(document["version"])
        if document["bands"] not in (4, 8, None):
            raise ValueError(document["bands"])
        return cls(
            folder=folder,
            site=str(document["site"]),
            bands=document["bands"],
            clip=tuple(float(v) for v in document["clip"]),
            orders=[_placed(told) for told in document["orders"]],
        )

    def write(self) -> None:
        """Write it under a temporary name and rename it.

        Raises:
            OutputError: the folder cannot be written.
        """
        document = {
            "version": 1,
            "site": self.site,
            "clip": list(self.clip),
            "bands": self.bands,
            "orders": [
                {
                    "name": order.name,
                    "order_id": order.order_id,
                    "state": order.state,
                    "agreed": iso(order.agreed),
                    "km2": round(order.km2, 4),
                    "scenes": [scene.document() for scene in order.scenes],
                    "files": order.files,
                    "missing": order.missing,
                    "request": order.request,
                }
                for order in self.orders
            ],
        }
        write_file(self.folder / BOOK, (json.dumps(document, indent=1) + "\n").encode())

    def pending(self) -> list[Placed]:
        """Orders that were agreed to and have not been brought to an end."""
        return [order for order in self.orders if order.state in ("agreed", "placing", "placed")]

    def forget_unplaced(self) -> None:
        """Drop what Planet refused, and what was to be ordered after it."""
        self.orders = [order for order in self.orders if order.order_id is not None]
        self.write()

    def has(self, *, again: bool) -> set[str]:
        """Ids of scenes that need not be ordered.

        Args:
            again: what failed, or did not come whole, counts as not ordered.
        """
        return set(self._had(again=again))

    def _had(self, *, again: bool) -> Iterator[str]:
        for order in self.orders:
            ended = order.state in ("failed", "delivered")
            yield from (s.id for s in order.scenes if not (again and ended and s.id not in order.files))

    def give_up(self, identifiers: set[str]) -> None:
        """Expect these scenes of no order so far any more: they are ordered anew."""
        for order in self.orders:
            for scene in order.scenes:
                if scene.id in identifiers and scene.id not in order.files:
                    order.missing[scene.id] = "ordered anew"

    def named(self, base: str) -> int:
        """How many orders of this name, or this name with a number, were there before."""
        return sum(o.name == base or o.name.startswith(f"{base}-") for o in self.orders)


def _placed(told: Mapping[str, Any]) -> Placed:
    agreed = parse_moment(told["agreed"])
    if agreed is None or told["state"] not in ("agreed", "placing", "placed", "delivered", "failed"):
        raise ValueError(told["state"])
    scenes: Sequence[Mapping[str, object]] = told["scenes"]
    return Placed(
        name=str(told["name"]),
        request=dict(told["request"]),
        scenes=tuple(PlanetScene.read(scene) for scene in scenes),
        km2=float(told["km2"]),
        agreed=agreed.at,
        order_id=None if told["order_id"] is None else str(told["order_id"]),
        state=told["state"],
        files={
            str(k): {"sha256": dict(v["sha256"]), "compared": bool(v["compared"])} for k, v in told["files"].items()
        },
        missing={str(k): str(v) for k, v in told["missing"].items()},
    )
