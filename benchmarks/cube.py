"""What making a cube costs beside merely reading the chips: seconds, peak memory, and their ratio.

python benchmarks/cube.py [--size 512] [--looks 300] [--no-mask]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import rasterio
import shapely
from pyproj import Transformer
from rich.console import Console
from rich.table import Table

from sitewatch.archive import Listing, fetch, list_folder, load
from sitewatch.cube import read_cube
from sitewatch.simulate import Recipe, simulate, write
from sitewatch.site import Site, read_site

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--size", type=int, default=512, help="edge of the scene, pixels")
    arguments.add_argument("--looks", type=int, default=300)
    arguments.add_argument("--no-mask", action="store_true", help="the scenes come without their mask")
    arguments.add_argument("--clock", type=Path, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.clock:
        print(json.dumps(clock(options.clock)))
    else:
        cost(options.size, options.looks, masked=not options.no_mask)


def cost(size: int, looks: int, *, masked: bool) -> None:
    """Make the chips, and time the cube in a process of its own, so that its peak memory is nobody else's."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write(simulate(Recipe(seed=5, size=size, looks=looks, years=looks / 50)), place / "world")
        fetch(listed(place / "world", masked=masked), whole_scene(place), place / "archive", now=NOW)
        command = [sys.executable, __file__, "--clock", str(place)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
        told = json.loads(done.stdout.splitlines()[-1])
    title = f"{looks} looks, {size} x {size} px, 6 bands" + ("" if masked else ", no mask")
    table = Table("", "seconds", "peak MB", title=title)
    table.add_row("only reading the chips", f"{told['read']:.1f}", "")
    table.add_row("making the cube", f"{told['cube']:.1f}", f"{told['peak_mb']:.0f}")
    Console().print(table)
    print(f"ratio {told['cube'] / told['read']:.2f}; the cube itself is {told['cube_mb']:.0f} MB")


def listed(world: Path, *, masked: bool) -> Listing:
    """The scenes of a world, with or without their mask."""
    listing = list_folder(world / "images")
    if masked:
        return listing
    bare = [replace(scene, bands=tuple(b for b in scene.bands if not b.is_mask)) for scene in listing.scenes]
    return replace(listing, scenes=tuple(bare))


def whole_scene(place: Path) -> Site:
    """A site that is as large as its scenes."""
    with rasterio.open(next((place / "world" / "images").glob("*.tif"))) as image:
        box = shapely.box(*image.bounds).buffer(-4 * image.res[0], join_style="mitre")
        to_degrees = Transformer.from_crs(image.crs, 4326, always_xy=True)
    corners = [to_degrees.transform(x, y) for x, y in box.exterior.coords]
    return Site(id="whole", name="The whole scene", outline=shapely.Polygon(corners))


def clock(place: Path) -> dict[str, float]:
    """Seconds of reading the chips and of making the cube; kernels are compiled before."""
    small = place / "small"
    write(simulate(Recipe(seed=0, size=64, looks=30, years=2.0)), small / "world")
    site = read_site(small / "world" / "site.geojson")
    for masked in (True, False):
        chips = fetch(listed(small / "world", masked=masked), site, small / f"archive-{masked}", now=NOW).chips
        read_cube(site, chips)
    chips = load(place / "archive")
    started = time.perf_counter()
    for chip in chips:
        for band in chip.bands:
            with rasterio.open(band.path) as dataset:
                dataset.read(band.index)
    read = time.perf_counter() - started
    started = time.perf_counter()
    cube = read_cube(whole_scene(place), chips).cube
    assert cube is not None
    return {
        "read": read,
        "cube": time.perf_counter() - started,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "cube_mb": cube.nbytes / 2**20,
    }


if __name__ == "__main__":
    main()
