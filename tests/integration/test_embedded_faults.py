"""Acknowledged commits survive killed processes and a full disk."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from infra.postgres.server import embedded
from infra.postgres.server.embedded import explain_failure, start
from infra.postgres.server.keeper import try_lock
from tests.integration.test_embedded import (
    LINGER_S,
    REPOSITORY,
    ask,
    client,
    keeper,
    lives,
    nothing_lives,
    postmaster,
    processes,
)
from tests.waiting import until

WRITER = """
import sys
import psycopg
with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    for number in range(1_000_000):
        connection.execute("INSERT INTO t VALUES (%s)", [number])
        print(number, flush=True)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    yield home
    until(lambda: nothing_lives(home))


def server_processes(home: Path) -> list[int]:
    """The postmaster, its children and the keeper, in the order in which none can end another."""
    top = postmaster(home)
    family = [pid for pid, (parent, _) in processes().items() if parent == top]
    return [top, *family, keeper(home)]


@pytest.mark.parametrize("victim", ["everything", "postmaster"])
def test_no_acknowledged_commit_is_lost_to_a_kill(home: Path, victim: str) -> None:
    with closing(start(home, linger_s=LINGER_S)) as server:
        with psycopg.connect(server.url()) as connection:
            connection.execute("CREATE TABLE t (number int)")
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, server.url()],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as writer:
            assert writer.stdout
            acknowledged = [writer.stdout.readline() for _ in range(300)]
            for pid in server_processes(home) if victim == "everything" else [postmaster(home)]:
                with suppress(ProcessLookupError):  # the others end with the postmaster
                    os.kill(pid, signal.SIGKILL)
            began = time.monotonic()
            with closing(start(home, linger_s=LINGER_S)) as recovered:
                took = time.monotonic() - began
                acknowledged += writer.stdout.readlines()  # the writer lost its connection
                with psycopg.connect(recovered.url()) as connection:
                    rows = connection.execute("SELECT number FROM t").fetchall()
                assert {int(line) for line in acknowledged} <= {number for (number,) in rows}
                assert recovered.url() == server.url()
                print(f"{len(acknowledged)} acknowledged; recovered in {took:.2f} s")
    assert writer.returncode != 0


def test_processes_of_a_server_without_postmaster_are_killed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "SILENCE_S", 1.0)
    with closing(start(home, linger_s=LINGER_S)) as server:
        top, *family, helper = server_processes(home)
        os.kill(family[0], signal.SIGSTOP)  # like one that waits for a lock which a killed one held
        os.kill(helper, signal.SIGKILL)
        os.kill(top, signal.SIGKILL)
        until(lambda: not any(map(lives, family[1:])))
        assert lives(family[0])
        with closing(start(home, linger_s=LINGER_S)) as recovered:
            assert ask(recovered, "SELECT 1") == "1"
            assert recovered.port == server.port
        assert not lives(family[0])


def test_a_pid_file_with_the_pid_of_another_program_does_no_harm(home: Path) -> None:
    start(home, linger_s=0).close()
    until(lambda: nothing_lives(home))
    left = home / "postgres" / "data" / "postmaster.pid"
    left.write_text(f"{os.getpid()}\n{left.parent}\n1\n1\n\n\n  0 0\n")
    with closing(start(home, linger_s=LINGER_S)) as server:
        assert ask(server, "SELECT 1") == "1"


def test_a_client_killed_during_initdb_leaves_no_incomplete_data_directory(home: Path) -> None:
    with client(home) as process:
        until(lambda: any(home.glob("postgres/initdb-*/PG_VERSION")))
        process.kill()
    assert not (home / "postgres" / "data").exists()
    with closing(start(home, linger_s=LINGER_S)) as server:
        assert ask(server, "SELECT 1") == "1"
        assert not list(home.glob("postgres/initdb-*"))


