"""Where a workspace lies: no password of a database is written down or printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sitewatch.errors import InputError, OptionError
from sitewatch.workspace import make_workspace, open_workspace

NOWHERE = "127.0.0.1:1/name"
"""No database answers at it."""


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ann:hush@host/name",
        "postgres://ann:hush@host/name",
        "postgresql+psycopg://:hush@host/name",
        "postgresql://ann@host/name?password=hush",
        "postgresql://ann@host/name?sslmode=require&PASSWORD=hush",
        "postgresql://ann@host/name?passfile=/home/ann/hush",
        "postgresql://ann@host/name?sslpassword=hush",
        "postgresql://ann@host/name?sslkey=hush.key",
        "postgresql:///name?user=ann&password=hush",
        "postgresql:///name?password=hush&password=hush",
    ],
)
def test_no_password_is_written_down(tmp_path: Path, address: str) -> None:
    with pytest.raises(OptionError, match="password or a key") as told:
        make_workspace(tmp_path / "space", database=address)
    assert "hush" not in str(told.value)
    assert not (tmp_path / "space").exists()
    make_workspace(tmp_path / "there").store.close()
    settings = tmp_path / "there" / "sitewatch.toml"
    settings.write_text(f'database = "{address}"\n')
    for again in (open_workspace, make_workspace):
        with pytest.raises(InputError, match=r"sitewatch\.toml: setting 'database' holds a password") as refused:
            again(settings.parent)
        assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://ann:hush@{NOWHERE}",
        f"postgresql://ann@{NOWHERE}?password=hush",
        f"postgresql://ann@{NOWHERE}?connect_timeout=hush&password=hush",
        "postgresql://ann:hush@host:port/name",
        f"postgresql+psycopg2://ann:hush@{NOWHERE}",
        f"PostgreSQL://ann:hush@{NOWHERE}",
        "mysql://ann:hush@host/name",
        "postgresql:/ann:hush@host/name",
        f"postgresql://ann@{NOWHERE}?pasword=hush",
    ],
)
def test_an_address_that_does_not_answer_is_told_without_its_password(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed: make .venv/dev.stamp")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"cannot be opened|must be given as|refuses what") as told:
        open_workspace(address)
    assert "hush" not in str(told.value)
    assert "is no workspace" not in str(told.value)


def test_an_address_without_a_password_is_no_secret(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed: make .venv/dev.stamp")
    with pytest.raises(InputError, match="cannot be opened"):
        make_workspace(tmp_path, database=f"postgresql://ann@{NOWHERE}?sslmode=disable&keepalives_idle=9")
