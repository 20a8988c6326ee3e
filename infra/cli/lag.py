"""`ordermade lag`: how far every consumer group is behind."""

from __future__ import annotations

from infra.cli.terminal import Json, open_deployment


def lag(as_json: Json = False) -> None:
    """Show how far the views are behind.

    For each consumer group and partition: the events and seconds that it is behind the store, the
    process that reads it, and why it stopped if it did. With Kafka also the relay and the inbox.
    """
    from infra.cli.answers import print_rows

    with open_deployment() as deployment:
        lags = deployment.group_lags()
        print_rows(deployment, "How far is each group behind the store?", lags, as_json)
