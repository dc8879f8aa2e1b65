"""Opening a store: an SQLite file, or a PostgreSQL database by its address; and bringing it to the present schema."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from urllib.parse import quote

import sqlalchemy as sa

from sitewatch.errors import InputError, OptionError, OutputError
from sitewatch.store._files import new_file

__all__ = ["SCHEMA", "SCHEMAS", "Store", "copy_sqlite", "create_store", "holds_password", "open_store"]

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
_ALIVE = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""A server that is gone is noticed within a minute or so, also while nothing is asked of it."""
_SECRET = re.compile(r"pass|secret|token|key", re.IGNORECASE)
"""Parameters of an address that hold a password or a key, or tell the file that does."""


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

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """For what uses the engine itself: what the database refuses becomes one sentence."""
        with _told(self._engine):
            yield

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


def holds_password(address: str) -> bool:
    """True: a database's address holds a password or a key, or tells the file that does; nobody may write it down."""
    try:
        url = sa.make_url(address)
    except (sa.exc.ArgumentError, ValueError):
        return False
    return url.password is not None or any(_SECRET.search(name) for name in url.query)


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
    except (sa.exc.ArgumentError, ValueError):
        # What the library says may hold the address, and that a password.
        raise OptionError("a database must be given as postgresql://USER@HOST/NAME; found something else") from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise OptionError(f"a database must be given as postgresql://USER@HOST/NAME, found {url.get_backend_name()}:")
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise OptionError(
            'PostgreSQL needs an extra that is not installed; run: pip install "sitewatch[postgres]"'
        ) from error
    url = url.set(drivername="postgresql+psycopg")
    settings = {"connect_timeout": 10, "options": "-c timezone=UTC", **_ALIVE}
    return sa.create_engine(url, pool_pre_ping=True, connect_args=settings)


def _sqlite(path: Path, *, make: bool) -> sa.Engine:
    if not make and not path.is_file():
        raise InputError(f"{path}: does not exist; run `sitewatch init` to make a workspace")
    if make:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{path.parent}: cannot be made ({error.strerror}); choose another folder") from error
    only_read = not make and not _may_write(path)
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, creator=(lambda: _sqlite_to_read(path)) if only_read else (lambda: _sqlite_at(path)))

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        # Readers go on while a run writes, and what was committed outlives a power cut.
        kept = () if only_read else ("journal_mode=WAL", "synchronous=FULL")
        for pragma in (*kept, "foreign_keys=ON", "cache_size=-65536"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A transaction that writes asks for the right to at once: one that read first could be refused it later.
        writes = connection.get_execution_options().get("sitewatch_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _sqlite_at(path: Path, **how: str) -> sqlite3.Connection:
    """A connection to an SQLite file, which leaves transactions to whoever uses it."""
    plain = {"autocommit": True} if hasattr(sqlite3, "LEGACY_TRANSACTION_CONTROL") else {"isolation_level": None}
    name: str = str(path)
    if how:
        name = f"file:{quote(str(path.absolute()))}?" + "&".join(f"{key}={value}" for key, value in how.items())
    return sqlite3.connect(name, uri=bool(how), timeout=_PATIENCE_S, check_same_thread=False, **plain)


def _sqlite_to_read(path: Path) -> sqlite3.Connection:
    """A connection to an SQLite file that cannot be written, nor anything beside it."""
    connection = _sqlite_at(path, mode="ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:
        connection.close()
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:
            raise InputError(
                f"{path}: its last changes lie in {log.name}, which cannot be read where nothing can be written; copy "
                "the workspace to where you may write"
            ) from None
        # Readers of a store with a log keep a file beside it too; without one nobody may write, and here nobody can.
        return _sqlite_at(path, mode="ro", immutable="1")
    return connection


def _may_write(path: Path) -> bool:
    """Whether an SQLite file can be written, and the files that SQLite keeps beside it."""
    who = {"effective_ids": True} if os.access in os.supports_effective_ids else {}

    def may(place: Path) -> bool:
        return os.access(place, os.W_OK, **who)

    return may(path) and (may(path.parent) or all(may(path.with_name(f"{path.name}-{end}")) for end in ("wal", "shm")))


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
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE_S:.0f}s'")
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
    """What a store is called in a sentence; never with its password, nor with parameters, which may hold one."""
    if engine.dialect.name == "sqlite":
        return str(engine.url.database)
    return engine.url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)


@contextlib.contextmanager
def _told(engine: sa.Engine) -> Iterator[None]:
    """What the database refuses becomes one sentence."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        # Nothing of the cause goes along: it may hold the address, and that a password.
        raise _sentence(engine, error) from None


def _sentence(engine: sa.Engine, error: sa.exc.DBAPIError) -> InputError | OutputError:
    """What went wrong and what to do, by the code that PostgreSQL or SQLite gives for it, else by the words."""
    shown, reason, code = _shown(engine), _reason(engine, error), _code(error)
    if code.startswith(("55P03", "SQLITE_BUSY", "SQLITE_LOCKED")):
        return OutputError(f"{shown}: another run has been writing for {_PATIENCE_S:.0f} s; try again")
    if code.startswith(("25006", "SQLITE_READONLY")):
        return OutputError(f"{shown}: can be read but not written, it or its disk is read-only; write where you may")
    if code.startswith(("53100", "SQLITE_FULL", "SQLITE_IOERR")):
        return OutputError(f"{shown}: cannot be written ({reason}); make room or mend the disk")
    if code.startswith(("42501", "SQLITE_PERM", "SQLITE_AUTH")):
        return InputError(f"{shown}: you have no right to do that ({reason}); ask its administrator for it")
    if code.startswith(("08", "57P")) or error.connection_invalidated:
        return OutputError(f"{shown}: the connection broke ({reason}); try again when the database runs")
    if isinstance(error, sa.exc.DataError):
        return InputError(f"{shown}: cannot keep a value ({reason}); nothing was written, mend the value")
    if isinstance(error, sa.exc.IntegrityError):
        return OutputError(f"{shown}: already holds something that contradicts this ({reason}); nothing was written")
    if code.startswith(("42P01", "42703", "SQLITE_CORRUPT", "SQLITE_NOTADB")) or reason.startswith("no such "):
        return InputError(f"{shown}: is damaged or no store of sitewatch ({reason}); restore a backup")
    if isinstance(error, sa.exc.OperationalError) and (not code or code.startswith("SQLITE_")):
        return InputError(f"{shown}: cannot be opened ({reason}); check the address and that it runs")
    return InputError(f"{shown}: refuses what it is asked ({reason}); check the address, and that sitewatch is new")


def _code(error: sa.exc.DBAPIError) -> str:
    """PostgreSQL's SQLSTATE or the name of SQLite's error; empty: none is given."""
    for name in ("sqlstate", "sqlite_errorname"):
        if code := getattr(error.orig, name, None):
            return str(code)
    return ""


def _reason(engine: sa.Engine, error: sa.exc.DBAPIError) -> str:
    """The first line of what the driver says, which names hosts and files but never a password."""
    reason = (str(error.orig).strip().splitlines() or ["no reason given"])[0]
    hidden = [value for name, value in engine.url.query.items() if _SECRET.search(name) and isinstance(value, str)]
    for secret in filter(None, [engine.url.password, *hidden]):
        reason = reason.replace(str(secret), "***")
    return reason[:200]
