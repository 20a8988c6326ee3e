"""Members of the views' groups, as `up` runs them, in threads of the tests' process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from infra.deployment import Deployment
from infra.processes import run_projectors, run_relay
from infra.settings import Settings
from projections import discover
from tests.frontdoor import Front


def settings_of(front: Front) -> Settings:
    """What its commands are told, for an `App` in this process."""
    told = {n.removeprefix("ORDERMADE_").lower(): v for n, v in front.environment.items()}
    return Settings(
        **{name: value for name, value in told.items() if name in Settings.model_fields}
    )


class Named(Deployment):
    """Its members have a name of their own, though the process is one."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._named = name
        super().__init__(settings)

    @property
    def _member(self) -> str:
        return self._named


@contextmanager
def two_members(front: Front) -> Iterator[Front]:
    """Two members of every view's group that share the partitions, and on Kafka a relay."""
    stop = threading.Event()
    settings = settings_of(front)
    groups = {view.group for view in discover().values()}

    def move(name: str) -> None:
        with Named(settings, name) as deployment:
            if name == "relay":
                run_relay(deployment.relay(), stop)
            else:
                projectors = deployment.projectors()
                run_projectors(projectors, deployment.offsets(projectors), stop)

    names = ["ann", "bob", *(["relay"] if settings.kafka else [])]
    threads = [threading.Thread(target=move, args=[name], name=name) for name in names]
    try:
        with Deployment(settings) as deployment:
            for thread in threads:
                thread.start()
            assert len(deployment.log.heads()) > 4
            while not shared(deployment, groups):
                assert all(thread.is_alive() for thread in threads)
                stop.wait(0.01)
            yield front
    finally:
        stop.set()
        for thread in threads:
            if thread.ident:
                thread.join()


def shared(deployment: Deployment, groups: set[str]) -> bool:
    """Whether each group has two members, and each of them partitions."""
    holders = {(lag.group, lag.member) for lag in deployment.progress.lags(groups) if lag.member}
    return len(holders) == 2 * len(groups)
