"""A folder of results: written all or none, held against other runs, read back."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import xarray as xr

from sitewatch import __version__
from sitewatch.archive import held, load, write_memory
from sitewatch.change import MIN_LOOKS
from sitewatch.cube import (
    Asking,
    Outcome,
    looks_document,
    read_cubes,
    read_harmony,
    read_looks,
    read_looks_head,
)
from sitewatch.errors import InputError, LockedError, OutputError
from sitewatch.report import write_report
from sitewatch.site import read_site, site_feature
from sitewatch.structures import (
    read_since,
    read_structures,
    structures_document,
)
from sitewatch.watch._progress import Progress, stage, tell
from sitewatch.watch._watched import Watched

__all__ = ["hold_output", "reopen", "write_outputs"]

_PATIENCE_S = 5.0
"""How long a run waits for another one that writes into the same folder: it may be about to end."""


@contextlib.contextmanager
def hold_output(out: Path) -> Iterator[None]:
    """Hold a folder of results against a second run while this one reads its memory, works and writes.

    Without it a second run on the same folder would search what the first is still fetching, and sweep away the files
    that the first is writing. The lock ends with the process, so a killed run holds up nobody.

    Args:
        out: the folder; made if it is not there.

    Raises:
        LockedError: another run has not ended within five seconds.
        OutputError: the folder cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            out.mkdir(parents=True, exist_ok=True)
            stack.enter_context(held(out / ".lock", patience_s=_PATIENCE_S))
        except BlockingIOError as error:
            raise LockedError(
                f"{out}: another run is writing into this folder; wait until it has ended, or choose another --out"
            ) from error
        except OSError as error:
            raise OutputError(f"{out}: cannot be written ({error.strerror}); choose another --out") from error
        yield


def reopen(out: Path, *, now: dt.datetime, progress: Progress | None = None) -> Watched:
    """What an earlier run wrote, read back from its files and its archive; nothing is searched for again.

    Raises:
        InputError: `out` was not written by `write_outputs`.
    """
    site = read_site(out / "site.geojson")
    looks = read_looks(out / "looks.geojson")
    structures, head, said = read_structures(out / "structures.geojson")
    # All chips of then are read again: the grid, where a look lies and what is screened out of it depend on the others.
    read = {look.scene for look in looks if look.footprint is not None}
    chips = [chip for chip in load(out / "archive") if chip.scene.id in read]
    used = {look.scene for look in looks if look.outcome is Outcome.USED}
    if missing := sorted(used - {chip.scene.id for chip in chips}):
        raise InputError(
            f"{out / 'archive'}: the chips of {len(missing)} used looks are missing or damaged ({missing[0]}, ...); "
            "run `sitewatch watch` again, it fetches what is missing"
        )
    ledger = {**{key: head.get(key) for key in ("since", "until")}, **read_looks_head(out / "looks.geojson")}
    try:
        asking = Asking.read(ledger, run=now)
        news = read_since(ledger["since_last_run"]) if "since_last_run" in ledger else None
        budget = float(head["false_alarms_per_year"])
        share = float(head.get("seen_share", 0.0))
        pixel = None if head.get("pixel_m") is None else float(head["pixel_m"])
        harmony = read_harmony(head["harmonised"]) if "harmonised" in head else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{out / 'structures.geojson'}: its head or that of looks.geojson is damaged ({error}); run `sitewatch "
            "watch` again"
        ) from error
    cubes: dict[str, xr.Dataset] = {}
    main = head.get("main")
    together = () if harmony is None else tuple(harmony["families"])
    if chips:
        readings = read_cubes(
            site,
            chips,
            least=MIN_LOOKS,
            pixel=pixel,
            main=main,
            few=together.__contains__,
            progress=stage(progress, "reading chips"),
        )
        cubes = {one.family: one.cube for one in readings if one.cube is not None}
    if missing := [name for name in together if name not in cubes]:
        raise InputError(
            f"{out / 'structures.geojson'}: it says that {missing[0]!r} was searched with others, and there is no such "
            "look; run `sitewatch watch` again"
        )
    return Watched(
        site=site,
        looks=looks,
        structures=structures,
        readings=said,
        cubes=cubes,
        main=main,
        seen_share=share,
        false_alarms=budget,
        pixel=pixel,
        asking=asking,
        since_last=news,
        whole=head.get("whole_search_looks"),
        harmony=harmony,
        now=now,
    )


def write_outputs(watched: Watched, out: Path, *, progress: Progress | None = None) -> Path:
    """Write all outputs of a run into `out`, or none of them: they are made beside it and then renamed.

    Nobody else may be writing there: see `hold_output`.

    Returns:
        The report's path.

    Raises:
        OutputError: the disk is full or the folder cannot be written; what was there before is left as it was.
    """
    with _all_or_nothing(out) as made:
        _write_json(made / "site.geojson", site_feature(watched.site))
        _write_json(made / "looks.geojson", looks_document(watched.looks, head=watched.ledger_head))
        _write_json(
            made / "structures.geojson",
            structures_document(watched.structures, head=watched.head, readings=watched.readings),
        )
        tell(progress, "writing the report", 0)
        (made / "report").mkdir()
        write_report(
            made / "report",
            site=watched.site,
            looks=watched.looks,
            cube=watched.cube,
            others=dict(list(watched.cubes.items())[1:]),
            structures=watched.structures,
            readings=watched.readings,
            false_alarms=watched.false_alarms,
            version=__version__,
            now=watched.now,
            seen_share=watched.seen_share,
            asking=watched.asking,
            since_last=watched.since_last,
            harmony=watched.harmony,
            progress=stage(progress, "drawing structures"),
        )
        tell(progress, "writing the report", 1)
    if watched.memory is not None:
        # Last: a run that ends before this is told of the same news again by the next one.
        write_memory(out / "archive", watched.memory)
    return out / "report" / "index.html"


def _write_json(path: Path, document: dict[str, object]) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n", encoding="utf-8")


def _give_back(left: Path, out: Path) -> None:
    """Put back what a killed run had moved aside and not replaced yet."""
    for old in left.glob(".old-*"):
        if not (out / old.name.removeprefix(".old-")).exists():
            old.rename(out / old.name.removeprefix(".old-"))


@contextlib.contextmanager
def _all_or_nothing(out: Path) -> Iterator[Path]:
    """A temporary folder inside `out` whose entries replace those of `out` when the block ends without an error.

    What was there is moved aside first and comes back if anything fails; what a killed run left behind is removed.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for left in out.glob(".writing-*"):
            _give_back(left, out)
            shutil.rmtree(left, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=".writing-", dir=out))
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({error.strerror}); choose another --out") from error
    aside: list[str] = []
    placed: list[str] = []
    try:
        yield made
        names = sorted(entry.name for entry in made.iterdir())
        for name in names:
            if (out / name).exists():
                (out / name).rename(made / f".old-{name}")
                aside.append(name)
        for name in names:
            (made / name).rename(out / name)
            placed.append(name)
    except BaseException as error:  # a run that is stopped by hand loses nothing either
        for name in placed:
            (out / name).rename(made / f".new-{name}")
        for name in aside:
            (made / f".old-{name}").rename(out / name)
        if not isinstance(error, OSError):
            raise
        raise OutputError(
            f"{out}: the results could not be written ({error.strerror}); make room or choose another --out, then run "
            "the same command again: the archive is kept"
        ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