def test_a_client_killed_while_the_server_starts_does_not_stop_the_next_one(home: Path) -> None:
    for _ in range(3):
        with client(home) as process:
            until(lambda: not nothing_lives(home))
            process.kill()
        with closing(start(home, linger_s=0)) as server:
            assert ask(server, "SELECT 1") == "1"
        until(lambda: nothing_lives(home))


def test_a_long_wait_is_reported(home: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    stopping = try_lock(home / "postgres" / "clients.lock", fcntl.LOCK_EX)  # as a keeper would
    assert stopping is not None
    reports = []

    def report(sentence: str) -> None:
        reports.append(sentence)
        if len(reports) == 2:
            os.close(stopping)

    start(home, linger_s=0, on_wait=report).close()
    assert reports[:2] == [f"Waiting for the last server to stop ({s} s)." for s in (1, 2)]


def test_only_errors_of_the_server_are_explained(home: Path) -> None:
    with closing(start(home, linger_s=LINGER_S)) as server:
        with psycopg.connect(server.url()) as connection:
            with pytest.raises(psycopg.Error) as ours:
                connection.execute("SELECT nothing")
            connection.rollback()
            os.kill(postmaster(home), signal.SIGKILL)
            with pytest.raises(psycopg.OperationalError) as theirs:
                until(lambda: connection.execute("SELECT 1") is None)  # until it notices
        wrapped = RuntimeError()
        wrapped.__cause__ = theirs.value
        assert explain_failure(ours.value, home) is None
        assert explain_failure(ValueError(), home) is None
        for error in (theirs.value, wrapped):
            sentence = explain_failure(error, home)
            assert sentence
            assert "run this again" in sentence
            assert str(home / "postgres" / "server.log") in sentence


FULL_DISK = """
import os, subprocess, sys
from contextlib import closing
from pathlib import Path
import psycopg, pytest
from infra.postgres.server.embedded import explain_failure, start
from infra.postgres.server.folder import ServerUnavailable
from tests.integration.test_embedded import nothing_lives
from tests.waiting import until

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=755", "none", disk], check=True)
home, ballast, rest = disk / "home", disk / "ballast", disk / "rest"
log = home / "postgres" / "server.log"
acknowledged = []

def write(connection):
    while True:
        number = len(acknowledged)
        connection.execute("INSERT INTO t VALUES (%s, %s)", [number, os.urandom(20_000)])
        acknowledged.append(number)

def fill():
    with rest.open("ab", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while file.write(bytes(4096)):
            pass

with closing(start(home, linger_s=0)) as server:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE t (number int, filler bytea)")
        ballast.write_bytes(bytes(60_000_000))
        with pytest.raises(psycopg.OperationalError) as failed:
            write(connection)
        fill()  # the last bytes, too
print(len(acknowledged), "acknowledged, then", repr(failed.value))
sentence = explain_failure(failed.value, home)
assert sentence.startswith(f"The disk that holds {home} is full: make room")
until(lambda: nothing_lives(home))
assert "No space left on device" in log.read_text(), log.read_text()

fill()  # what the end of the server has freed
with pytest.raises(ServerUnavailable) as refused:
    start(home, linger_s=0)
print(refused.value)
assert str(refused.value).startswith(f"The disk that holds {home} is full: make room on it")
assert str(log) in str(refused.value)

rest.unlink()
ballast.unlink()
with closing(start(home, linger_s=0)) as server:
    with psycopg.connect(server.url()) as connection:
        rows = connection.execute("SELECT number FROM t ORDER BY number").fetchall()
        connection.execute("INSERT INTO t VALUES (-1, '')")
assert set(acknowledged) <= {number for (number,) in rows}
until(lambda: nothing_lives(home))
print(log.read_text())
"""


def test_a_full_disk_is_reported_and_loses_nothing(tmp_path: Path) -> None:
    namespace = ["unshare", "--mount"]
    if os.geteuid() != 0:
        namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    command = [*namespace, sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    print(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(tmp_path.iterdir())
