"""A real PostgreSQL for the tests: one server a session, a deployment of its own a test."""

from __future__ import annotations

import itertools
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from consumers.doors.holding import Holding
from infra.kafka.cluster import Cluster, provision
from infra.keys import Secrets
from infra.postgres import database, embedded
from infra.postgres.held import PostgresHeld
from infra.postgres.owners import PostgresOwners
from infra.postgres.store import PostgresStore
from tests.broker import Broker, described, named
from tests.logs import in_kafka

_names = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    running = embedded.start(tmp_path_factory.mktemp("shared") / "home", linger_s=1)
    yield running
    running.close()


_BROKER = pytest.StashKey[str]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Where several processes run the tests, one broker serves them all."""
    if config.getoption("numprocesses", None) and not (config.getoption("dist") == "no" or named()):
        folder = tempfile.TemporaryDirectory()
        shared = Broker(Path(folder.name) / "kafka")
        shared.start()
        config.add_cleanup(folder.cleanup)
        config.add_cleanup(shared.stop)
        os.environ["ORDERMADE_TEST_KAFKA"] = shared.address
        config.stash[_BROKER] = told(shared.address)


def told(address: str) -> str:
    cluster, version = described(address)
    return f"Kafka {version}, cluster {cluster}, at {address}"


@pytest.fixture(scope="session")
def own_broker(tmp_path_factory):
    """One Kafka node a session, which a test may stop and start."""
    started = Broker(tmp_path_factory.mktemp("broker") / "kafka")
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def broker(request):
    """The address of a Kafka: our own, or the one that we are told to use."""
    address = named() or request.getfixturevalue("own_broker").address
    request.config.stash[_BROKER] = told(address)
    return address


def pytest_terminal_summary(terminalreporter, config):
    if broker := config.stash.get(_BROKER, None):
        terminalreporter.write_line(broker)


@dataclass
class Deployment:
    url: str
    secrets: Secrets
    partitions: int = 12

    def pool(self, role):
        return database.pool(self.url, role, self.secrets)

    def sql(self, query, *values):
        with psycopg.connect(self.url, autocommit=True) as admin:
            return admin.execute(query, values).fetchall()


@pytest.fixture
def deployment(server, tmp_path, monkeypatch):
    name = f"ordermade_{next(_names)}"
    monkeypatch.setattr(database, "DATABASE", name)
    secrets = Secrets.load(tmp_path / "home")
    return Deployment(database.migrate(server.url(), secrets), secrets)


@pytest.fixture
def door(deployment):
    with deployment.pool("door") as pool:
        yield pool


@pytest.fixture
def on_kafka(broker):
    """What tells a `Front` that its log is Kafka, in topics that no other test has."""
    return ("ORDERMADE_KAFKA", broker), ("ORDERMADE_KAFKA_TOPICS", f"test-{uuid4().hex}")


@pytest.fixture
def topics(broker, deployment):
    """Topics that no other test has."""
    made = Cluster(broker, deployment.partitions, f"test-{uuid4().hex}")
    provision(made)
    return made


@pytest.fixture
def kafka(deployment, owners, topics):
    """The deployment's log in Kafka."""
    with deployment.pool("projector") as pool, in_kafka(topics, pool, owners.keys) as made:
        yield made


@pytest.fixture
def owners(deployment, door):
    return PostgresOwners(door, deployment.secrets, deployment.partitions)


@pytest.fixture
def store(door, owners):
    made = PostgresStore(door, owners)
    yield made
    made.close()


@pytest.fixture
def holding(door, owners, store):
    return Holding(store, owners, PostgresHeld(door, owners))
