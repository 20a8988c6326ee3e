"""Fixtures: one PostgreSQL server for each session, a deployment of its own for each test."""

from __future__ import annotations

import itertools
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from xdist.scheduler import LoadScopeScheduling

from consumers.doors.held_reports import HeldReports
from infra.kafka.cluster import Cluster, provision
from infra.keys import Secrets
from infra.postgres.keys.owners import PostgresOwners
from infra.postgres.server import database, embedded
from infra.postgres.store.held import PostgresHeldReports
from infra.postgres.store.store import PostgresStore
from tests.both_logs import LOGS, BothLogs, tag
from tests.broker import Broker, configured, identify
from tests.homes import copy_home, make_home
from tests.logs import in_kafka
from tests.members import two_members
from tests.within import Within

TRIALS, LONGEST = "test_on_both", "test_openapi"
_names = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    running = embedded.start(tmp_path_factory.mktemp("shared") / "home", linger_s=1)
    yield running
    running.close()


_BROKER = pytest.StashKey[str]()


def pytest_addoption(parser):
    parser.addoption("--both-logs", action="store_true", help="fail unless both logs were tested")


def pytest_collection_modifyitems(items):
    # The longest tests come first and the trials of faults last: no worker is idle at the end.
    items.sort(key=lambda item: (TRIALS in item.nodeid, LONGEST not in item.nodeid))
    for item in items:
        tag(item)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    config.addinivalue_line("markers", "one_log(why): one log is enough for this test")
    if not config.getoption("--both-logs") or hasattr(config, "workerinput"):
        return
    config.pluginmanager.register(BothLogs(lambda: config.stash.get(_BROKER, None)))
    if not configured():  # one broker serves all processes that run tests
        folder = tempfile.TemporaryDirectory()
        shared = Broker(Path(folder.name) / "kafka")
        shared.start()
        config.add_cleanup(folder.cleanup)
        config.add_cleanup(shared.stop)
        os.environ["ORDERMADE_TEST_KAFKA"] = shared.address
        config.stash[_BROKER] = identity(shared.address)


class Trials(LoadScopeScheduling):
    """Keeps the tests of a module on one worker, but gives each trial of a fault to any worker."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if TRIALS in nodeid else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config, log):
    return Trials(config, log)


def identity(address: str) -> str:
    cluster, version = identify(address)
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
    """The address of the session's Kafka, or of the one that ORDERMADE_TEST_KAFKA names."""
    address = configured() or request.getfixturevalue("own_broker").address
    request.config.stash[_BROKER] = identity(address)
    return address


def pytest_terminal_summary(terminalreporter, config):
    if broker := config.stash.get(_BROKER, None):
        terminalreporter.write_line(broker)


@dataclass
class FreshDatabase:
    """A migrated database of its own, and the secrets that open it."""

    url: str
    secrets: Secrets
    partitions: int = 12

    def pool(self, role):
        return database.connection_pool(self.url, role, self.secrets)

    def sql(self, query, *values):
        with psycopg.connect(self.url, autocommit=True) as admin:
            return admin.execute(query, values).fetchall()


@pytest.fixture
def deployment(server, tmp_path, monkeypatch):
    name = f"ordermade_{next(_names)}"
    monkeypatch.setattr(database, "DATABASE", name)
    secrets = Secrets.load(tmp_path / "home")
    return FreshDatabase(database.migrate(server.url(), secrets), secrets)


@pytest.fixture
def door(deployment):
    with deployment.pool("door") as pool:
        yield pool


def topics_on(broker):
    """The settings of a `Front` whose log is Kafka, in topics that no other test uses."""
    return ("ORDERMADE_KAFKA", broker), ("ORDERMADE_KAFKA_TOPICS", f"test-{uuid4().hex}")


@pytest.fixture
def on_kafka(broker):
    return topics_on(broker)


@pytest.fixture(params=LOGS)
def on_log(request):
    """The settings of a `Front` on each log: the test runs once on each."""
    return log_of(request)


def log_of(request):
    match request.param:
        case "embedded":
            return ()
        case "kafka":
            return topics_on(request.getfixturevalue("broker"))
        case "secured":
            return request.getfixturevalue("secured")


@pytest.fixture(scope="session")
def home_template(tmp_path_factory):
    """A home after `init`, to be copied."""
    return make_home(tmp_path_factory.mktemp("template") / "home")


@pytest.fixture
def lone_front(tmp_path, home_template, on_log):
    """A command line on each log, where each command brings the views up to date by itself."""
    return Within(copy_home(home_template, tmp_path), on_log)


@pytest.fixture
def front(lone_front):
    """The same, with two members that keep the views up to date."""
    with two_members(lone_front):
        yield lone_front


@pytest.fixture
def secured(own_broker):
    """The settings of a `Front` on Kafka over TLS, with user and password."""
    options = {
        "": own_broker.secured,
        "_TOPICS": f"test-{uuid4().hex}",
        "_SECURITY": "SASL_SSL",
        "_CA_FILE": str(own_broker.home / "ca.pem"),
        "_USER": own_broker.user,
        "_PASSWORD": own_broker.password,
    }
    return tuple((f"ORDERMADE_KAFKA{name}", value) for name, value in options.items())


@pytest.fixture
def topics(broker, deployment):
    """Topics that no other test uses."""
    cluster = Cluster(broker, deployment.partitions, f"test-{uuid4().hex}")
    provision(cluster)
    return cluster


@pytest.fixture
def kafka(deployment, owners, topics):
    """The deployment's log in Kafka."""
    with deployment.pool("projector") as pool, in_kafka(topics, pool, owners.keys) as log:
        yield log


@pytest.fixture
def owners(deployment, door):
    return PostgresOwners(door, deployment.secrets, deployment.partitions)


@pytest.fixture
def store(door, owners):
    store = PostgresStore(door, owners)
    yield store
    store.close()


@pytest.fixture
def held_reports(door, owners, store):
    return HeldReports(store, owners, PostgresHeldReports(door, owners))
