"""A TCP proxy before a server that cuts or stalls its connections after a number of bytes."""

import dataclasses
import socket
import struct
import threading
import time

PIECE = 65536
UP, DOWN = "up", "down"


@dataclasses.dataclass
class Cut:
    """What happens once `after` bytes went in one direction, over all connections together."""

    direction: str  # UP: to the server, DOWN: from it
    after: int
    action: str  # "close", "reset" or "stall"
    seconds: float = 0.0  # how long a stall is
    everything: bool = False  # all connections, not only the one that carried the byte

    def __str__(self):
        what = f"stall of {self.seconds * 1000:.0f} ms" if self.action == "stall" else self.action
        return f"{what} after {self.after} bytes {self.direction}" + (
            " on all connections" if self.everything else "")


class CutProxy:
    """Listens on a loopback port for as long as it is entered."""

    def __init__(self, host, port, cut=None):
        self.server = (host, port)
        self.cut = cut
        self.fired = False
        self.counts = {UP: 0, DOWN: 0}
        self.lock = threading.Lock()
        self.pairs = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        # Waking the thread in accept() takes a shutdown; a close alone leaves it there.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            pairs, self.pairs = self.pairs, None
        for pair in pairs:
            self.end(pair, reset=False)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return  # closed: the proxy is left
            try:
                server = socket.create_connection(self.server)
            except OSError:
                client.close()
                continue
            pair = (client, server)
            for end in pair:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                if self.pairs is None:
                    self.end(pair, reset=False)
                    return
                self.pairs.append(pair)
            threading.Thread(target=self.pump, args=(pair, client, server, UP), daemon=True).start()
            threading.Thread(target=self.pump, args=(pair, server, client, DOWN), daemon=True).start()

    def pump(self, pair, source, target, direction):
        try:
            while piece := source.recv(PIECE):
                with self.lock:
                    before = self.counts[direction]
                    self.counts[direction] += len(piece)
                    cut = self.cut
                    due = (cut is not None and not self.fired and cut.direction == direction
                           and before + len(piece) > cut.after)
                    if due:
                        self.fired = True
                if due:
                    # To the very byte: what was there before the cut arrives.
                    passed = cut.after - before
                    target.sendall(piece[:passed])
                    if cut.action != "stall":
                        with self.lock:
                            pairs = list(self.pairs or []) if cut.everything else [pair]
                        for each in pairs:
                            self.end(each, reset=cut.action == "reset")
                        return
                    time.sleep(cut.seconds)
                    piece = piece[passed:]
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            # One side is gone; the other is to see it.
            self.end(pair, reset=False)

    @staticmethod
    def end(pair, reset):
        for side in pair:
            try:
                if not reset:
                    side.shutdown(socket.SHUT_RDWR)
                    continue
                # Lingering for no time makes the close a reset, once the thread that waits for
                # this side has let go of it.
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                side.shutdown(socket.SHUT_RD)
                side.close()
            except OSError:
                pass  # closed already
