"""Opening a store: an SQLite file, or a PostgreSQL database by its address; and bringing it to the present schema."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from sitewatch.errors import InputError, OptionError, OutputError
from sitewatch.store._files import new_file

__all__ = ["SCHEMA", "SCHEMAS", "Store", "copy_sqlite", "create_store", "open_store"]

SCHEMAS = ("0001",)
"""Every schema that was ever released, the oldest first."""
SCHEMA = SCHEMAS[-1]
"""The one that this version writes."""

_MIGRATIONS = "sitewatch.store:migrations"
"""Where Alembic finds the steps from each schema to the next."""
_WRITING = 0x5173_7761_7463_6800
"""Key of PostgreSQL's advisory lock under which a store is written: one transaction after the other, as in SQLite."""
_PATIENCE_S = 60.0
"""How long a transaction waits for another one's end."""


class Store:
    """An open store.

    Reading sees one state of it from beginning to end. Writing is one transaction: all of it or nothing, after every
    other one.
    """

    def __init__(self, engine: sa.Engine, *, kept: Path | None = None) -> None:
        self._engine = engine
        self.kept = kept
        """The copy of an SQLite store of an earlier schema that was made before it was brought to the present one."""

    @property
    def is_postgresql(self) -> bool:
        """True: a PostgreSQL database; False: an SQLite file."""
        return self._engine.dialect.name == "postgresql"

    @property
    def engine(self) -> sa.Engine:
        """For what needs connections of its own: locks, migrations, copies."""
        return self._engine

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that only reads."""
        with _told(self._engine), self._engine.connect() as connection, connection.begin():
            if self.is_postgresql:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes: committed where the block ends without an error, else nothing of it stays."""
        with _told(self._engine), _writing(self._engine) as connection:
            yield connection

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def create_store(address: Path | str) -> Store:
    """Make a store, or open it where it is one already.

    Args:
        address: path of an SQLite file, made if missing, or a `postgresql://` address of an existing database.

    Raises:
        InputError: the address is none of these, does not answer, or holds something else.
        OutputError: it cannot be written.
    """
    engine = _engine(address, make=True)
    with _closed_on_error(engine), _told(engine):
        if _version(engine) is None:
            tables = set(sa.inspect(engine).get_table_names()) - {"alembic_version", "spatial_ref_sys"}
            if tables:
                raise InputError(
                    f"{_shown(engine)}: holds tables that are not sitewatch's ({min(tables)}, ...); give an empty "
                    "database"
                )
            _migrate(engine)
    return _checked(engine)


def open_store(address: Path | str) -> Store:
    """Open a store; one of an earlier schema is brought to the present one.

    An SQLite file is copied before that, to a file beside it that is named by its schema and the day on which it was
    written last (`Store.kept`). A PostgreSQL database is its administrator's to back up; the step is one transaction.

    Raises:
        InputError: there is none, it does not answer, or a later version of sitewatch wrote it.
        OutputError: there is no room for the copy, or it cannot be written.
    """
    return _checked(_engine(address, make=False))


def copy_sqlite(engine: sa.Engine, path: Path) -> None:
    """Copy an SQLite store as it is at one moment, while others go on writing.

    Args:
        engine: of the store.
        path: of the copy; there must be nothing.

    Raises:
        OutputError: it cannot be written.
    """
    with contextlib.closing(engine.raw_connection()) as connection:
        try:
            # Unlike SQLite's backup interface it does not begin anew whenever somebody writes.
            connection.cursor().execute("VACUUM INTO ?", (str(path),))
        except sqlite3.Error as error:
            raise OutputError(f"{_shown(engine)}: cannot be copied ({error}); make room and try again") from error


def _checked(engine: sa.Engine) -> Store:
    kept = None
    with _closed_on_error(engine), _told(engine):
        version = _version(engine)
        if version is None:
            raise InputError(f"{_shown(engine)}: holds no workspace of sitewatch; run `sitewatch init` to make one")
        if version not in SCHEMAS:
            raise InputError(
                f"{_shown(engine)}: was written by a later version of sitewatch (schema {version}, this one knows "
                f"{SCHEMA}); update sitewatch"
            )
        if version != SCHEMA:
            kept = _migrate(engine)
    return Store(engine, kept=kept)


