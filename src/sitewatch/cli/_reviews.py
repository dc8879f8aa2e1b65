"""`sitewatch review` and `sitewatch history`: what readers say, and who did what."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from sitewatch.cli._structures import Reason, SiteId, StructureId, entry_in_words
from sitewatch.cli._values import parse_as_known, parse_now
from sitewatch.cli._workspace import (
    DEFAULT,
    AsJson,
    AsKnown,
    InWorkspace,
    Now,
    Reader,
    opened,
    print_json,
    print_table,
    who,
)

__all__ = ["HISTORY_EXAMPLES", "history", "review_app"]

HISTORY_EXAMPLES = """
Examples:

    sitewatch history plant

    sitewatch history plant s3f2a91c0 --json

    sitewatch history plant --as-known 2020-01-31
"""

review_app = typer.Typer(no_args_is_help=True, help="What readers say of structures, each without knowing the others.")

AnySite = Annotated[str | None, typer.Argument(metavar="[SITE]", help="Id of a watched site; default all.")]


@review_app.command(
    "add",
    epilog='Example:\n\n    sitewatch review add plant s3f2a91c0 reject --reason "a shadow" --reader ana',
)
def add(
    site: SiteId,
    structure: StructureId,
    verdict: Annotated[str, typer.Argument(metavar="VERDICT", help="confirm, reject or unsure.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; needed for reject and unsure.")] = "",
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Say what you make of a structure. Your last word counts; earlier ones stay."""
    from sitewatch.store import add_review, find_thing

    with opened(workspace) as space, space.store.writing() as connection:
        thing = find_thing(connection, site, structure)
        add_review(connection, site, thing, verdict, reason=reason, reader=who(space, reader), at=parse_now(now))
    print(thing)


@review_app.command(
    "list",
    epilog="""
Examples:

    sitewatch review list plant --reader ana

    sitewatch review list plant --as-known 2020-01-31
""",
)
def list_(
    site: AnySite = None,
    as_known: AsKnown = None,
    as_json: AsJson = False,
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
) -> None:
    """List what was said. What others said of a structure is hidden until you have read it, and two readers have."""
    from sitewatch.store import review_rows, site_name

    moment = parse_as_known(as_known)
    with opened(workspace) as space, space.store.reading() as connection:
        if site is not None:
            site_name(connection, site)
        found = review_rows(connection, viewer=who(space, reader), site=site, at=moment)
    if as_json:
        print_json(found)
        return
    print_table(
        ("site", "id", "name", "review", "said"),
        (
            (
                one["site"],
                one["id"],
                one["name"],
                one["review"],
                "\n".join(
                    f"{word['at'][:10]} {word['reader']}: {word['verdict']}"
                    + (f" ({word['reason']})" if word["reason"] else "")
                    + ("" if word["counts"] else ", taken back since")
                    for word in one["said"]
                ),
            )
            for one in found
        ),
        none="Nothing has been read yet; say what you make of a structure with `sitewatch review add`.",
    )


@review_app.command(
    epilog="""
Examples:

    sitewatch review agreement plant

    sitewatch review agreement plant --as-known 2020-01-31
"""
)
def agreement(
    site: AnySite = None, as_known: AsKnown = None, as_json: AsJson = False, workspace: InWorkspace = DEFAULT
) -> None:
    """How far readers agree: Cohen's kappa with its standard error for every pair, and the plain share."""
    from sitewatch.store import agreements, site_name

    moment = parse_as_known(as_known)
    with opened(workspace) as space, space.store.reading() as connection:
        if site is not None:
            site_name(connection, site)
        found = agreements(connection, site=site, at=moment)
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
        return
    print_table(
        ("readers", "both read>", "same>", "kappa>", "std. error>", ""),
        (
            (
                " and ".join(one.readers),
                one.n,
                None if one.agreed is None else f"{one.agreed:.0%}",
                None if one.kappa is None else f"{one.kappa:.2f}",
                None if one.kappa_error is None else f"{one.kappa_error:.2f}",
                one.words,
            )
            for one in found
        ),
        none="Fewer than two readers have read anything.",
    )


@review_app.command(
    epilog="""
Examples:

    sitewatch review conflicts plant

    sitewatch review conflicts plant --as-known 2020-01-31
"""
)
def conflicts(
    site: AnySite = None, as_known: AsKnown = None, as_json: AsJson = False, workspace: InWorkspace = DEFAULT
) -> None:
    """List what searches would change of what was confirmed, and that waits for an answer."""
    from sitewatch.store import conflict_rows, site_name

    moment = parse_as_known(as_known)
    with opened(workspace) as space, space.store.reading() as connection:
        if site is not None:
            site_name(connection, site)
        found = conflict_rows(connection, site=site, at=moment)
    if as_json:
        print_json(found)
        return
    print_table(
        ("site", "id", "since", "what"),
        ((one["site"], one["id"], one["raised"][:10], one["words"]) for one in found),
        none="There is no conflict to resolve.",
    )


@review_app.command(
    epilog='Example:\n\n    sitewatch review resolve plant s3f2a91c0 keep --reason "snow on the roof, it stands"'
)
def resolve(
    site: SiteId,
    structure: StructureId,
    answer: Annotated[str, typer.Argument(metavar="accept|keep", help="Take what the search says, or keep yours.")],
    reason: Reason,
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
    now: Now = None,
) -> None:
    """Answer a conflict: accept what the search says now, or keep what was confirmed."""
    from sitewatch.store import find_thing, resolve_conflict

    with opened(workspace) as space, space.store.writing() as connection:
        thing = find_thing(connection, site, structure)
        resolve_conflict(connection, site, thing, answer, reason=reason, who=who(space, reader), at=parse_now(now))
    print(thing)


def history(
    site: AnySite = None,
    structure: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A structure: its name, or any id that it ever had.")
    ] = None,
    as_known: AsKnown = None,
    as_json: AsJson = False,
    reader: Reader = None,
    workspace: InWorkspace = DEFAULT,
) -> None:
    """Tell who did what, when; of a structure, every version of it and what changed between them."""
    from sitewatch.store import find_thing, journal_rows, site_name, version_rows

    moment = parse_as_known(as_known)
    versions = None
    with opened(workspace) as space, space.store.reading() as connection:
        thing = None
        if site is not None:
            site_name(connection, site)
            thing = None if structure is None else find_thing(connection, site, structure, at=moment)
        journal = journal_rows(connection, viewer=who(space, reader), site=site, thing=thing, at=moment)
        if site is not None and thing is not None:
            versions = version_rows(connection, site, thing, at=moment)
    if as_json:
        print_json(journal if versions is None else {"versions": versions, "journal": journal})
        return
    if versions:
        print_table(
            ("known since", "by", "id", "changed"),
            (
                (one["since"][:16], f"{one['who']}: {one['what']}", one["id"], "\n".join(one["changed"]))
                for one in versions
            ),
            none="",
        )
    print_table(
        ("when", "site", "who", "what", "structure", ""),
        (
            (one["at"][:16], one["site"], one["who"], one["what"], one["thing"], entry_in_words(one["detail"]))
            for one in journal
        ),
        none="Nothing has been done yet.",
    )
