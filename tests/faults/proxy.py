"""A proxy in front of PostgreSQL that loses answers."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_DOOR = b"user\0ordermade_door\0"
_BYTES = 1 << 16


class AnswerLosingProxy:
    """Forwards bytes both ways. While `losing`, some connections end in place of an answer.

    Only connections of the role that appends are cut, and PostgreSQL has executed the request by
    then. `share` is the probability that an answer is lost.
    """

    def __init__(self, url: str, dice: random.Random, share: float) -> None:
        self._target = urlsplit(url)
        self._dice, self._share = dice, share
        self.losing = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = url.replace(f":{self._target.port}/", f":{self._listener.getsockname()[1]}/")
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((self._target.hostname, self._target.port))
                startup = client.recv(_BYTES)
                server.sendall(startup)
                appends = _DOOR in startup
                for way in ((client, server, False), (server, client, appends)):
                    threading.Thread(target=self._forward, args=way, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, may_lose: bool) -> None:
        with suppress(OSError):
            while received := source.recv(_BYTES):
                if may_lose and self.losing and self._dice.random() < self._share:
                    break
                target.sendall(received)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def answer_losing_proxy(
    url: str, dice: random.Random, share: float = 0.05
) -> Iterator[AnswerLosingProxy]:
    proxy = AnswerLosingProxy(url, dice, share)
    try:
        yield proxy
    finally:
        proxy.close()
