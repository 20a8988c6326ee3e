"""The members that `up` runs, in threads of the tests' process."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from infra.deployment import Deployment
from infra.processes import run_projectors, run_relay
from infra.settings import Settings
from projections import discover
from tests.frontdoor import Front


def settings_of(front: Front) -> Settings:
    """The settings of its commands, for a `Deployment` in this process."""
    values = {n.removeprefix("ORDERMADE_").lower(): v for n, v in front.environment.items()}
    return Settings(
        **{name: value for name, value in values.items() if name in Settings.model_fields}
    )


class DeploymentOfMember(Deployment):
    """A deployment whose members are called `name`, since they share a process with others."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._member_name = name
        super().__init__(settings)

    @property
    def _member(self) -> str:
        return self._member_name


@contextmanager
def two_members(front: Front) -> Iterator[Front]:
    """Runs two members of every view's group, which share the partitions; on Kafka a relay too."""
    stop = threading.Event()
    settings = settings_of(front)
    groups = {view.group for view in discover().values()}

    def run(name: str) -> None:
        with DeploymentOfMember(settings, name) as deployment:
            if name == "relay":
                run_relay(deployment.relay(), stop)
            else:
                projectors = deployment.projectors()
                run_projectors(projectors, deployment.offsets(projectors), stop)

    names = ["ann", "bob", *(["relay"] if settings.kafka else [])]
    threads = [threading.Thread(target=run, args=[name], name=name) for name in names]
    try:
        with Deployment(settings) as deployment:
            for thread in threads:
                thread.start()
            assert len(deployment.log.heads()) > 4
            while not are_shared(deployment, groups):
                assert all(thread.is_alive() for thread in threads)
                stop.wait(0.01)
            yield front
    finally:
        stop.set()
        for thread in threads:
            if thread.ident:
                thread.join()


def are_shared(deployment: Deployment, groups: Collection[str]) -> bool:
    """Whether the partitions of each group are shared by two members."""
    holders = {(lag.group, lag.member) for lag in deployment.progress.lags(groups) if lag.member}
    return len(holders) == 2 * len(groups)
