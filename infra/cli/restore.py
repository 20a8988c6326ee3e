"""`ordermade restore`: what the database lacks is brought back from Kafka."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.terminal import Json, open_deployment, update_views
from infra.errors import UserError

if TYPE_CHECKING:
    from infra.deployment import Deployment


def restore(
    keys: Annotated[
        list[Path] | None,
        typer.Option(help="A file of `ordermade keys export`; of several, the newest first."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Restore the database from Kafka.

    Brings back everything, or what came after the backup that the database was restored from.
    """
    if absent := [file for file in keys or [] if not file.is_file()]:
        raise UserError(f"{absent[0]} does not exist: name a file that can be read")
    with open_deployment() as deployment:
        if not deployment.settings.kafka:
            raise UserError(
                "restore reads the log from Kafka: set ORDERMADE_KAFKA. Without Kafka the database "
                "is the log, and is restored from its own backup"
            )
        _restore(deployment, keys or [], as_json)


def _restore(deployment: Deployment, keys: list[Path], as_json: bool) -> None:
    from consumers.movers.restore import count_missing, restore_partition
    from infra.cli.tables import print_json, progress_bar
    from infra.postgres.store import backup

    store, partitions = deployment.restorable_store(), deployment.settings.partitions
    with ExitStack() as stack:
        stack.enter_context(store.maintenance())
        bar = stack.enter_context(progress_bar())
        absent = count_missing(store, deployment.log_writer)
        if not absent and not store.refuses_appends():
            raise UserError(
                "there is nothing to restore: the store has everything that the log has"
            )
        store.refuse_appends()
        for file in keys:
            task = bar.add_task(f"keys of {file.name}", total=file.stat().st_size)
            on_progress = partial(bar.advance, task)
            backup.load_keys(store.pool, deployment.secrets, partitions, file, on_progress)
        task = bar.add_task("events", total=sum(absent.values()))
        for partition in absent:
            restore_partition(store, deployment.log_writer, partition, partial(bar.advance, task))
        bar.add_task("counting values that stay sealed", total=None)
        lost = store.replace_lost_keys()
        incarnation = store.accept_appends()
        bar.add_task("updating the views", total=None)
        views_current = update_views(deployment)
    events = sum(absent.values())
    if as_json:
        erased = {"owners": len(lost), "values": lost.total()}
        print_json(
            {"events": events, "incarnation": incarnation, "erased": erased, "views": views_current}
        )
        return
    typer.echo(f"{events} events restored; the log goes on under incarnation {incarnation}.")
    if lost:
        typer.echo(
            f"{lost.total()} personal values of {len(lost)} owners read Erased, and nothing can be "
            "written about these owners: no backup had their keys."
        )
    if not views_current:
        typer.echo("The views are still behind: `ordermade lag` shows how far.")
