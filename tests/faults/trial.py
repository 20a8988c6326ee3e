"""One fault on one log: a deployment under load, the fault, and the comparison of the views."""

from __future__ import annotations

import inspect
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from projections import discover
from tests.broker import Broker
from tests.faults import on_both, on_kafka
from tests.faults.deployment import NO_LIMIT, DeploymentUnderLoad, Lengths
from tests.homes import copy_home
from tests.independent.acknowledged import expected, read_notes

DERIVED = {"customer.consent-granted.v1", "view.event-dropped.v1"}
"""Types of events that no writer sends: ordermade appends them by itself."""


@dataclass(frozen=True)
class Fault:
    """A function of `on_both` or `on_kafka`, and the logs that it is tried on."""

    cause: Callable[[DeploymentUnderLoad], Iterator[float | None]]
    logs: tuple[str, ...] = ("embedded", "kafka")
    breaks_broker: bool = False

    @property
    def name(self) -> str:
        return self.cause.__name__.replace("_", " ")

    @property
    def explanation(self) -> str:
        """The first paragraph of the function's docstring, on one line."""
        return " ".join(inspect.getdoc(self.cause).partition("\n\n")[0].split())


KAFKA = ("kafka",)
FAULTS = [
    Fault(on_kafka.relay_killed_after_acknowledgement, KAFKA),
    Fault(on_kafka.two_relays_write_one_partition, KAFKA),
    Fault(on_kafka.broker_stopped_and_started, KAFKA, breaks_broker=True),
    Fault(on_kafka.broker_killed, KAFKA, breaks_broker=True),
    Fault(on_kafka.relay_down, KAFKA),
    Fault(on_kafka.data_of_kafka_lost, KAFKA, breaks_broker=True),
    Fault(on_kafka.postgresql_restored_from_an_older_backup, KAFKA),
    Fault(on_both.projector_killed_before_and_after_commit),
    Fault(on_both.projector_paused_past_its_session),
    Fault(on_both.database_down),
    Fault(on_both.answers_to_appends_lost),
    Fault(on_both.eight_writers_race_on_one_stream),
    Fault(on_both.transaction_rolled_back_between_two_others),
    Fault(on_both.event_that_cannot_be_read),
    Fault(on_both.rebuild_killed_halfway),
    Fault(on_both.stream_silent_for_long),
    Fault(on_both.clock_set_back_an_hour),
    Fault(on_both.disk_full),
    Fault(on_both.all_processes_killed_at_once),
]


@dataclass(frozen=True)
class Outcome:
    """Numbers of events; `recovery_s` is the time from the end of the fault to caught-up views."""

    acknowledged: int
    lost: int
    doubled: int
    recovery_s: float


def run(
    fault: Fault, template: Path, folder: Path, kafka: str | None, broker: Broker | None,
    seed: str, lengths: Lengths,
) -> Outcome:  # fmt: skip
    """Runs a trial. Raises AssertionError for anything wrong but lost or doubled events."""
    copy_home(template, folder)
    deployment = DeploymentUnderLoad(folder, template, kafka, broker, seed, lengths)
    try:
        cause = fault.cause(deployment)
        recovery_s = (next(cause) or 0) + deployment.wait_for_views()
        time.sleep(lengths.before)
        deployment.stop_writers()
        assert next(cause, "over") == "over"
        return _compare(deployment, recovery_s)
    finally:
        deployment.end()


def _compare(d: DeploymentUnderLoad, recovery_s: float) -> Outcome:
    """Compares acknowledged events with what `show` shows, and each view with a fold of the log."""
    state = expected(read_notes(d.folder))
    with d.opened() as deployment:
        events = [
            event
            for partition in deployment.log.heads()
            for event in d.events(deployment, partition)
        ]
        for view in discover().values():
            assert dict(deployment.views.find(view, None)) == view.fold(events), view.name
        customers = deployment.owners(deployment.pool("reader")).find(state.events)
    derived = Counter(e.event.customerid for e in events if e.event.source != "/test")
    audit, profile, prices = (
        d.front.rows("show", view, "--limit", NO_LIMIT) for view in ("audit", "profile", "prices")
    )

    shown = {row["event_id"]: row["position"] for row in audit if row["type"] not in DERIVED}
    profiles = {row["customer"]: row for row in profile}
    surplus = {name: profiles[id]["events"] - derived[id] - state.events[name]
               for name, id in customers.items()}  # fmt: skip
    unexpected = shown.keys() - state.positions.keys()
    missing = state.positions.keys() - shown.keys()
    doubled = len(unexpected) + sum(n for n in surplus.values() if n > 0)
    lost = len(missing) - sum(n for n in surplus.values() if n < 0)
    if lost or doubled:
        surplus = {name: n for name, n in surplus.items() if n}
        print(
            f"missing events: {missing}, unexpected: {unexpected}, surplus by customer: {surplus}"
        )
    else:
        assert shown == state.positions
        beliefs = {name: dict(map(tuple, profiles[id]["values"])) for name, id in customers.items()}
        assert beliefs == {name: state.beliefs.get(name, {}) for name in state.events}
        assert {row["order_id"]: Decimal(row["paid"]) for row in prices} == state.paid
    return Outcome(len(state.positions), lost, doubled, recovery_s)
