"""`ordermade keys`: the backup of what only the database has."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.terminal import Json, open_deployment
from infra.errors import UserError

keys = typer.Typer(no_args_is_help=True)


@keys.callback()
def _group() -> None:
    """Back up owners' keys and customers' names."""


@keys.command()
def export(
    file: Annotated[
        Path, typer.Argument(help="Written completely or not at all, readable by its owner only.")
    ],
    as_json: Json = False,
) -> None:
    """Back up owners' keys and customers' names.

    Keys are wrapped and names are sealed: only secrets.json of the home opens them.
    """
    from infra.cli.tables import print_json, progress_bar
    from infra.postgres.store import backup

    with open_deployment() as deployment, progress_bar() as bar:
        task = bar.add_task("writing keys and names", total=None)
        pool, secrets = deployment.restorable_store().pool, deployment.secrets
        try:
            owners, aliases = backup.export_keys(pool, secrets, file, partial(bar.advance, task))
        except OSError as error:
            raise UserError(f"{file} cannot be written ({error.strerror}): name another") from None
        home = deployment.settings.home
    if as_json:
        print_json({"file": str(file), "owners": owners, "aliases": aliases})
        return
    typer.echo(
        f"{owners} keys and {aliases} names are in {file}. Only secrets.json of {home} opens "
        "them: keep a copy of it elsewhere."
    )
