"""`ordermade init`, `up`, and the processes that `up` runs."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli.terminal import open_deployment, update_views


def init() -> None:
    """Make the home, the database and the log.

    What exists already stays as it is.
    """
    with open_deployment() as deployment:
        deployment.log.heads()
        update_views(deployment)
        typer.echo(f"Ready in {deployment.settings.home}.")


def up(
    projectors: Annotated[int, typer.Option(help="Processes that keep the views.")] = 1,
    http: Annotated[
        int | None, typer.Option(metavar="PORT", help="Serve HTTP too, on 127.0.0.1.")
    ] = None,
) -> None:
    """Run all processes until Ctrl-C.

    They keep the views up to date, record what becomes due, and with Kafka copy the log and read
    the inbox. A process that exits is started again.
    """
    from infra.processes import supervise

    with open_deployment() as deployment:  # keeps the embedded server running meanwhile
        typer.echo(f"Up, in {deployment.settings.home}. Ctrl-C stops.", err=True)
        supervise(projectors, http, kafka=deployment.settings.kafka is not None)


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes any that is free.")] = 8080,
) -> None:
    """Serve HTTP until Ctrl-C."""
    from infra.processes import serve_http

    serve_http(host, port)


def timers(
    once: Annotated[bool, typer.Option("--once", help="Record what is due now, and end.")] = False,
) -> None:
    """Record what becomes due; `up` runs this.

    Quotes expire, promises are kept or missed, and intakes are abandoned.
    """
    from infra.processes import run_timers, stop_on_signal

    stop = stop_on_signal()
    with open_deployment() as deployment:
        if not once:
            run_timers(deployment, stop)
            return
        count = deployment.timers().run()
        deployment.held_reports.release()
        update_views(deployment)
        typer.echo(f"{count} events were due.")


def project() -> None:
    """Keep the views up to date; `up` runs this."""
    from infra.processes import run_projectors, stop_on_signal

    stop = stop_on_signal()
    with open_deployment() as deployment:
        projectors = deployment.projectors()
        run_projectors(projectors, deployment.offsets(projectors), stop)


def relay() -> None:
    """Copy the store to Kafka; `up` runs this."""
    from infra.processes import run_relay, stop_on_signal

    stop = stop_on_signal()
    with open_deployment() as deployment:
        run_relay(deployment.relay(), stop)


def inbox() -> None:
    """Take messages from the inbox in Kafka; `up` runs this."""
    from infra.processes import run_inbox, stop_on_signal

    stop = stop_on_signal()
    with open_deployment() as deployment:
        run_inbox(deployment.inbox_member(), stop)
