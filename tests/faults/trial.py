"""One fault on one log: a deployment under load, the fault, and what the views say in the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from projections import discover
from tests.broker import Broker
from tests.faults import on_both, on_kafka
from tests.faults.deployment import ALL, DeploymentUnderLoad, Lengths
from tests.homes import copied
from tests.independent.acknowledged import noted, reckon

OURS = {"customer.consent-granted.v1", "view.event-dropped.v1"}
"""Events that no writer was told of: they follow from what was said."""


@dataclass(frozen=True)
class Fault:
    happens: Callable[[DeploymentUnderLoad], Iterator[float | None]]
    logs: tuple[str, ...] = ("embedded", "kafka")
    breaks_broker: bool = False

    @property
    def name(self) -> str:
        return self.happens.__name__.replace("_", " ")


KAFKA = ("kafka",)
FAULTS = [
    Fault(on_kafka.relay_killed_after_the_acknowledgement, KAFKA),
    Fault(on_kafka.two_relays_on_one_partition, KAFKA),
    Fault(on_kafka.broker_stopped_and_started, KAFKA, breaks_broker=True),
    Fault(on_kafka.broker_killed, KAFKA, breaks_broker=True),
    Fault(on_kafka.relay_down, KAFKA),
    Fault(on_kafka.kafkas_data_lost, KAFKA, breaks_broker=True),
    Fault(on_kafka.postgres_restored_from_an_older_backup, KAFKA),
    Fault(on_both.projector_killed_around_its_commit),
    Fault(on_both.projector_stopped_past_its_session),
    Fault(on_both.database_gone),
    Fault(on_both.acknowledgement_of_an_append_lost),
    Fault(on_both.eight_writers_race_on_one_stream),
    Fault(on_both.transaction_rolled_back_between_two_others),
    Fault(on_both.poison_in_the_middle),
    Fault(on_both.crash_in_the_middle_of_a_rebuild),
    Fault(on_both.stream_silent_for_long),
    Fault(on_both.clock_set_back_an_hour),
    Fault(on_both.disk_full),
    Fault(on_both.everything_killed_at_once),
]


@dataclass(frozen=True)
class Outcome:
    """`recovery_s` is from the end of the fault until views had all that was stored by then."""

    acknowledged: int
    lost: int
    doubled: int
    recovery_s: float


def run(
    fault: Fault, made: Path, folder: Path, kafka: str | None, broker: Broker | None, seed: str,
    lengths: Lengths,
) -> Outcome:  # fmt: skip
    """Raises AssertionError where something else is wrong than a number of events."""
    copied(made, folder)
    deployment = DeploymentUnderLoad(folder, made, kafka, broker, seed, lengths)
    try:
        happening = fault.happens(deployment)
        recovery = (next(happening) or 0) + deployment.caught_up()
        time.sleep(lengths.before)
        deployment.settle()
        assert next(happening, "over") == "over"
        return _compared(deployment, recovery)
    finally:
        deployment.end()


def _compared(d: DeploymentUnderLoad, recovery_s: float) -> Outcome:
    """What was acknowledged against what `show` shows, and every view against a fold of the log."""
    said = reckon(noted(d.folder))
    with d.opened() as deployment:
        events = [
            e for partition in deployment.log.heads() for e in d.events(deployment, partition)
        ]
        for view in discover().values():
            assert dict(deployment.views.find(view, None)) == view.fold(events), view.name
        customers = deployment.owners(deployment.pool("reader")).find(said.events)
    ours = Counter(e.event.customerid for e in events if e.event.source != "/test")
    audit, profile, prices = (
        d.front.rows("show", view, "--limit", ALL) for view in ("audit", "profile", "prices")
    )

    places = {row["event_id"]: row["position"] for row in audit if row["type"] not in OURS}
    profiles = {row["customer"]: row for row in profile}
    off = {name: profiles[id]["events"] - ours[id] - said.events[name]
           for name, id in customers.items()}  # fmt: skip
    doubled = len(places.keys() - said.positions.keys()) + sum(n for n in off.values() if n > 0)
    lost = len(said.positions.keys() - places.keys()) - sum(n for n in off.values() if n < 0)
    if lost or doubled:
        off = {name: n for name, n in off.items() if n}
        print(
            "said and not shown, shown and not said, events too many:",
            said.positions.keys() - places.keys(),
            places.keys() - said.positions.keys(),
            off,
        )
    else:
        assert places == said.positions
        beliefs = {name: dict(map(tuple, profiles[id]["values"])) for name, id in customers.items()}
        assert beliefs == {name: said.beliefs.get(name, {}) for name in said.events}
        assert {row["order_id"]: Decimal(row["paid"]) for row in prices} == said.paid
    return Outcome(len(said.positions), lost, doubled, recovery_s)
