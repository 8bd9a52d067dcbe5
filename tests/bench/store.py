#!/usr/bin/env python3
"""How long a report takes over many stored turns, and how much memory; and 100,000 turns into both engines.

    python3 tests/bench/store.py target/release/groundwire [--turns 10000000] [--folder DIR] [sqlite|postgres|import ...]

Turns and rows of units are made inside the databases. PostgreSQL is Debian's package (apt-get install postgresql), started in
a folder of its own. Ten million turns take some 5 GB of disk in either engine, one at a time.
"""
import argparse, glob, json, os, pwd, random, shutil, socket, sqlite3, subprocess, sys, tempfile, time

UNITS_A_TURN = 25
COUNTS = """in_turns in_conversations triggers acted asked questions answered refused abandoned left_after_answer repair challenge
reformulation clarification hedge acknowledgment topic_switch edit regenerate retry failed bypassed held_back steered complied
watched leaked metered prompt_tokens completion_tokens cacheable_tokens cached_tokens""".split()
DESIGN = {"design": {"experiment": "ask", "version": 1, "arms": {"careful": 50, "control": 50}, "window-millis": 86_400_000}}
BEGAN = 1_780_000_000_000


def run(*command, stdin=None):
    """Standard output, seconds, and the most memory that it held, in MiB."""
    began = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out = child.communicate(stdin)[0] if stdin is not None else child.stdout.read()
    _, status, used = os.wait4(child.pid, 0) if stdin is None else (0, 0, None)
    if status or child.returncode:
        sys.exit(f"{command[0]} {command[1]} failed")
    return out, time.monotonic() - began, used.ru_maxrss / 1024 if used else None


def turns(first, last, key):
    """A statement that adds the turns of these numbers; `key` makes 16 bytes of a number."""
    unit, talk = f"(n / {UNITS_A_TURN})", "(n / 5)"
    series = f"SELECT n FROM series WHERE n >= {first} AND n < {last}"
    return f"""
        INSERT INTO groundwire_turns (attempt, day, time, turn, parent, conversation, conversation_source, unit, experiment,
            version, arm, dialect, model, need_proceed, need_assume, need_ask, judged_gap, user_act, emotion, tokens, classifier,
            triggered, policy, config, act, delivery, reason, request_bytes, added_bytes, read_micros, own_micros, judge_micros,
            total_micros, status, ending, finish_reason, prompt_tokens, completion_tokens, first_token_micros, response_bytes,
            assistant_acts)
        SELECT {key('n')}, 20601 + n / 400000, {BEGAN} + n, {key('n')}, {key('n - 1')}, {key(talk)}, 'header', {key(unit)}, 'ask', 1,
            CASE WHEN {unit} % 2 = 0 THEN 'control' ELSE 'careful' END, 'openai-chat', 'model', 0.9, 0.06, 0.04, 'vague_goal',
            'follow_up', 0.01, 40, '00112233aabbccdd', CASE WHEN n % 9 = 0 THEN 1 ELSE 0 END, 'gentle', '0123456789abcdef', 'none',
            'observe', 'ambiguity 0.04 < 0.50', 900, 0, 20, 3000, 2900, 900000, 200, 'complete', 'stop', 300, 120, 400000, 2000,
            'answer'
        FROM ({series}) s"""


def units(count, key, series):
    some = ", ".join(f"(n * {i + 3}) % {i % 5 + 2}" for i in range(len(COUNTS)))
    return f"""
        INSERT INTO groundwire_units (experiment, version, unit, arm, mixed, crowded, frozen, late, records, touched, conversations,
            turns, first_at, last_at, before_turns, before_negative, triggered_at, window_ends, resolved, {", ".join(COUNTS)},
            first_token, own)
        SELECT 'ask', 1, {key('n')}, CASE WHEN n % 2 = 0 THEN 'control' ELSE 'careful' END, 0, 0, 1, 0, {UNITS_A_TURN}, {BEGAN}, 5,
            {UNITS_A_TURN}, {BEGAN} + n, {BEGAN} + n, 3, 1, CASE WHEN n % 3 < 2 THEN {BEGAN} + n END,
            CASE WHEN n % 3 < 2 THEN {BEGAN} + n + 86400000 END, CASE WHEN n % 3 < 2 THEN (n / 7) % 2 END, {some},
            '[[150,3],[156,4],[161,2]]', '{{"csat":[4.0,false]}}'
        FROM ({series}) s"""


def report(binary, url, what):
    times = []
    for _ in range(3):
        out, seconds, memory = run(binary, "report", "--store", url, "--at", "1795000000", "--json")
        times.append((seconds, memory))
    seconds, memory = sorted(times)[1][0], max(memory for _, memory in times)
    print(f"{what}: report in {seconds:.2f} s (median of 3), {memory:.0f} MiB at most", flush=True)
    return out


def empty(binary, url):
    run(binary, "store", "import", "--url", url, "-", stdin=json.dumps(DESIGN).encode())


def in_sqlite(binary, folder, many):
    path = os.path.join(folder, "many.db")
    empty(binary, f"sqlite:{path}")
    base = sqlite3.connect(path, isolation_level=None)
    base.execute("PRAGMA synchronous = OFF")
    key = lambda n: f"CAST(printf('%016d', {n}) AS BLOB)"
    began, step = time.monotonic(), 500_000
    for first in range(0, many, step):
        last = min(first + step, many)
        series = f"WITH RECURSIVE series(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM series WHERE n + 1 < {last}) "
        base.execute(series + turns(first, last, key).strip())
    count = many // UNITS_A_TURN
    series = f"WITH RECURSIVE series(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n + 1 < {count}) "
    base.execute(series + units(count, key, "SELECT n FROM series").strip())
    base.close()
    print(f"SQLite: {many} turns of {count} units made in {time.monotonic() - began:.0f} s, {os.path.getsize(path) >> 20} MiB", flush=True)
    out = report(binary, f"sqlite:{path}", "SQLite")
    os.remove(path)
    return out


