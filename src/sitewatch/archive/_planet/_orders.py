"""PlanetScope from Planet: what there is of a site, what it would cost, and an order that is placed once."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely
from shapely.geometry import Polygon, mapping

from sitewatch.archive._item import clean
from sitewatch.archive._planet._book import Book, Placed
from sitewatch.archive._planet._files import bring_scene, read_results
from sitewatch.archive._planet._scene import Cost, PlanetScene, clip_area_km2, clip_box, order_digest, read_scene
from sitewatch.archive._store import locked, scene_slug
from sitewatch.errors import CatalogError, OptionError, OrderError, SceneError
from sitewatch.site import Site

if TYPE_CHECKING:
    from sitewatch.archive._planet._link import PlanetLink

__all__ = [
    "PLANET_API",
    "PlanetDelivery",
    "PlanetListing",
    "PlanetOrders",
    "PlanetQuota",
    "PlanetWaiting",
    "open_planet",
    "planet_quota",
    "search_planet",
]

PLANET_API = "https://api.planet.com"

_MAX_OUTLINE_POINTS = 200
_MAX_SCENES = 5000
_MAX_PER_ORDER = 500
"""Planet's own limit of items in an order."""

_FINAL = ("success", "partial", "failed", "cancelled")
_STATES = ("queued", "running", *_FINAL)
_MAX_TRIES = 20
_LISTED_AFTER_S = (2.0, 5.0, 10.0)

Report = Callable[[str, int, int], None]
"""Called with (stage, done, of)."""


@dataclass(frozen=True, kw_only=True)
class PlanetListing:
    """What Planet lists of a site."""

    scenes: tuple[PlanetScene, ...]
    """Sorted by capture time, then id."""
    clip: Polygon
    """What would be cut out of each, EPSG:4326."""
    clip_km2: float
    faulty: tuple[str, ...] = ()
    """What is wrong with items that were left out, a sentence each."""
    cut_off: bool = False
    """True: there are more than are listed here."""


@dataclass(frozen=True, kw_only=True)
class PlanetQuota:
    """How much of the account's quota of PlanetScope is left, as Planet's quota service tells it."""

    left_km2: float | None
    """None: unknown, or without limit."""
    told: str
    """One clause for people: of which product, or why it is not known."""


@dataclass(frozen=True, kw_only=True)
class PlanetWaiting:
    """How an order that Planet works on is waited for."""

    poll_s: float = 15.0
    longest_s: float = 4 * 3600.0
    sleep: Callable[[float], None] = time.sleep


@dataclass(kw_only=True)
class PlanetDelivery:
    """What a run brought into the folder."""

    scenes: list[str] = field(default_factory=list)
    """Ids of scenes that came in this run."""
    missing: dict[str, str] = field(default_factory=dict)
    """By id: ordered, and not delivered by Planet."""
    faulty: dict[str, str] = field(default_factory=dict)
    """By id: delivered, and not as ordered; the next run fetches them again, `again` orders them anew."""
    unchecked: int = 0
    """Scenes without a checksum by Planet."""
    found: list[str] = field(default_factory=list)
    """Names of orders that turned out to be placed already: they were not placed again."""


@contextmanager
def open_planet(*, api: str = PLANET_API, tries: int = 4) -> Iterator[PlanetLink]:
    """Connect to Planet with the credentials that its SDK finds (`PL_API_KEY`, or `planet auth login`).

    Args:
        api: address of Planet's APIs.
        tries: how often a question is asked in all.

    Raises:
        OptionError: the SDK is not installed, or there are no credentials.
    """
    try:
        from sitewatch.archive._planet._link import PlanetLink
    except ImportError as error:
        raise OptionError(
            "Planet's SDK is not installed; install it with: python -m pip install 'sitewatch[planet]'"
        ) from error
    with PlanetLink(api, tries=tries) as link:
        yield link


