"""The clients' processes: each client runs twice, against the upstream itself and through the proxy, with the same calls in
the same order, so that what a client keeps for itself (cookies, connections, caches) is the same on both sides."""

import json
import pathlib
import queue
import subprocess
import threading

from install import environment

HERE = pathlib.Path(__file__).resolve().parent
# The longest that one cell may take.
PATIENCE = 90


class Process:
    def __init__(self, python, node, client):
        if (HERE / "clients" / f"{client}.mjs").exists():
            command = [python.with_name("node"), node / "driver.mjs", client]
        else:
            command = [python, HERE / "clients" / "driver.py", client]
        self.errors = []
        self.process = subprocess.Popen(command, env=environment(python), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.answers = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.answers.put(json.loads(line))
        self.answers.put({"failed": "the client's process ended\n"})

    def ask(self, dialect, mode, base):
        self.process.stdin.write(json.dumps({"dialect": dialect, "mode": mode, "base": base}) + "\n")
        self.process.stdin.flush()

    def answer(self):
        """What the cell gave: `value`, or `failed` with the reason."""
        try:
            answer = self.answers.get(timeout=PATIENCE)
        except queue.Empty:
            answer = {"failed": f"no answer within {PATIENCE} s"}
        if "failed" in answer:
            answer["failed"] += "".join(self.errors[-20:])
        return answer

    def stop(self):
        self.process.kill()
        self.process.wait()
