"""`ordermade restore` and `ordermade keys export`."""

from __future__ import annotations

import json
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from consumers.movers.restore import missing, pull
from infra.cli.terminal import update_views
from infra.deployment import Deployment
from infra.errors import UserError
from infra.postgres.store import backup


def export_keys(deployment: Deployment, file: Path, as_json: bool) -> None:
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("writing keys and names", total=None)
        try:
            owners, aliases = backup.export_keys(
                deployment.restorable_store().pool,
                deployment.secrets,
                file,
                partial(progress.advance, task),
            )
        except OSError as error:
            raise UserError(f"{file} cannot be written ({error.strerror}): name another") from None
    if as_json:
        typer.echo(json.dumps({"file": str(file), "owners": owners, "aliases": aliases}))
        return
    typer.echo(
        f"{owners} keys and {aliases} names are in {file}. They open with secrets.json of "
        f"{deployment.settings.home} alone: keep a copy of that elsewhere."
    )


def restore(deployment: Deployment, keys: list[Path], as_json: bool) -> None:
    if not deployment.settings.kafka:
        raise UserError(
            "restore reads the log from Kafka: set ORDERMADE_KAFKA. Without one the database is "
            "the log, and is restored from its own backup"
        )
    if absent := [file for file in keys if not file.is_file()]:
        raise UserError(f"{absent[0]} is not there: name a file that can be read")
    store = deployment.restorable_store()
    with ExitStack() as stack:
        stack.enter_context(store.maintenance())
        progress = stack.enter_context(Progress(console=Console(stderr=True)))
        wanted = missing(store, deployment.log_writer)
        if not wanted and not store.refuses_appends():
            raise UserError(
                "there is nothing to restore: the store has everything that the log has"
            )
        store.refuse_appends()
        for file in keys:
            task = progress.add_task(f"keys of {file.name}", total=file.stat().st_size)
            told = partial(progress.advance, task)
            backup.load_keys(
                store.pool, deployment.secrets, deployment.settings.partitions, file, told
            )
        task = progress.add_task("events", total=sum(wanted.values()))
        for partition in wanted:
            pull(store, deployment.log_writer, partition, partial(progress.advance, task))
        progress.add_task("looking for what stays sealed", total=None)
        lost = store.replace_lost_keys()
        incarnation = store.accept_appends()
        progress.add_task("folding into the views", total=None)
        current = update_views(deployment)
    answer = {
        "events": sum(wanted.values()), "incarnation": incarnation,
        "erased": {"owners": len(lost), "values": lost.total()}, "views": current,
    }  # fmt: skip
    if as_json:
        typer.echo(json.dumps(answer))
        return
    typer.echo(
        f"{sum(wanted.values())} events restored; the log goes on under incarnation {incarnation}."
    )
    if lost:
        typer.echo(
            f"{lost.total()} personal values of {len(lost)} owners read Erased, and nothing can be "
            "written about these: no backup had their keys."
        )
    if not current:
        typer.echo("The views are still behind: `ordermade lag` tells how far.")