def search_planet(
    link: PlanetLink,
    site: Site,
    *,
    since: dt.datetime | None,
    until: dt.datetime | None,
    max_cloud: float,
) -> PlanetListing:
    """List the PSScenes of a site that have surface reflectance and a usable data mask. Costs nothing.

    Args:
        link: the connection.
        site: the watched place; scenes that touch its outline are listed.
        since: first moment of capture.
        until: last moment of capture.
        max_cloud: largest cloud cover of a whole scene, 0-1, as its metadata say.

    Raises:
        OptionError: `max_cloud` is no share.
        SiteError: the site's box crosses the date line.
        CatalogError: Planet did not answer.
    """
    if not 0 <= max_cloud <= 1:
        raise OptionError(f"--max-cloud must be a share from 0 to 1, got {max_cloud:g}")
    clip = clip_box(site)
    period = {key: at for key, at in (("gte", since), ("lte", until)) if at is not None}
    outlines = (site.outline, site.outline.convex_hull, site.outline.envelope)
    outline = next(o for o in outlines if shapely.get_num_coordinates(o) <= _MAX_OUTLINE_POINTS)
    items = link.search(mapping(outline), period, max_cloud, _MAX_SCENES + 1)
    scenes: dict[str, PlanetScene] = {}
    faulty = []
    for item in items[:_MAX_SCENES]:
        try:
            scene = read_scene(item, site)
        except SceneError as error:
            faulty.append(str(error))
            continue
        if scene.coverage > 0:
            scenes.setdefault(scene.id, scene)
    return PlanetListing(
        scenes=tuple(sorted(scenes.values(), key=lambda s: (s.captured, s.id))),
        clip=clip,
        clip_km2=clip_area_km2(clip),
        faulty=tuple(faulty),
        cut_off=len(items) > _MAX_SCENES,
    )


def planet_quota(link: PlanetLink) -> PlanetQuota:
    """What is left of the account's quota of PlanetScope; unknown where the quota service does not say.

    Raises:
        CatalogError: the credentials are not accepted.
    """
    try:
        products = link.products()
    except CatalogError as error:
        if "credentials" in str(error):
            raise
        return PlanetQuota(left_km2=None, told=f"unknown: {error}")
    found: dict[str, float] = {}
    for product in products:
        if not isinstance(product, Mapping):
            continue
        names = [clean(product.get(key)) or "" for key in ("title", "name")]
        units = clean(product.get("quota_units"), lower=True)
        if not any("planetscope" in n.lower() or "psscene" in n.lower() for n in names):
            continue
        if product.get("unlimited_quota") is True:
            return PlanetQuota(left_km2=None, told=f"without limit ({names[0] or names[1]})")
        total, used = product.get("quota_total"), product.get("quota_used")
        if isinstance(total, int | float) and isinstance(used, int | float) and units in (None, "km2", "sqkm", "sq_km"):
            found[names[0] or names[1]] = max(0.0, float(total) - float(used))
    if not found:
        return PlanetQuota(
            left_km2=None, told="unknown: Planet's quota service lists no quota of PlanetScope in km2 for this account"
        )
    # An order may draw on any of them: only what exceeds the largest is sure to fail.
    name = max(found, key=lambda key: found[key])
    others = f"; {len(found) - 1} other products" if len(found) > 1 else ""
    return PlanetQuota(left_km2=found[name], told=f"{found[name]:,.2f} km2 ({name}{others})")


