"""A way to PostgreSQL on which answers get lost."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_DOOR = b"user\0ordermade_door\0"
_BYTES = 1 << 16


class Cutting:
    """Carries bytes both ways; now and then a door's connection ends in place of an answer.

    What was asked has been done by then: the answer was on its way.
    """

    def __init__(self, url: str, dice: random.Random, share: float) -> None:
        self._to = urlsplit(url)
        self._dice, self._share = dice, share
        self.cutting = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = url.replace(f":{self._to.port}/", f":{self._listening.getsockname()[1]}/")
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection((self._to.hostname, self._to.port))
                asked = client.recv(_BYTES)
                server.sendall(asked)
                door = _DOOR in asked
                for way in ((client, server, False), (server, client, door)):
                    threading.Thread(target=self._carry, args=way, daemon=True).start()

    def _carry(self, source: socket.socket, to: socket.socket, door: bool) -> None:
        with suppress(OSError):
            while said := source.recv(_BYTES):
                if door and self.cutting and self._dice.random() < self._share:
                    break
                to.sendall(said)
        for end in (source, to):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def cutting(url: str, dice: random.Random, share: float = 0.05) -> Iterator[Cutting]:
    made = Cutting(url, dice, share)
    try:
        yield made
    finally:
        made.close()
