"""An Apache Kafka for the tests: one KRaft node on loopback ports, in a directory of its own.

`ORDERMADE_TEST_KAFKA=host:port` names a running broker; then none is started.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from contextlib import ExitStack, suppress
from pathlib import Path
from uuid import uuid4

from kafka import KafkaAdminClient

from tests.broker import certificates

HERE = Path(__file__).parent
JARS = Path(sys.prefix) / "kafka"
INSTALL = ("apt-get", "install", "--yes", "openjdk-17-jre-headless", "maven")
_JAVA = ("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_START_S, _STOP_S = 60.0, 20.0
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},\
SASL_SSL://127.0.0.1:{secured},SSL://127.0.0.1:{certified}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL_SSL://127.0.0.1:{secured},\
SSL://127.0.0.1:{certified}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL
ssl.keystore.type=PEM
ssl.keystore.location={home}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={home}/ca.pem
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={scram}
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={scram}
log.dirs={home}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
"""


class ToolsMissing(Exception):
    """Java or Maven is not installed; the message has the command that installs them."""


def tools_missing() -> bool:
    """Whether Java 17 or newer, or Maven, is missing."""
    if not (shutil.which("java") and shutil.which("mvn")):
        return True
    output = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
    version = re.search(r'version "(\d+)', output)
    return version is None or int(version[1]) < 17


def jars() -> Path:
    """The folder of the jars; Maven downloads them once for each virtual environment."""
    ready = JARS / ".ready"
    pom = HERE / "pom.xml"
    if ready.exists() and ready.stat().st_mtime >= pom.stat().st_mtime:
        return JARS
    if tools_missing():
        raise ToolsMissing(f"the tests need Java 17 or newer and Maven: {' '.join(INSTALL)}")
    shutil.rmtree(JARS, ignore_errors=True)
    subprocess.run(
        ["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={JARS}"],
        check=True,
    )
    ready.touch()
    return JARS


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for bound in sockets:
            bound.bind(("127.0.0.1", 0))
        return [bound.getsockname()[1] for bound in sockets]


class Broker:
    """One node, with the same ports and the same data each time it is started.

    Clients need nothing at `address`, `user` and `password` over TLS at `secured`, and a client
    certificate at `certified` (`certificates.py` writes it into the home).
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True)
        ports = free_ports(4)
        self.address, self.secured, self.certified, _ = (f"127.0.0.1:{port}" for port in ports)
        self.user, self.password = "ordermade", uuid4().hex
        self.home, self._settings = home, home / "server.properties"
        certificates.write(home)
        names = dict(zip(("port", "secured", "certified", "controller"), ports, strict=True))
        self._settings.write_text(_SETTINGS.format(**names, home=home, scram=_SCRAM))
        self._process: subprocess.Popen[bytes] | None = None
        self._format()

    def _format(self) -> None:
        # An id that begins with a dash would be taken for an option.
        cluster = urlsafe_b64encode(uuid4().bytes).decode()[:22].replace("-", "_")
        account = f"[name={self.user},password={self.password}]"
        self._java("kafka.tools.StorageTool", "format", "--standalone", "-t", cluster,
                   "-c", str(self._settings), "--add-scram", f"SCRAM-SHA-512={account}",
                   "--add-scram", f"SCRAM-SHA-256={account}").wait()  # fmt: skip

    def _java(self, *words: str) -> subprocess.Popen[bytes]:
        logging = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"
        # Killed with its parent, however that ends.
        tied = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with (self.home / "log").open("ab") as out:
            return subprocess.Popen(
                [*tied, *_JAVA, logging, "-cp", f"{jars()}/*", *words],
                stdout=out, stderr=out, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def lose_data(self) -> None:
        """Kills the broker and deletes its data; started again it is another, empty cluster."""
        self.kill()
        shutil.rmtree(self.home / "data")
        self._format()

    def start(self) -> None:
        """Starts the broker and waits until it listens, which it does when it can serve."""
        self._process = self._java("kafka.Kafka", str(self._settings))
        host, _, port = self.address.partition(":")
        deadline = time.monotonic() + _START_S
        while True:
            with suppress(OSError), socket.create_connection((host, int(port))):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                output = (self.home / "log").read_text()[-2000:]
                raise RuntimeError(f"the broker does not start:\n{output}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def freeze(self) -> None:
        """Pauses the broker: it neither answers nor closes connections until `thaw`."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kills the broker with SIGKILL."""
        if self._process:
            self._process.kill()
            self._process.wait()


def identify(address: str) -> tuple[str, str]:
    """The cluster id and the version that a broker reports."""
    admin = KafkaAdminClient(bootstrap_servers=address)
    try:
        cluster = admin.describe_cluster()
        version = admin.get_broker_version_data(cluster["brokers"][0]["broker_id"]).broker_version
    finally:
        admin.close()
    return cluster["cluster_id"], ".".join(map(str, version))


def configured() -> str | None:
    """The address of the broker in ORDERMADE_TEST_KAFKA."""
    return os.environ.get("ORDERMADE_TEST_KAFKA")