class PlanetOrders:
    """The orders of one folder: what was placed is never placed again.

    Before an order is placed its request lies on disk; its name at Planet carries a digest of what it asks for. A run
    that finds an order without Planet's id therefore looks for that name first.
    """

    def __init__(self, folder: Path, site: Site) -> None:
        """Read the folder's record.

        Raises:
            FolderError: it belongs to another site or outline, or is damaged.
            SiteError: the site's box crosses the date line.
        """
        self._folder = folder
        self._site = site
        self._clip = clip_box(site)
        self._book = Book.read(folder, site, self._clip)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder against a second run.

        Raises:
            OutputError: it cannot be written, or another run is using it.
        """
        with locked(self._folder):
            self._book = Book.read(self._folder, self._site, self._clip)
            yield

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Names of the orders that were agreed to and have not been brought to an end."""
        return tuple(order.name for order in self._book.pending())

    @property
    def unplaced_km2(self) -> float:
        """What the unfinished orders would be charged that are not known to be placed."""
        return sum(order.km2 for order in self._book.pending() if order.order_id is None)

    def counting(self, agreed: dt.datetime) -> tuple[int, float]:
        """Scenes and km2 of the orders that were agreed to at a moment and were neither refused nor failed since."""
        orders = [order for order in self._book.orders if order.agreed == agreed and order.state != "failed"]
        return sum(len(order.scenes) for order in orders), sum(order.km2 for order in orders)

    def new(self, scenes: Sequence[PlanetScene], *, again: bool) -> list[PlanetScene]:
        """Those of the scenes that were not ordered into this folder yet.

        Args:
            scenes: what Planet lists.
            again: what failed, or did not come whole, is ordered anew.
        """
        had = self._book.has(again=again)
        return [scene for scene in scenes if scene.id not in had]

    def fitting(self, scenes: Sequence[PlanetScene], *, bands: int | None) -> tuple[int, list[PlanetScene]]:
        """In how many bands to order, and the scenes that have as many: a cube compares only looks of the same bands.

        Args:
            scenes: what is to be ordered.
            bands: 8 or 4; None: as the folder's images have, else 8 if all scenes have 8, else 4.

        Raises:
            OptionError: the folder's images have another number.
        """
        if bands not in (None, 4, 8):
            raise OptionError(f"--bands must be 8 or 4, got {bands}")
        if bands is not None and self._book.bands not in (None, bands):
            raise OptionError(
                f"--bands is {bands}, but the images in {self._folder} have {self._book.bands}; choose another --out"
            )
        chosen = self._book.bands or bands or (8 if all(8 in scene.bands for scene in scenes) else 4)
        return chosen, [scene for scene in scenes if chosen in scene.bands]

    def agree(self, scenes: Sequence[PlanetScene], cost: Cost, *, bands: int, now: dt.datetime) -> None:
        """Note what is to be ordered, on disk, before anything is spent.

        Raises:
            OutputError: the folder cannot be written.
        """
        from sitewatch.archive._planet._link import build_request

        self._book.bands = bands
        self._book.give_up({scene.id for scene in scenes})
        for start in range(0, len(scenes), _MAX_PER_ORDER):
            part = tuple(scenes[start : start + _MAX_PER_ORDER])
            base = f"sitewatch-{scene_slug(self._site.id)[:40]}-{order_digest(self._clip, part, bands)}"
            before = self._book.named(base)
            name = base if before == 0 else f"{base}-{before + 1}"
            self._book.orders.append(
                Placed(
                    name=name,
                    request=build_request(name, self._clip, part, bands),
                    scenes=part,
                    km2=cost.km2 * len(part) / max(1, cost.scenes),
                    agreed=now,
                )
            )
        self._book.write()

    def finish(
        self,
        link: PlanetLink,
        *,
        waiting: PlanetWaiting | None = None,
        again: bool = False,
        report: Report | None = None,
    ) -> PlanetDelivery:
        """Bring every order to its end: place it if it was not, wait, download, arrange.

        Args:
            link: the connection.
            waiting: how to wait.
            again: an order of the same name that failed at Planet earlier is placed anew, and files that were removed
                from the folder are downloaded again, which Planet may charge.
            report: is told how far it is.

        Raises:
            OrderError: Planet refused or failed an order, or it is not ready yet.
            CatalogError: Planet did not answer; the next run goes on from here.
            OutputError: the folder cannot be written.
        """
        brought = PlanetDelivery()
        waiting = waiting or PlanetWaiting()
        failed = []
        pending = self._book.pending()
        for order in pending:
            self._place(link, order, waiting, brought, again=again)
        for number, order in enumerate(pending, start=1):
            stage = "waiting for Planet" if len(pending) == 1 else f"waiting for order {number}"
            try:
                answer = self._wait(link, order, waiting, stage, report)
            except _FailedError as error:
                order.state = "failed"
                self._book.write()
                failed.append(str(error))
                continue
            self._deliver(link, order, answer, brought, again=again, report=report)
        for order in self._book.orders:
            if order.state == "delivered" and (left := order.to_do(self._folder, again=again)):
                left = [scene for scene in left if scene.id not in brought.faulty]
                if not left or order.order_id is None:
                    continue
                try:
                    answer = _order(link.order(order.order_id))
                    self._deliver(link, order, answer, brought, again=again, report=report)
                except CatalogError as error:  # Planet forgets orders after a while: that stops no new one
                    brought.faulty |= {scene.id: str(error) for scene in left}
        if failed:
            raise OrderError("; ".join(failed))
        return brought

    def _place(
        self, link: PlanetLink, order: Placed, waiting: PlanetWaiting, brought: PlanetDelivery, *, again: bool
    ) -> None:
        """Make sure that the order is at Planet, once."""
        from sitewatch.archive._planet._link import UnclearError

        if order.order_id is not None:
            return
        # Where a run ended while it placed the order, it may take a moment until it is listed.
        found = self._look_for(link, order, waiting if order.state == "placing" else None)
        for _ in range(_MAX_TRIES):
            if found is None or not again or found["state"] not in ("failed", "cancelled"):
                break
            # This very order failed earlier, unknown to this folder: take the next name.
            order.name = _next_name(order.name)
            order.request = {**order.request, "name": order.name}
            found = self._look_for(link, order, None)
        if found is not None:
            brought.found.append(order.name)
        else:
            order.state = "placing"
            self._book.write()
            try:
                found = _order(link.create(order.request))
            except OrderError:
                self._book.forget_unplaced()
                raise
            except UnclearError as error:
                found = self._look_for(link, order, waiting)
                if found is None:
                    raise CatalogError(
                        f"{error}. Whether the order was placed is not known; run the same command again: it looks for "
                        "the order's name before it places anything"
                    ) from error
        order.order_id, order.state = found["id"], "placed"
        self._book.write()

    def _look_for(self, link: PlanetLink, order: Placed, waiting: PlanetWaiting | None) -> Mapping[str, Any] | None:
        """The order of this name at Planet; with `waiting`, asked for again after 2, 5 and 10 seconds."""
        found = _newest(link.orders_named(order.name))
        for pause in _LISTED_AFTER_S if waiting is not None else ():
            if found is None and waiting is not None:
                waiting.sleep(pause)
                found = _newest(link.orders_named(order.name))
        return found

    def _wait(
        self, link: PlanetLink, order: Placed, waiting: PlanetWaiting, stage: str, report: Report | None
    ) -> Mapping[str, Any]:
        waited = 0.0
        _tell(report, stage, 0, 1)
        while True:
            answer = _order(link.order(order.order_id or ""))
            state = answer["state"]
            if state in ("failed", "cancelled"):
                hints = _hints(answer)
                raise _FailedError(
                    f"Planet's order {order.name} {'was cancelled' if state == 'cancelled' else 'failed'}"
                    f"{f' ({hints})' if hints else ''}; --again orders its scenes anew"
                )
            if state in _FINAL:
                _tell(report, stage, 1, 1)
                return answer
            if waited >= waiting.longest_s:
                raise OrderError(
                    f"Planet's order {order.name} is still {state} after {waited / 60:.0f} minutes; run the same "
                    "command again later: it goes on from here and places nothing twice"
                )
            waiting.sleep(waiting.poll_s)
            waited += waiting.poll_s

    def _deliver(
        self,
        link: PlanetLink,
        order: Placed,
        answer: Mapping[str, Any],
        brought: PlanetDelivery,
        *,
        again: bool,
        report: Report | None,
    ) -> None:
        """Download what is not there yet; every scene that is whole is noted at once."""
        to_do = order.to_do(self._folder, again=again)
        results = read_results(answer, {scene.id: scene for scene in order.scenes}, link)
        if results.unknown and not results.locations:
            # What was paid for is there: it must not pass for not delivered, and be ordered anew.
            raise OrderError(
                f"Planet's order {order.name} brought {results.unknown} images whose names are not known here; they "
                f"can be had with: planet orders download {order.order_id}"
            )
        stage = "downloading scenes"
        _tell(report, stage, 0, len(to_do))
        for done, scene in enumerate(to_do, start=1):
            if not {"sr", "udm2"} <= set(results.locations.get(scene.id, ())):
                # Files go after a while; only of an order that never brought them are they missing.
                if order.state == "placed":
                    order.missing[scene.id] = brought.missing[scene.id] = "Planet did not deliver it"
                else:
                    brought.faulty[scene.id] = "Planet does not hold its files any more"
            else:
                try:
                    sha256, compared = bring_scene(
                        scene, results, self._clip, self._folder, link, bands=self._book.bands or 4
                    )
                except SceneError as error:
                    brought.faulty[scene.id] = str(error)
                else:
                    order.files[scene.id] = {"sha256": sha256, "compared": compared}
                    brought.scenes.append(scene.id)
                    brought.unchecked += not compared
            self._book.write()
            _tell(report, stage, done, len(to_do))
        order.state = "delivered"
        self._book.write()


