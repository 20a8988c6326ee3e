"""The life cycle of the embedded PostgreSQL, with real processes."""

import fcntl
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from infra.postgres.server.embedded import start
from infra.postgres.server.folder import Server, ServerUnavailable
from infra.postgres.server.keeper import try_lock
from infra.postgres.server.launch import program
from tests.waiting import until

REPOSITORY = Path(__file__).parents[2]
LINGER_S = 0.2

CLIENT = """
import json, sys
from pathlib import Path
from infra.postgres.server.embedded import start
server = start(Path(sys.argv[1]), linger_s=float(sys.argv[2]))
print(json.dumps({"port": server.port, "password": server.password}), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home that does not exist yet. The test ends when no process of its server is left."""
    home = tmp_path / "home"
    yield home
    until(lambda: nothing_lives(home))


@contextmanager
def client(home: Path, linger_s: float = LINGER_S) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the server; it ends when we close its standard input."""
    command = [sys.executable, "-c", CLIENT, str(home), str(linger_s)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=pipe, stdout=pipe, text=True) as process:
        yield process


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout
    return int(json.loads(process.stdout.readline())["port"])


def nothing_lives(home: Path) -> bool:
    """Whether no process of the server and no keeper is left."""
    if not (home / "postgres").exists():
        return True
    free = try_lock(home / "postgres" / "server.lock", fcntl.LOCK_EX)
    if free is not None:
        os.close(free)
    return free is not None


def postmaster(home: Path) -> int:
    return int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def processes() -> dict[int, tuple[int, str]]:
    """The parent and the state of every process."""
    result = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it just ended
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                result[int(entry.name)] = int(parent), state
    return result


def lives(pid: int) -> bool:
    return processes().get(pid, (0, "Z"))[1] != "Z"


def keeper(home: Path) -> int:
    return processes()[postmaster(home)][0]


def ask(server: Server, query: str) -> str:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row
    return str(row[0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def control_data(home: Path) -> str:
    """The cluster state that pg_controldata prints for the data directory."""
    command = [program("pg_controldata"), "-D", str(home / "postgres" / "data")]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return (
        next(line for line in output.splitlines() if "cluster state" in line).split(":")[1].strip()
    )


def test_two_processes_that_start_at_once_share_one_server(home: Path) -> None:
    with client(home) as one, client(home) as other:
        assert port_of(one) == port_of(other)
        until(lambda: lives(keeper(home)))
        name = os.fsencode(home / "postgres" / "data")
        running = [pid for pid in processes() if _commands(pid)[1:3] == [b"-D", name]]
        assert running == [postmaster(home)]


def _commands(pid: int) -> list[bytes]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return []


def test_the_settings_keep_acknowledged_commits_and_refuse_other_connections(home: Path) -> None:
    with closing(start(home, linger_s=LINGER_S)) as server:
        settings = {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "server_encoding": "UTF8",
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "log_min_error_statement": "panic",
            "log_parameter_max_length_on_error": "0",
            "max_connections": "200",
            "jit": "off",
        }
        assert {name: ask(server, f"SHOW {name}") for name in settings} == settings
        assert ask(server, "SELECT datlocprovider FROM pg_database WHERE datname = 'postgres'") == (
            "b"
        )
        assert not list(Path("/tmp").glob(f".s.PGSQL.{server.port}*"))
        assert not list(home.rglob(".s.PGSQL*"))
        assert server.password not in repr(server)
        wrong = server.url().replace(server.password, "wrong")
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(wrong)


def test_the_log_contains_no_values(home: Path) -> None:
    with (
        closing(start(home, linger_s=LINGER_S)) as server,
        psycopg.connect(server.url(), autocommit=True) as connection,
    ):
        connection.execute("CREATE TABLE t (name text PRIMARY KEY)")
        for statement in (
            b"INSERT INTO t VALUES ('a-secret'), ('a-secret')",
            b"SELECT 'a-secret'::int",
            b"SELECT 'a-secret' FROM nothing",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement)
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT %s::text::int", ["a-secret"])
    until(lambda: nothing_lives(home))
    assert "a-secret" not in (home / "postgres" / "server.log").read_text()


def test_nothing_outside_the_home_changes(tmp_path: Path, home: Path) -> None:
    home.mkdir(mode=0o700)
    (tmp_path / "neighbour").mkdir(mode=0o755)
    outside = [tmp_path, tmp_path / "neighbour", *tmp_path.parents]
    modes = [(mode(path), path.stat().st_uid) for path in outside]
    changed = tmp_path.stat().st_mtime_ns
    users = Path("/etc/passwd").read_bytes()
    start(home, linger_s=LINGER_S).close()
    until(lambda: nothing_lives(home))
    assert [(mode(path), path.stat().st_uid) for path in outside] == modes
    assert tmp_path.stat().st_mtime_ns == changed
    assert Path("/etc/passwd").read_bytes() == users


def test_a_new_home_is_for_its_owner_only(home: Path) -> None:
    old = os.umask(0)
    try:
        start(home, linger_s=LINGER_S).close()
    finally:
        os.umask(old)
    assert mode(home) == 0o700
    assert mode(home / "postgres" / "password") == 0o600
    assert mode(home / "postgres" / "server.log") == 0o600


def test_the_server_stops_when_its_last_client_is_killed(home: Path) -> None:
    with client(home) as process:
        port = port_of(process)
        pid = postmaster(home)
        process.kill()
    until(lambda: nothing_lives(home))
    assert not lives(pid)
    assert control_data(home) == "shut down"
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_server_stops_when_its_keeper_is_killed(home: Path) -> None:
    with client(home) as process:
        port = port_of(process)
        pid = postmaster(home)
        os.kill(keeper(home), signal.SIGKILL)
        until(lambda: not lives(pid))
        # The next client starts it again, at the same port.
        with closing(start(home, linger_s=LINGER_S)) as server:
            assert (server.port, postmaster(home) != pid) == (port, True)


def test_a_client_that_comes_while_the_server_lingers_joins_it(home: Path) -> None:
    start(home, linger_s=1.5).close()
    pid = postmaster(home)
    time.sleep(0.5)
    with closing(start(home, linger_s=LINGER_S)) as server:
        time.sleep(2)  # longer than it lingers, but it is held
        assert ask(server, "SELECT 1") == "1"
        assert postmaster(home) == pid


def test_a_client_that_comes_while_the_server_stops_starts_it_again(home: Path) -> None:
    for _ in range(6):
        with closing(start(home, linger_s=0)) as server:
            assert ask(server, "SELECT 1") == "1"
        time.sleep(0.21)  # about when the keeper tries the lock


def test_a_stop_of_the_keeper_stops_the_server_cleanly(home: Path) -> None:
    with closing(start(home, linger_s=60)):
        os.kill(keeper(home), signal.SIGTERM)
        until(lambda: nothing_lives(home))
    assert control_data(home) == "shut down"


def test_a_pipeline_ends_with_its_client(home: Path) -> None:
    """The keeper must not hold the client's output open: `ordermade ... | cat` returns."""
    began = time.monotonic()
    command = [sys.executable, "-c", CLIENT, str(home), "1.5"]
    done = subprocess.run(command, cwd=REPOSITORY, input="", capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert not nothing_lives(home)
    assert time.monotonic() - began < 10


def test_a_ctrl_c_in_the_terminal_ends_only_the_client(home: Path) -> None:
    command = [sys.executable, "-c", CLIENT, str(home), str(LINGER_S)]
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        # Tests that are run in the background inherit that it is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        port_of(process)
        with closing(start(home, linger_s=LINGER_S)) as server:
            os.killpg(process.pid, signal.SIGINT)
            process.wait()
            time.sleep(0.3)
            assert ask(server, "SELECT 1") == "1"


def test_another_port_is_used_if_the_last_one_is_in_use(home: Path) -> None:
    with closing(start(home, linger_s=0)) as server:
        port = server.port
    until(lambda: nothing_lives(home))
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        with closing(start(home, linger_s=LINGER_S)) as server:
            assert server.port != port
            assert ask(server, "SELECT 1") == "1"


def test_a_copied_home_does_not_join_the_server_of_the_original(home: Path) -> None:
    """The copy has the same port and password until its own server starts."""
    start(home, linger_s=0).close()
    until(lambda: nothing_lives(home))
    copy = home.parent / "copy"
    subprocess.run(["cp", "-a", home, copy], check=True)
    with closing(start(home, linger_s=LINGER_S)) as first:
        starting = try_lock(copy / "postgres" / "server.lock", fcntl.LOCK_EX)
        assert starting is not None
        waits: list[str] = []

        def release(sentence: str) -> None:
            if not waits:
                os.close(starting)
            waits.append(sentence)

        with closing(start(copy, linger_s=LINGER_S, on_wait=release)) as second:
            assert waits
            assert ask(second, "SHOW data_directory") == str(copy / "postgres" / "data")
            assert ask(first, "SHOW data_directory") == str(home / "postgres" / "data")


def test_a_missing_password_is_an_error_and_not_replaced(home: Path) -> None:
    start(home, linger_s=0).close()
    until(lambda: nothing_lives(home))
    (home / "postgres" / "password").unlink()
    with pytest.raises(ServerUnavailable, match=r"password is missing.*server\.log"):
        start(home)


def test_an_unusable_home_is_an_error(home: Path) -> None:
    home.write_text("not a folder")
    with pytest.raises(ServerUnavailable, match="ORDERMADE_DATABASE_URL"):
        start(home)
    home.unlink()


def test_the_error_of_a_failed_start_has_its_reason(home: Path) -> None:
    start(home, linger_s=0).close()
    until(lambda: nothing_lives(home))
    with (home / "postgres" / "data" / "postgresql.conf").open("a") as file:
        file.write("work_mem = much\n")
    with pytest.raises(ServerUnavailable, match=r"did not start \(.*contains errors.*server\.log"):
        start(home, linger_s=0)


ELSEWHERE = """
set -e
mount -t tmpfs none /mnt
mkdir /mnt/python /mnt/site /mnt/code /mnt/home
mount --bind "$PYTHON_FROM" /mnt/python
mount --bind "$SITE_FROM" /mnt/site
mount --bind "$CODE_FROM" /mnt/code
mount --bind "$HOME_FROM" /mnt/home
cd /mnt/code
export PYTHONPATH=/mnt/code:/mnt/site LD_LIBRARY_PATH=/mnt/python/lib
exec "$@" /mnt/python/bin/python3 -c "$CLIENT" /mnt/home 0.2
"""


@contextmanager
def all_at_mnt(home: Path, *before: str) -> Iterator[subprocess.Popen[str]]:
    """The client below /mnt, where every user can reach it; Python may be under /root.

    Only its own mount namespace changes. `before` is the beginning of its command.
    """
    places = {
        "PYTHON_FROM": sys.base_prefix,
        "SITE_FROM": str(Path(pytest.__file__).parents[1]),
        "CODE_FROM": str(REPOSITORY),
        "HOME_FROM": str(home),
    }
    mounted = ["unshare", "--mount", "sh", "-c", ELSEWHERE, "sh", *before]
    # A user namespace with as many users as outside, which only root may make.
    with subprocess.Popen(
        ["unshare", "--user", "sh", "-c", 'read go; exec "$@"', "sh", *mounted],
        env={**os.environ, **places, "CLIENT": CLIENT},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        ours, theirs = Path("/proc/self/ns/user"), Path(f"/proc/{process.pid}/ns/user")
        until(lambda: theirs.readlink() != ours.readlink())
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{process.pid}/{name}").write_text("0 0 100000")
        process.stdin.write("go\n")
        process.stdin.flush()
        yield process


def test_an_ordinary_user_can_run_it(home: Path) -> None:
    if os.geteuid() != 0:  # as in every other test
        start(home, linger_s=LINGER_S).close()
        return
    home.mkdir(mode=0o700)
    os.chown(home, 1000, 1000)
    with all_at_mnt(home, "setpriv", "--reuid=1000", "--regid=1000", "--clear-groups") as process:
        port_of(process)
        pid = postmaster(home)
        assert (home / "postgres" / "data").stat().st_uid == 1000
        assert Path(f"/proc/{pid}").stat().st_uid == 1000
        os.kill(keeper(home), signal.SIGKILL)  # the kernel ends the server for this user, too
        until(lambda: not lives(pid))


NO_NAMESPACES = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'


def test_root_without_user_namespaces_becomes_nobody(home: Path) -> None:
    if os.geteuid() != 0:  # only root has other users to become
        return
    home.mkdir(mode=0o700)
    with all_at_mnt(home, "sh", "-c", NO_NAMESPACES, "sh") as process:
        port_of(process)
        pid = postmaster(home)
        assert Path(f"/proc/{pid}").stat().st_uid == 65534
        assert (mode(home), home.stat().st_uid) == (0o710, 0)
        os.kill(keeper(home), signal.SIGKILL)
        until(lambda: not lives(pid))


def test_the_error_for_root_without_another_user_names_the_remedy(home: Path) -> None:
    alone = ["unshare", "--user", "--map-root-user", "sh", "-c", NO_NAMESPACES, "sh"]
    command = [*alone, sys.executable, "-c", CLIENT, str(home), "0"]
    done = subprocess.run(command, cwd=REPOSITORY, input="", capture_output=True, text=True)
    sentence = done.stderr.splitlines()[-1]
    assert "ServerUnavailable: PostgreSQL refuses to run as root" in sentence
    assert "run this as an ordinary user, or set ORDERMADE_DATABASE_URL" in sentence
    shutil.rmtree(home)