def _engine(address: Path | str, *, make: bool) -> sa.Engine:
    if isinstance(address, Path):
        return _sqlite(address, make=make)
    try:
        url = sa.make_url(address)
    except sa.exc.ArgumentError as error:
        raise OptionError("a database must be given as postgresql://USER@HOST/NAME; found something else") from error
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise OptionError(f"a database must be given as postgresql://USER@HOST/NAME, found {url.get_backend_name()}:")
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise OptionError(
            'PostgreSQL needs an extra that is not installed; run: pip install "sitewatch[postgres]"'
        ) from error
    url = url.set(drivername="postgresql+psycopg")
    return sa.create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10, "options": "-c timezone=UTC"})


def _sqlite(path: Path, *, make: bool) -> sa.Engine:
    if not make and not path.is_file():
        raise InputError(f"{path}: does not exist; run `sitewatch init` to make a workspace")
    if make:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{path.parent}: cannot be made ({error.strerror}); choose another folder") from error
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": _PATIENCE_S, "autocommit": True}
        if hasattr(sqlite3, "LEGACY_TRANSACTION_CONTROL") else {"timeout": _PATIENCE_S, "isolation_level": None},
    )  # fmt: skip

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        # Readers go on while a run writes, and what was committed outlives a power cut.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A transaction that writes asks for the right to at once: one that read first could be refused it later.
        writes = connection.get_execution_options().get("sitewatch_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _version(engine: sa.Engine) -> str | None:
    """The schema of a store; None: it is no store."""
    with engine.connect() as connection, connection.begin():
        return _version_in(connection)


def _version_in(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _migrate(engine: sa.Engine, schema: str | None = None) -> Path | None:
    """Bring a store to a schema (default: the present one), as one transaction.

    Returns:
        Where the store is copied to as it was before; None: it was empty, somebody else was faster, or it is not
        SQLite.
    """
    from alembic import command
    from alembic.config import Config

    target = SCHEMA if schema is None else schema
    kept = None
    config = Config()
    config.set_main_option("script_location", _MIGRATIONS)
    with _writing(engine) as connection:
        # Asked again: another process may have been at it until this one was let in.
        before = _version_in(connection)
        if before == target:
            return None
        if before is not None and engine.dialect.name == "sqlite":
            kept = _keep(engine, before)
        config.attributes["connection"] = connection
        command.upgrade(config, target)
    return kept


def _keep(engine: sa.Engine, schema: str) -> Path:
    """Copy an SQLite store to a file beside it, which is what it is for as long as this process may write alone."""
    store = Path(str(engine.url.database))
    written = dt.datetime.fromtimestamp(store.stat().st_mtime, tz=dt.UTC)
    kept = store.with_name(f"{store.stem}-{schema}-{written:%Y-%m-%d}{store.suffix}")
    with new_file(kept, force=True) as partial:
        copy_sqlite(engine, partial)
    return kept


@contextlib.contextmanager
def _writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that no other one that writes runs beside."""
    with engine.execution_options(sitewatch_writes=True).connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITING)))
        yield connection


@contextlib.contextmanager
def _closed_on_error(engine: sa.Engine) -> Iterator[None]:
    """Give back the connections of a store that is not handed out."""
    try:
        yield
    except BaseException:
        engine.dispose()
        raise


def _shown(engine: sa.Engine) -> str:
    """What a store is called in a sentence; never with its password."""
    if engine.dialect.name == "sqlite":
        return str(engine.url.database)
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=True)


@contextlib.contextmanager
def _told(engine: sa.Engine) -> Iterator[None]:
    """What the database refuses becomes one sentence."""
    try:
        yield
    except sa.exc.OperationalError as error:
        reason = _reason(error)
        if "locked" in reason:
            raise OutputError(
                f"{_shown(engine)}: another run has been writing for {_PATIENCE_S:.0f} s; try again"
            ) from None
        if "disk" in reason or "readonly" in reason or "read-only" in reason:
            raise OutputError(f"{_shown(engine)}: cannot be written ({reason}); make room or mend its rights") from None
        raise InputError(f"{_shown(engine)}: cannot be opened ({reason}); check the address and that it runs") from None
    except sa.exc.DatabaseError as error:
        raise InputError(
            f"{_shown(engine)}: is damaged or no store of sitewatch ({_reason(error)}); restore a backup"
        ) from error


def _reason(error: sa.exc.DBAPIError) -> str:
    """The first line of what the driver says, which names hosts and files but never a password."""
    return (str(error.orig).strip().splitlines() or ["no reason given"])[0][:200]