class _FailedError(OrderError):
    """Planet has given an order up."""


def _order(answer: object) -> Mapping[str, Any]:
    """An order as the API tells it, with an id and a state that orders have.

    Raises:
        CatalogError: it is none.
    """
    from sitewatch.archive._planet._link import UnclearError

    identifier = answer.get("id") if isinstance(answer, Mapping) else None
    try:
        if isinstance(answer, Mapping) and isinstance(identifier, str) and answer.get("state") in _STATES:
            return {**answer, "id": str(uuid.UUID(identifier))}
    except ValueError:
        pass
    raise UnclearError("Planet's order: the answer has no id and state that orders have; try later")


def _newest(found: Sequence[object]) -> Mapping[str, Any] | None:
    """Of several orders of one name the one that can still bring something, else the newest."""
    orders = [_order(answer) for answer in found]
    alive = [order for order in orders if order["state"] not in ("failed", "cancelled")]
    return next(iter(alive or orders), None)


def _next_name(name: str) -> str:
    base, _, number = name.rpartition("-")
    return f"{base}-{int(number) + 1}" if number.isdigit() and len(number) < 4 else f"{name}-2"


def _hints(answer: Mapping[str, Any]) -> str:
    told = answer.get("error_hints")
    texts = [clean(t) for t in (*(told if isinstance(told, list) else ()), answer.get("last_message"))]
    return "; ".join(text[:120] for text in texts[:3] if text)


def _tell(report: Report | None, stage: str, done: int, of: int) -> None:
    if report is not None and of:
        report(stage, done, of)
