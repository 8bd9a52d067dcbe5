#!/usr/bin/env python3
"""Instructions and system calls per request: groundwire beside nginx and the smallest hyper proxy that buffers.

    python3 tests/bench/instructions.py HARNESS_PROGRAMS GROUNDWIRE... [--sizes 1000,20000] [--profile FOLDER]

HARNESS_PROGRAMS is the folder with the load harness's `mockllm` and `bareproxy`; each GROUNDWIRE is a release build of the
binary, so that two versions can be compared. valgrind, strace and nginx must be installed.

Timings of one machine drift by more than most changes are worth; the instructions of a process do not. Each proxy serves
the same requests on 32 connections under callgrind, which counts what it executes in user mode, libraries included, and
again under strace. What the kernel does for them is not counted: it is the same for all, as far as the calls are. Nor are
instructions time: valgrind knows no AVX-512, so hashing costs more of them here than it does in earnest.
"""
import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

CONNECTIONS, WARM_UP, ROUNDS = 32, 4, 12
MOCK = 9400
NGINX = """
daemon off; master_process off; pid {work}/nginx.pid; error_log {work}/nginx.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off; client_max_body_size 16m; client_body_buffer_size 512k; keepalive_requests 1000000;
    client_body_temp_path {work}/b; proxy_temp_path {work}/p; fastcgi_temp_path {work}/f; uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
    upstream mock {{ server 127.0.0.1:{mock}; keepalive 256; keepalive_requests 1000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
            proxy_buffering off; proxy_request_buffering off;
        }}
    }}
}}
"""
GROUNDWIRE = """
listen = "127.0.0.1:{port}"
admin = "off"
upstream = "http://127.0.0.1:{mock}"
[records]
to = "{work}/records.jsonl"
[classifier]
{classifier}
"""
WORDS = "please compare these two reports and tell me which one the board should read first because we only have an hour".split()


def request(size):
    """A chat call of about `size` bytes: messages of 400 characters, then a question."""
    messages = [{"role": "system", "content": "You are a helpful assistant."}]
    last = {"role": "user", "content": "Which of the two is better for us, and why?"}
    body = lambda: json.dumps({"model": "mock-model", "messages": messages + [last], "stream": False}, separators=(",", ":"))
    while len(body()) < size:
        number = len(messages)
        text = " ".join(WORDS[(number * 7 + i * 3) % len(WORDS)] for i in range(90))[: min(400, max(1, size - len(body()) - 33))]
        messages.append({"role": "user" if number % 2 else "assistant", "content": text})
    body = body().encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def answer(connection):
    """Reads one response with a length off a connection."""
    seen = b""
    while b"\r\n\r\n" not in seen:
        seen += connection.recv(65536) or sys.exit("a proxy closed a connection")
    head, body = seen.split(b"\r\n\r\n", 1)
    if not head.startswith(b"HTTP/1.1 200"):
        sys.exit(f"a proxy answered {head[:60]!r}")
    length = int(re.search(rb"content-length: *(\d+)", head, re.I).group(1))
    while len(body) < length:
        body += connection.recv(65536) or sys.exit("a proxy closed a connection")


def play(connections, message, rounds):
    """Every round, one request on every connection."""
    for _ in range(rounds):
        for connection in connections:
            connection.sendall(message)
        for connection in connections:
            answer(connection)


def connect(port, count):
    until = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            if time.monotonic() > until:
                sys.exit(f"nothing listens on {port}")
            time.sleep(0.1)
    return [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]


def instructions(command, port, message, out):
    """Instructions per request, in user mode; the profile goes to `out`."""
    valgrind = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}", "--dump-instr=no"]
    process = subprocess.Popen(["taskset", "-c", "0", *valgrind, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        connections = connect(port, CONNECTIONS)
        play(connections, message, WARM_UP)
        control = lambda what: subprocess.run(["callgrind_control", what, str(process.pid)], check=True, stdout=subprocess.DEVNULL)
        control("-z")
        play(connections, message, ROUNDS)
        time.sleep(0.5)  # Records are written behind.
        control("-d")
        with open(f"{out}.1") as dump:
            total = next(int(line.split()[1]) for line in dump if line.startswith(("summary:", "totals:")))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return total / (ROUNDS * CONNECTIONS)


def calls(command, port, message, work):
    """System calls per request, by name."""
    process = subprocess.Popen(["taskset", "-c", "0", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        connections = connect(port, CONNECTIONS)
        play(connections, message, WARM_UP)
        trace = subprocess.Popen(["strace", "-qq", "-f", "-c", "-o", f"{work}/strace", "-p", str(process.pid)], stderr=subprocess.DEVNULL)
        time.sleep(1)
        play(connections, message, ROUNDS)
        trace.send_signal(signal.SIGINT)
        trace.wait()
    finally:
        process.kill()
        process.wait()
    found = {}
    for line in open(f"{work}/strace"):
        fields = line.split()
        if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
            found[fields[-1]] = int(fields[3]) / (ROUNDS * CONNECTIONS)
    return {name: round(count, 2) for name, count in sorted(found.items(), key=lambda item: -item[1]) if count >= 0.05}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("programs")
    options.add_argument("groundwire", nargs="+")
    options.add_argument("--sizes", default="1000,20000,200000")
    options.add_argument("--classifier", default='model = "off"', help="lines of the section [classifier]")
    options.add_argument("--profile", help="folder that keeps callgrind's profiles")
    options.add_argument("--no-peers", action="store_true")
    options.add_argument("--no-calls", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as work:
        for folder in "bpfus":
            os.mkdir(f"{work}/{folder}")
        with open(f"{work}/nginx.conf", "w") as file:
            file.write(NGINX.format(work=work, mock=MOCK, port=9401))
        targets = {
            "nginx": (["nginx", "-c", f"{work}/nginx.conf", "-p", work], 9401),
            "bare-buffer": ([f"{given.programs}/bareproxy", "--listen", "127.0.0.1:9402", "--upstream", f"127.0.0.1:{MOCK}", "--read", "buffer"], 9402),
        }
        if given.no_peers:
            targets = {}
        for number, binary in enumerate(given.groundwire):
            port = 9403 + number
            with open(f"{work}/{number}.toml", "w") as file:
                file.write(GROUNDWIRE.format(port=port, mock=MOCK, work=work, classifier=given.classifier))
            targets[os.path.basename(binary) + (f" {number}" if number else "")] = ([binary, "serve", "--config", f"{work}/{number}.toml"], port)
        mock = subprocess.Popen([f"{given.programs}/mockllm", "--listen", f"127.0.0.1:{MOCK}"], stdout=subprocess.DEVNULL)
        try:
            keep = given.profile or work
            os.makedirs(keep, exist_ok=True)
            for size in map(int, given.sizes.split(",")):
                message = request(size)
                base = None
                for name, (command, port) in targets.items():
                    count = instructions(command, port, message, f"{keep}/{name.replace(' ', '-')}.{size}")
                    base = count if name == "bare-buffer" else base
                    ratio = f" ({count / base:.2f})" if base else ""
                    traced = {} if given.no_calls else calls(command, port, message, work)
                    print(f"{size:>7} {name:<16} {count:>10.0f} instructions{ratio}, {sum(traced.values()):.1f} calls {traced}", flush=True)
        finally:
            mock.kill()
            mock.wait()


if __name__ == "__main__":
    main()