class Postgres:
    def __init__(self, folder):
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.as_user = {"user": "postgres", "group": "postgres", "cwd": "/"} if os.geteuid() == 0 else {}
        data = os.path.join(folder, "pg")
        os.mkdir(data)
        if self.as_user:
            os.chmod(folder, 0o755)
            shutil.chown(data, "postgres", "postgres")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.data = data
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([f"{self.bin}/initdb", "-D", f"{data}/d", "-U", "gw", "-A", "trust", "-N"], check=True, **quiet, **self.as_user)
        self.server = subprocess.Popen([f"{self.bin}/postgres", "-D", f"{data}/d", "-k", data, "-h", "127.0.0.1", "-p", str(self.port),
            "-c", "fsync=off", "-c", "max_wal_size=512MB", "-c", "wal_level=minimal", "-c", "max_wal_senders=0"], **quiet, **self.as_user)
        while subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode:
            time.sleep(0.1)

    def url(self, name="postgres"):
        return f"postgres://gw@127.0.0.1:{self.port}/{name}?sslmode=disable"

    def sql(self, statement, name="postgres"):
        subprocess.run([f"{self.bin}/psql", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement, self.url(name)], check=True)

    def end(self):
        self.server.terminate()
        self.server.wait()
        shutil.rmtree(self.data, ignore_errors=True)


def in_postgres(binary, base, many):
    empty(binary, base.url())
    key = lambda n: f"convert_to(lpad(({n})::text, 16, '0'), 'UTF8')"
    began, step = time.monotonic(), 400_000
    for first in range(0, many, step):
        last, day = min(first + step, many), 20601 + first // 400_000
        base.sql(f"CREATE TABLE IF NOT EXISTS groundwire_turns_b{day} PARTITION OF groundwire_turns FOR VALUES FROM ({day}) TO ({day + 1})")
        base.sql(f"WITH series AS (SELECT n FROM generate_series({first}, {last - 1}) n) " + turns(first, last, key).strip())
    count = many // UNITS_A_TURN
    base.sql(units(count, key, f"SELECT n FROM generate_series(0, {count - 1}) n"))
    base.sql("ANALYZE")
    print(f"PostgreSQL: {many} turns of {count} units made in {time.monotonic() - began:.0f} s", flush=True)
    return report(binary, base.url(), "PostgreSQL")


def records(many):
    """Lines of records of conversations of five turns, five conversations a unit."""
    dice = random.Random(5)
    acts = ["follow_up", "answer", "repair", "acknowledgment", "reformulation"]
    yield json.dumps(DESIGN)
    for n in range(many):
        unit, talk, at = n // 25, n // 5, BEGAN + n * 1000
        turn = lambda number: f"{1:016x}{number:016x}"
        arm = "control" if unit % 2 else "careful"
        triggered = dice.random() < 0.2
        yield json.dumps({"schema": 1, "attempt": f"{at:012x}{n:020x}", "time": at, "turn": turn(n), "parent": turn(n - 1) if n % 5 else None,
            "conversation": f"{2:016x}{talk:016x}", "conversation_source": "header", "unit": f"{3:016x}{unit:016x}", "experiment": "ask",
            "experiment_version": 1, "arm": arm, "dialect": "openai-chat", "judgement": {"need": {"proceed": 0.9, "assume": 0.06, "ask": 0.04},
            "gap": "vague_goal", "user_act": dice.choice(acts), "emotion": 0.01, "tokens": 40, "model": "00112233aabbccdd"},
            "triggered": triggered, "policy": "gentle", "config": "0123456789abcdef", "act": "clarify" if triggered and unit % 2 == 0 else "none",
            "delivery": "steer" if triggered and unit % 2 == 0 else "observe", "request_bytes": 900, "added_bytes": 0, "read_micros": 20,
            "own_micros": 3000, "judge_micros": 2900, "total_micros": 900000, "status": 200, "ending": "complete", "finish_reason": "stop",
            "usage": {"prompt_tokens": 300, "completion_tokens": 120, "cached_tokens": None}, "first_token_micros": dice.randrange(100000, 900000),
            "response_bytes": 2000, "assistant_acts": ["answer"]})


def imported(binary, folder, base):
    lines = "\n".join(records(100_000)).encode()
    base.sql("CREATE DATABASE imported")
    reports = []
    for name, url in [("SQLite", f"sqlite:{folder}/imported.db"), ("PostgreSQL", base.url("imported"))]:
        _, seconds, _ = run(binary, "store", "import", "--url", url, "-", stdin=lines)
        print(f"{name}: 100000 turns written, joined and rolled up in {seconds:.1f} s", flush=True)
        reports.append(report(binary, url, name))
    if reports[0] != reports[1]:
        sys.exit("the two engines report differently")
    print("the same report from both, byte for byte")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--turns", type=int, default=10_000_000)
    parser.add_argument("--folder")
    parser.add_argument("what", nargs="*", default=["import", "sqlite", "postgres"])
    asked = parser.parse_intermixed_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        reports = []
        if "sqlite" in asked.what:
            reports.append(in_sqlite(asked.binary, folder, asked.turns))
        base = Postgres(folder) if {"import", "postgres"} & set(asked.what) else None
        try:
            if "import" in asked.what:
                imported(asked.binary, folder, base)
            if "postgres" in asked.what:
                reports.append(in_postgres(asked.binary, base, asked.turns))
        finally:
            if base:
                base.end()
        if len(reports) == 2 and reports[0] != reports[1]:
            sys.exit("the two engines report differently")


if __name__ == "__main__":
    main()
