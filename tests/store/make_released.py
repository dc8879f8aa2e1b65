"""Write down a store of the present schema, for the tests of later ones: `python tests/store/make_released.py`.

To be run once for every schema, by the version that releases it. Two files come of it in `tests/store/released`: the
SQLite database as SQL, and its rows as JSON lines.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from pathlib import Path

from store_rows import fill

from sitewatch.store import SCHEMA, create_store
from sitewatch.store.exchange import export_store

RELEASED = Path(__file__).parent / "released"


def main() -> None:
    """Make both files anew."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        with create_store(path) as store:
            fill(store)
            export_store(store, RELEASED / f"{SCHEMA}.jsonl", force=True)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            dump = "\n".join(connection.iterdump())
    (RELEASED / f"{SCHEMA}.sql").write_text(dump + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
