"""A relay of bytes between a client and its server that keeps what passes both ways."""

import socket
import threading
from dataclasses import dataclass, field


@dataclass
class Passed:
    """One connection's bytes, as far as they have passed."""

    asked: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)


class Tap:
    """Listens on a port of its own and relays to a server. `take` gives the connections with what passed since the last call."""

    def __init__(self, port):
        self.target, self.connections, self.lock = ("127.0.0.1", port), [], threading.Lock()
        self.sabotage = None
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    def relay(self, client):
        server = socket.create_connection(self.target)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        passed = Passed()
        with self.lock:
            self.connections.append(passed)
        back = threading.Thread(target=self.pump, args=(server, client, passed.answered, "answered"), daemon=True)
        back.start()
        self.pump(client, server, passed.asked, "asked")
        back.join()
        client.close()
        server.close()

    def pump(self, source, sink, kept, direction):
        """Kept before it is passed on: whoever has seen the answer finds it here. What is sabotaged is so on the proxy's
        side of what was kept of a request, and before it is kept of an answer."""
        try:
            while piece := source.recv(65536):
                broken = self.broken(piece, direction)
                with self.lock:
                    kept += piece if direction == "asked" else broken
                sink.sendall(broken)
        except OSError:
            pass
        for end, how in ((sink, socket.SHUT_WR), (source, socket.SHUT_RD)):
            try:
                end.shutdown(how)
            except OSError:
                pass

    def broken(self, piece, direction):
        if not self.sabotage or self.sabotage[0] != direction:
            return piece
        return piece.replace(*self.sabotage[1:])

    def take(self):
        """A connection that goes on is known again by what it carries next."""
        with self.lock:
            taken = [(bytes(c.asked), bytes(c.answered)) for c in self.connections if c.asked or c.answered]
            for connection in self.connections:
                connection.asked.clear()
                connection.answered.clear()
            return taken
