"""Members of the views' groups, as `up` runs them, in threads of the tests' process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from infra.bootstrap import App
from infra.cli import upkeep
from infra.settings import Settings
from projections import discover
from tests.frontdoor import Front


def settings_of(front: Front) -> Settings:
    """What its commands are told, for an `App` in this process."""
    told = {n.removeprefix("ORDERMADE_").lower(): v for n, v in front.environment.items()}
    return Settings(
        **{name: value for name, value in told.items() if name in Settings.model_fields}
    )


class Named(App):
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
        with Named(settings, name) as app:
            if name == "relay":
                upkeep.relay(app.relay(), stop)
            else:
                projectors = app.projectors()
                upkeep.project(projectors, app.offsets(projectors), stop)

    names = ["ann", "bob", *(["relay"] if settings.kafka else [])]
    threads = [threading.Thread(target=move, args=[name], name=name) for name in names]
    try:
        with App(settings) as app:
            for thread in threads:
                thread.start()
            assert len(app.log.heads()) > 4
            while not shared(app, groups):
                assert all(thread.is_alive() for thread in threads)
                stop.wait(0.01)
            yield front
    finally:
        stop.set()
        for thread in threads:
            if thread.ident:
                thread.join()


def shared(app: App, groups: set[str]) -> bool:
    """Whether each group has two members, and each of them partitions."""
    holders = {(lag.group, lag.member) for lag in app.progress.lags(groups) if lag.member}
    return len(holders) == 2 * len(groups)
