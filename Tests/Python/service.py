"""What `tributary serve` promises, told by its API, its history and the lake: service.py CASE [--seed N].

Cases: day, kills, takeover, outage, stop, api, secrets, fuzz. Each begins servers of its own and ends them.
"""

import argparse
import glob
import json
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import duckdb
import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BINARY = os.environ.get("TRIBUTARY_BINARY") or os.path.join(ROOT, ".build/release/tributary")


class Violation(Exception):
    """What must never be."""


def require(holds, words):
    if not holds:
        raise Violation(words)


def until(words, question, seconds=240):
    """Asks until there is an answer; the time is one that only a server that hangs takes."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        answer = question()
        if answer:
            return answer
        time.sleep(0.02)
    raise Violation(f"waited {seconds} s in vain for {words}")


def moment(text):
    """Seconds since 1970 of a time of the API."""
    match = re.fullmatch(r"(\d+-\d+-\d+T\d+:\d+:\d+)(\.\d+)?Z", text)
    whole = time.strptime(match[1], "%Y-%m-%dT%H:%M:%S")
    import calendar
    return calendar.timegm(whole) + float(match[2] or 0)


class Answer(Exception):
    """An answer that is a problem."""

    def __init__(self, status, body, headers):
        super().__init__(f"{status}: {body[:500]}")
        self.status, self.text, self.headers = status, body, headers
        try:
            self.body = json.loads(body)
        except ValueError:
            self.body = None


class Service:
    """A lake with a server, which can be killed and begun again."""

    def __init__(self, *options, environment=None, apart=False):
        self.scratch = tempfile.TemporaryDirectory(prefix="tributary-service-")
        self.folder = self.scratch.name
        self.lake = os.path.join(self.folder, "lake")
        # What is the node's own, in the lake or apart from it.
        self.state = os.path.join(self.folder, "state") if apart else os.path.join(self.lake, "_metastore")
        self.options = (*options, "--state-folder", self.state) if apart else options
        self.environment = {**os.environ, "XDG_CONFIG_HOME": os.path.join(self.folder, "config"),
                            **(environment or {})}
        self.log = os.path.join(self.folder, "log")
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process:
            self.kill()
        self.scratch.cleanup()

    def spawn(self, *options, environment=None):
        with open(self.log, "a") as log:
            return subprocess.Popen(
                [BINARY, "serve", "--lake", self.lake, "--port", "0", *self.options, *options],
                stdout=log, stderr=log, env=environment or self.environment, cwd=self.folder)

    def start(self, waits=True):
        record = os.path.join(self.lake, "_server.json")
        self.process = self.spawn()
        if not waits:
            return

        def address():
            require(self.process.poll() is None, f"the server ended: {self.words()}")
            try:
                with open(record) as file:
                    content = json.load(file)
            except (OSError, ValueError):
                return None
            return content["url"] if content["process"]["processID"] == self.process.pid else None

        self.url = until("the server's address", address)
        with open(os.path.join(self.state, "admin.token")) as file:
            self.token = file.read().strip()
        until("readiness", lambda: self.status("/ready") == 200)

    def words(self):
        with open(self.log) as file:
            return file.read()[-3000:]

    def addresses(self):
        """Where the processes so far have listened."""
        with open(self.log) as file:
            return re.findall(r"listening at (\S+)", file.read())

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self):
        self.process.terminate()
        code = self.process.wait(120)
        self.process = None
        return code

    def call(self, method, path, body=None, token=None, headers=None, raw=None):
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data=data, method=method)
        token = self.token if token is None else token
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        if data is not None:
            request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                text = response.read().decode()
                self.headers = response.headers
                return json.loads(text) if text.startswith(("{", "[")) else text
        except urllib.error.HTTPError as error:
            raise Answer(error.code, error.read().decode(), error.headers) from None

    def status(self, path, **options):
        try:
            self.call("GET", path, **options)
            return 200
        except Answer as answer:
            return answer.status
        except OSError:
            return 0

    def refused(self, expected, method, path, *rest, **options):
        """The problem of a request that is to be refused."""
        try:
            self.call(method, path, *rest, **options)
        except Answer as answer:
            require(answer.status == expected, f"{method} {path}: {answer}, not {expected}")
            require(answer.headers["content-type"] == "application/problem+json", f"{method} {path}: no problem")
            require(answer.body["status"] == expected and answer.body["detail"], f"{method} {path}: {answer}")
            return answer
        raise Violation(f"{method} {path} was let through")

    def runs(self, schedule):
        return self.call("GET", f"/api/v1/runs?schedule={schedule}&limit=1000")["items"]

    def run(self, *arguments, succeeds=True, **options):
        """Calls the command line."""
        done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, env=self.environment,
                              cwd=self.folder, timeout=120, **options)
        if succeeds:
            require(done.returncode == 0, f"{arguments} failed: {done.stderr}")
        return done

    def rows(self, table, columns="*"):
        return read_table(self.lake, table, columns)

    def snapshots(self, table):
        return self.call("GET", f"/api/v1/datasets/{table}/snapshots")["items"]


def read_table(lake, table, columns="*"):
    """A table's rows as DuckDB reads them."""
    namespace, name = table.split(".")
    folder = os.path.join(lake, "warehouse", namespace, name)
    newest = max(glob.glob(f"{folder}/metadata/v*.metadata.json"), key=lambda p: int(re.search(r"v(\d+)", p)[1]))
    connection = duckdb.connect()
    for extension in ["avro", "iceberg"]:
        module = __import__(f"duckdb_extension_{extension}")
        connection.execute(f"LOAD '{glob.glob(os.path.dirname(module.__file__) + '/**/*.duckdb_extension', recursive=True)[0]}'")
    return sorted(connection.execute(f"SELECT {columns} FROM iceberg_scan('{newest}')").fetchall())


class Postgres:
    """A database of the test server."""

    def __init__(self):
        server = os.environ["TRIBUTARY_TEST_POSTGRES"]
        self.name = f"service_{os.getpid()}"
        self.server = server
        self.url = re.sub(r"/[^/?]*(\?|$)", f"/{self.name}\\1", server)
        self.password = re.search(r"://[^:]*:([^@]*)@", server)[1]

    def admin(self, *statements):
        connection = psycopg2.connect(self.server)
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)
        connection.close()

    def __enter__(self):
        self.admin(f"DROP DATABASE IF EXISTS {self.name}", f"CREATE DATABASE {self.name}")
        self.connection = psycopg2.connect(self.url)
        self.connection.autocommit = True
        return self

    def run(self, sql):
        cursor = self.connection.cursor()
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else None

    def __exit__(self, *_):
        self.connection.close()
        self.admin(f"DROP DATABASE {self.name} WITH (FORCE)")


# MARK: A working day


def day(_):
    """A table on a 20 s schedule; rows change between two firings, and the second firing brings them."""
    with Postgres() as database, Service() as service:
        database.run("CREATE TABLE orders (id int PRIMARY KEY, total numeric(10,2), note text)")
        database.run("INSERT INTO orders VALUES (1, 10.5, 'a'), (2, 20, 'b')")
        service.run("secret", "put", "shop", "--lake", service.lake, input=database.password)
        address = re.sub(r":[^:@/]*@", ":secret:shop@", database.url, count=1)
        service.run("source", "create", "shop", "--dsn", address, "--lake", service.lake)
        check = json.loads(service.run("source", "check", "shop", "--lake", service.lake, "--json").stdout)
        require("PostgreSQL" in check["version"], check)
        service.run("schedule", "create", "--id", "orders", "--source", "shop", "--stream", "public.orders",
                    "--into", "shop.orders", "--trigger", "@every 20s", "--lake", service.lake)
        pid = service.process.pid

        def fired(since=0.0):
            return [r for r in service.runs("orders") if r["state"] == "succeeded" and r["origin"] == "schedule"
                    and moment(r["started_at"]) > since]

        until("the first run", lambda: [r for r in service.runs("orders") if r["state"] == "succeeded"])
        require(service.rows("shop.orders", "id, note") == [(1, "a"), (2, "b")], service.rows("shop.orders"))
        until("the first firing", fired)
        database.run("INSERT INTO orders VALUES (3, 30, 'new')")
        database.run("UPDATE orders SET note = 'changed' WHERE id = 1")
        # A machine with other work may have fired again before the rows changed.
        changed = time.time()
        until("a firing after the change", lambda: fired(since=changed))
        require(service.rows("shop.orders", "id, note") == [(1, "changed"), (2, "b"), (3, "new")],
                service.rows("shop.orders"))
        require(service.process.pid == pid and service.process.poll() is None, "the server was begun again")
        firings = fired()
        counts = [r["rows"] for r in reversed(firings)]
        require(counts[0] == 2 and counts[-1] == 3 and counts == sorted(counts), firings)
        for run in firings:
            require(moment(run["claimed_at"]) >= moment(run["scheduled_for"]), f"early: {run}")
            require(moment(run["scheduled_for"]) % 20 == 0, f"not on its time: {run}")
        # A table that is emptied at the source is emptied in the lake.
        database.run("DELETE FROM orders")
        service.run("schedule", "run", "orders", "--wait", "--lake", service.lake)
        require(service.rows("shop.orders", "id") == [], "rows that are gone are there")
        summaries = [s["summary"] for s in service.snapshots("shop.orders")]
        ids = {summary.get("tributary.occurrence") for summary in summaries}
        require(ids == {r["id"] for r in service.runs("orders") if r["state"] == "succeeded"}, ids)
        # Where a table comes from is part of each of its commits: the job has one name, its runs one each.
        jobs = {tuple(summary.get(f"tributary.{part}") for part in ["schedule", "source", "stream", "mode"])
                for summary in summaries}
        require(len(jobs) == 1 and None not in next(iter(jobs)) and next(iter(jobs))[0] == "orders", jobs)
        require(len({summary["tributary.run-id"] for summary in summaries}) == len(summaries), summaries)


# MARK: Deaths


def account(service, schedule, table, seconds):
    """Every nominal time of a schedule is accounted for once, and every green run is one snapshot."""
    runs = [r for r in service.runs(schedule) if r["origin"] == "schedule"]
    times = {}
    for run in runs:
        start = moment(run["scheduled_for"])
        for index in range(run["count"]):
            at = start + index * seconds
            require(at not in times, f"{at} is recorded twice: {times.get(at)} and {run['id']}")
            times[at] = run["id"]
    known = sorted(times)
    missing = [t for t in range(int(known[0]), int(known[-1]), seconds) if t not in times]
    require(not missing, f"lost: {missing}")
    published = [s["summary"]["tributary.occurrence"] for s in service.snapshots(table)]
    require(len(published) == len(set(published)), f"published twice: {published}")
    green = {r["id"] for r in service.runs(schedule) if r["state"] == "succeeded"}
    require(green == set(published), f"green and published differ: {green ^ set(published)}")
    return runs


def kills(seed):
    """kill -9 between and during firings: nothing lost, nothing run twice, the history complete."""
    chance = random.Random(seed)
    with Service("--history-days", "1") as service:
        path = os.path.join(service.folder, "shop.db")
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE orders (id integer primary key, text text)")
            # Long enough that deaths come in the middle of reads.
            database.executemany("INSERT INTO orders VALUES (?, ?)", ((i, "x" * 50) for i in range(150_000)))
        for name in ["one", "two"]:
            service.run("schedule", "create", "--id", name, "--source", f"sqlite:{path}", "--stream", "orders",
                        "--into", f"shop.{name}", "--trigger", "@every 1s", "--overlap", "buffer-one",
                        "--lake", service.lake)
        for _ in range(15):
            time.sleep(chance.uniform(0.05, 2.5))
            service.kill()
            time.sleep(chance.choice([0, 0, 0.5, 3]))
            service.start()
        service.run("schedule", "pause", "one", "--lake", service.lake)
        service.run("schedule", "pause", "two", "--lake", service.lake)
        for name in ["one", "two"]:
            until("the last run", lambda: all(r["state"] not in ("pending", "running") for r in service.runs(name)))
            runs = account(service, name, f"shop.{name}", 1)
            require(any(r["state"] == "succeeded" for r in runs), "nothing succeeded")
            require(len(service.rows(f"shop.{name}", "id")) == 150_000, "rows are missing")
        attempts = [a for name in ["one", "two"] for r in service.runs(name)
                    for a in service.call("GET", f"/api/v1/runs/{r['id']}")["attempt_list"]]
        interrupted = [a for a in attempts if a.get("end") == "interrupted"]
        require(all("end" in a for a in attempts), "an attempt has no end")
        print(f"{len(attempts)} attempts, {len(interrupted)} of them interrupted")
        require(interrupted, "no death came in the middle of a run")


def takeover(_):
    """A process that is held up loses its lease, and what it did meanwhile counts for nothing."""
    with Service() as service:
        path = os.path.join(service.folder, "shop.db")
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE orders (id integer primary key)")
            database.executemany("INSERT INTO orders VALUES (?)", ((i,) for i in range(200_000)))
        service.run("schedule", "create", "--id", "orders", "--source", f"sqlite:{path}", "--stream", "orders",
                    "--into", "shop.orders", "--trigger", "@every 1s", "--lake", service.lake)
        until("a run", lambda: [r for r in service.runs("orders") if r["state"] == "succeeded"])
        second = service.spawn()
        try:
            time.sleep(1)
            require(second.poll() is None, f"a second process does not wait: {service.words()}")
            service.process.send_signal(signal.SIGSTOP)
            first, service.process = service.process, second
            record = os.path.join(service.lake, "_server.json")

            def address():
                with open(record) as file:
                    content = json.load(file)
                return content["url"] if content["process"]["processID"] == second.pid else None

            require(address() is None, "a process that waits says that it can be asked")
            service.url = until("the second one's address", address)
            until("the second one's lease", lambda: service.call("GET", "/ready")["leads"])

            def run_since(time):
                return lambda: [r for r in service.runs("orders") if r["state"] == "succeeded"
                                and moment(r["claimed_at"]) > time]

            until("a run of the second one", run_since(time.time()))
            first.send_signal(signal.SIGCONT)
            time.sleep(3)
            require(first.poll() is None, "the first one ended")
            until("a later run", run_since(time.time()))
            service.run("schedule", "pause", "orders", "--lake", service.lake)
            until("the last run", lambda: all(r["state"] not in ("pending", "running") for r in service.runs("orders")))
            account(service, "orders", "shop.orders", 1)
            epochs = [int(s["summary"]["tributary.epoch"]) for s in reversed(service.snapshots("shop.orders"))]
            require(epochs == sorted(epochs) and epochs[-1] > epochs[0], f"epochs fell: {epochs}")
        finally:
            first.kill()
            first.wait()


def outage(_):
    """A store that somebody else holds: the server says that it does not schedule, and goes on when it can."""
    with Service() as service:
        path = os.path.join(service.folder, "shop.db")
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE orders (id integer primary key)")
        service.run("schedule", "create", "--id", "orders", "--source", f"sqlite:{path}", "--stream", "orders",
                    "--into", "shop.orders", "--trigger", "@every 1s", "--lake", service.lake)

        def succeeded():
            return sum(r["state"] == "succeeded" for r in service.runs("orders"))

        def reason():
            try:
                service.call("GET", "/ready", token=False)
            except Answer as answer:
                return answer.body["reason"]

        until("a run", succeeded)
        store = sqlite3.connect(os.path.join(service.lake, "_metastore/metastore.sqlite"), isolation_level=None,
                                timeout=60)
        store.execute("BEGIN IMMEDIATE")
        try:
            why = until("word that it does not schedule", reason)
            require("metastore" in why or "does not go on" in why, why)
            require(service.status("/health", token=False) == 200, "it is said to be dead")
            age = re.search(r"^\w+last_tick_age_seconds (\S+)", service.call("GET", "/metrics"), re.M)[1]
            require(float(age) > 1, f"the scheduler is said to go on: {age}")
            count = succeeded()
        finally:
            store.execute("ROLLBACK")
            store.close()
        until("readiness", lambda: service.status("/ready") == 200)
        until("later runs", lambda: succeeded() > count + 1)
        service.run("schedule", "pause", "orders", "--lake", service.lake)
        until("the last run", lambda: all(r["state"] not in ("pending", "running") for r in service.runs("orders")))
        account(service, "orders", "shop.orders", 1)


def stop(_):
    """SIGTERM in the middle of a run: the run stops soon, and the next process resumes it."""
    with Postgres() as database, Service() as service:
        database.run("CREATE TABLE big AS SELECT i AS id, repeat('x', 400) AS text FROM generate_series(1, 400000) i")
        database.run("ALTER TABLE big ADD PRIMARY KEY (id)")
        service.run("secret", "put", "shop", "--lake", service.lake, input=database.url)
        service.run("source", "create", "shop", "--dsn", "secret:shop", "--set", "max_bytes_per_second=30000000",
                    "--lake", service.lake)
        service.run("schedule", "create", "--id", "big", "--source", "shop", "--stream", "public.big",
                    "--into", "shop.big", "--trigger", "@daily", "--lake", service.lake)
        until("rows", lambda: service.runs("big") and service.call(
            "GET", f"/api/v1/runs/{service.runs('big')[0]['id']}").get("progress", {}).get("rows", 0) > 20_000)
        begin = time.monotonic()
        require(service.stop() == 0, f"the server failed: {service.words()}")
        # A run that did not hear of it would be waited for for 20 s.
        require(time.monotonic() - begin < 20, "stopping took too long")
        # Nobody is there: the lake itself is asked.
        page = json.loads(service.run("run", "list", "--lake", service.lake, "--json").stdout)
        require([r["state"] for r in page["items"]] == ["pending"], page)
        service.start()
        run = until("the run's end", lambda: [r for r in service.runs("big") if r["state"] == "succeeded"])[0]
        require(run["attempts"] == 2 and run["rows"] == 400_000, run)
        attempts = service.call("GET", f"/api/v1/runs/{run['id']}")["attempt_list"]
        require([a["end"] for a in attempts] == ["interrupted", "succeeded"], attempts)
        require(len(service.rows("shop.big", "id")) == 400_000, "rows are missing")
        # A metastore that is lost is built again, and the table is not loaded again for it.
        service.stop()
        count = len(glob.glob(os.path.join(service.lake, "warehouse/shop/big/metadata/v*.json")))
        for path in glob.glob(os.path.join(service.lake, "_metastore/metastore.sqlite*")):
            os.remove(path)
        service.start()
        time.sleep(1)
        require(service.runs("big") == [], "a lost metastore has a history")
        require(len(glob.glob(os.path.join(service.lake, "warehouse/shop/big/metadata/v*.json"))) == count,
                "the table was loaded again")
        require("next_due" in service.call("GET", "/api/v1/schedules/big")["status"], "it is not scheduled")


# MARK: The API


def api(_):
    """Wrong tokens, roles, hosts, sizes and bodies are refused with the right status."""
    with Service("--source-hosts", "db.example,*.good.example") as service:
        path = os.path.join(service.folder, "shop.db")
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE orders (id integer primary key)")
        base = "/api/v1/schedules"
        document = {"id": "a", "source": {"dsn": f"sqlite:{path}"}, "stream": "orders", "dataset": "shop.a",
                    "trigger": "@daily", "start": "next"}
        tokens = {}
        for role in ["reader", "operator"]:
            made = service.call("POST", "/api/v1/tokens", {"id": f"t-{role}", "role": role})
            tokens[role] = made["token"]
        # Tokens.
        for token in ["", "nonsense", "trib.admin.00", service.token[:-1], service.token + "0"]:
            options = {"token": token} if token else {"token": False}
            answer = service.refused(401, "GET", base, **options)
            require("Bearer" in answer.headers["www-authenticate"], "no challenge")
        service.refused(401, "GET", base, token=False, headers={"Authorization": "Basic YTpi"})
        require(service.status("/health", token=False) == 200, "health needs a token")
        # Roles.
        service.refused(403, "POST", base, document, token=tokens["reader"])
        service.refused(403, "PUT", "/api/v1/secrets/x", {"value": "y"}, token=tokens["operator"])
        service.refused(403, "GET", "/api/v1/events", token=tokens["operator"])
        answer = service.refused(403, "POST", base, document, token=tokens["operator"])
        require(answer.body["field"] == "source.dsn", answer)
        for dsn in ["exec:id", "file:/etc/passwd", "env:HOME", "postgres://u:env:X@db.example/d"]:
            service.refused(403, "POST", "/api/v1/sources", {"id": "x", "dsn": dsn}, token=tokens["operator"])
        # An operator reaches nothing of the server's machine, and sends no secret where its keeper did not say.
        for dsn in ["postgres://u@h/db?%70assword=env:X", "postgres://u#:env:X@h/db", "postgres://u?:env:X@h/db",
                    "postgres://u@h/db?service=prod", "postgres:///db?host=/tmp", "mysql://u@h/db?defaults-file=/etc/x",
                    "postgres://u@h/db?hostaddr=127.0.0.1", f"sqlite:{path}"]:
            try:
                service.call("POST", "/api/v1/sources", {"id": "x", "dsn": dsn}, token=tokens["operator"])
                raise Violation(f"an operator made a source of {dsn}")
            except Answer as answer:
                require(answer.status in (403, 422), f"{dsn}: {answer}")
        service.call("PUT", "/api/v1/secrets/free", {"value": "x"})
        service.call("PUT", "/api/v1/secrets/bound", {"value": "x", "hosts": ["db.example"]})
        for name, host, status in [("free", "db.example", 403), ("bound", "evil.example", 403)]:
            source = {"id": f"pair-{name}", "dsn": f"postgres://u:secret:{name}@{host}/d"}
            try:
                service.call("POST", "/api/v1/sources", source, token=tokens["operator"])
                service.refused(403, "POST", f"/api/v1/sources/pair-{name}/check", token=tokens["operator"])
                service.call("DELETE", f"/api/v1/sources/pair-{name}")
            except Answer as answer:
                require(answer.status == status, answer)
        service.call("POST", "/api/v1/sources", {"id": "pair", "dsn": "postgres://u:secret:bound@db.example/d"},
                     token=tokens["operator"])
        for body in [b"[" * 100_000, b'{"a":' * 500 + b"1" + b"}" * 500]:
            begin = time.monotonic()
            service.refused(400, "POST", base, raw=body)
            require(time.monotonic() - begin < 10, "a deep document takes long")
        # Creating, twice, and by the same key.
        key = {"Idempotency-Key": "one"}
        first = service.call("POST", base, document, headers=key)
        require(service.call("POST", base, document, headers=key) == first, "the same key, another answer")
        require(service.headers["idempotency-replayed"] == "true", "not the answer of before")
        service.refused(422, "POST", base, {**document, "id": "b"}, headers=key)
        service.refused(409, "POST", base, document)
        service.refused(422, "POST", base, {**document, "id": "b", "stream": "others"})
        # Editing.
        tag = None
        service.call("GET", f"{base}/a")
        tag = service.headers["etag"]
        service.call("PATCH", f"{base}/a", {"description": "x"}, headers={"If-Match": tag})
        service.refused(412, "PATCH", f"{base}/a", {"description": "y"}, headers={"If-Match": tag})
        service.refused(412, "DELETE", f"{base}/a", headers={"If-Match": tag})
        for body, field in [({"next_run_at": "2026-01-01T00:00:00Z"}, "next_run_at"), ({"status": {}}, "status"),
                            ({"created_by": "me"}, "created_by"), ({"id": "b"}, "id"),
                            ({"trigger": "99 * * * *"}, "trigger"), ({"dataset": "../x.y"}, "dataset"),
                            ({"retry": {"attempts": 0}}, "retry.attempts")]:
            answer = service.refused(422, "PATCH", f"{base}/a", body)
            require(answer.body["field"] == field, f"{body}: {answer}")
        # Bodies.
        service.refused(400, "POST", base, raw=b"{")
        service.refused(400, "POST", base, raw=b"[]")
        service.refused(400, "POST", base, raw=b"\xff\xfe")
        service.refused(415, "POST", base, document, headers={"Content-Type": "text/plain"})
        service.refused(413, "POST", base, raw=b" " * (1 << 20))
        # Paths, methods, queries.
        service.refused(404, "GET", f"{base}/none")
        service.refused(404, "GET", "/api/v1/nothing")
        service.refused(404, "GET", f"{base}/..%2F..%2Fetc")
        require("GET" in service.refused(405, "DELETE", base).headers["allow"], "no Allow")
        service.refused(400, "GET", f"{base}?limit=0")
        service.refused(400, "GET", f"{base}?limit=many")
        service.refused(400, "GET", f"{base}?unknown=1")
        service.refused(400, "GET", "/api/v1/runs?state=odd")
        # Hosts of sources.
        for name, host, status in [("bad", "db.bad", 403), ("near", "xgood.example", 403), ("good", "db.example", 424),
                                   ("below", "a.good.example", 424)]:
            service.call("POST", "/api/v1/sources", {"id": name, "dsn": f"postgres://u@{host}/d?connect_timeout=2"})
            service.refused(status, "POST", f"/api/v1/sources/{name}/check")
        service.call("POST", "/api/v1/sources", {"id": "used", "dsn": f"sqlite:{path}"})
        service.call("POST", base, {**document, "id": "user", "source": "used", "dataset": "shop.user"})
        service.refused(409, "DELETE", "/api/v1/sources/used")
        # A source by the fields of its kind.
        fields = {"id": "fields", "kind": "sqlite", "file": path}
        made = service.call("POST", "/api/v1/sources", fields)
        require(made["file"] == path and "dsn" not in made, made)
        streams = service.call("GET", "/api/v1/sources/fields/streams")["items"]
        require([s for s in streams if s["name"].endswith("orders")], streams)
        answer = service.refused(422, "PUT", "/api/v1/sources/fields", {**fields, "host": "h"})
        require(answer.body["field"] == "host" and "file" in answer.body["detail"], answer)
        inline = {**document, "id": "inline", "source": {"kind": "sqlite", "files": path}, "dataset": "shop.inline"}
        answer = service.refused(422, "POST", base, inline)
        require(answer.body["field"] == "source.files", answer)
        listed = service.run("source", "list", "--lake", service.lake).stdout
        require(f"kind=sqlite file={path}" in listed or f"file={path} kind=sqlite" in listed, listed)
        service.call("DELETE", "/api/v1/sources/fields")
        # Running, watching, cancelling.
        run = service.call("POST", f"{base}/a/run")
        until("the run", lambda: service.call("GET", f"/api/v1/runs/{run['id']}")["state"] == "succeeded")
        events = service.call("GET", f"/api/v1/runs/{run['id']}/events")
        require(events.startswith("event: end\ndata: {"), events)
        service.refused(409, "POST", f"/api/v1/runs/{run['id']}/cancel")
        service.refused(404, "POST", "/api/v1/runs/none/cancel")
        times = service.call("GET", f"{base}/a/next?count=3")["times"]
        require(len(times) == 3 and times[0]["utc"].endswith("T00:00:00Z"), times)
        backfill = service.call("POST", f"{base}/a/backfill", {"from": "2026-01-01T00:00:00Z", "to": "2026-01-03T00:00:00Z"})
        require(len(backfill["runs"]) == 2, backfill)
        until("the backfill", lambda: all(
            service.call("GET", f"/api/v1/runs/{i}")["state"] == "succeeded" for i in backfill["runs"]))
        # A document that cannot be read is shown, and the others go on.
        with open(os.path.join(service.lake, "_schedules/broken.json"), "w") as file:
            file.write("{")
        listed = until("the quarantine", lambda: [
            i for i in service.call("GET", base)["items"] if i["status"]["state"] == "quarantined"])
        require(listed[0]["id"] == "broken" and listed[0]["problem"], listed)
        service.refused(409, "GET", f"{base}/broken")
        service.call("PUT", f"{base}/broken", {**document, "id": "broken", "dataset": "shop.broken"})
        service.call("DELETE", f"{base}/broken")
        for folder in ["_sources", "_tokens", "_secrets"]:
            with open(os.path.join(service.lake, folder, "bad.json"), "w") as file:
                file.write("{")
            items = service.call("GET", f"/api/v1/{folder[1:]}")["items"]
            require([i for i in items if i["id"] == "bad" and i["problem"]], items)
        service.refused(401, "GET", base, token="trib.bad.00")
        # Pages.
        first = service.call("GET", f"{base}?limit=1")
        rest = service.call("GET", f"{base}?limit=1&after={first['next']}")
        require(len(first["items"]) == 1 and len(rest["items"]) == 1 and "next" not in rest, (first, rest))
        # What was taken back is no good any more; who did what is known.
        service.refused(409, "DELETE", "/api/v1/tokens/admin")
        service.call("DELETE", "/api/v1/tokens/t-reader")
        service.refused(401, "GET", base, token=tokens["reader"])
        kinds = {e["kind"] for e in service.call("GET", "/api/v1/events")["items"]}
        require({"schedule.create", "schedule.patch", "schedule.run", "token.delete"} <= kinds, kinds)
        # Too many requests at once.
        statuses = []

        def hammer():
            statuses.extend(service.status("/api/v1/datasets", token=tokens["operator"]) for _ in range(150))

        threads = [threading.Thread(target=hammer) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        require(set(statuses) <= {200, 429}, set(statuses))
        commands(service)


def commands(service):
    """The command line says the same as the API, and a file makes it so."""
    lake = ["--lake", service.lake]
    file = os.path.join(service.folder, "defs.yaml")
    with open(file, "w") as out:
        out.write(f"""
sources:
  - id: yaml
    dsn: sqlite:{service.folder}/shop.db
schedules:
  - id: from-yaml
    source: yaml
    stream: orders
    dataset: shop.yaml
    trigger: "0 3 * * *"
    time_zone: Europe/Berlin
    start: next
""")
    dry = service.run("apply", file, "--dry-run", *lake).stdout
    require("create source yaml" in dry and "create schedule from-yaml" in dry, dry)
    service.refused(404, "GET", "/api/v1/schedules/from-yaml")
    service.run("apply", file, *lake)
    again = service.run("apply", file, *lake)
    require("nothing to change" in again.stderr, again.stderr + again.stdout)
    with open(file) as text:
        changed = text.read().replace("0 3 * * *", "0 4 * * *")
    with open(file, "w") as out:
        out.write(changed)
    require('trigger: "0 3 * * *" → "0 4 * * *"' in service.run("apply", file, *lake).stdout, "no difference shown")
    shown = json.loads(service.run("schedule", "show", "from-yaml", *lake, "--json").stdout)
    require(shown["definition"]["trigger"] == "0 4 * * *", shown)
    service.run("schedule", "edit", "from-yaml", "--set", "retry.attempts=2", *lake)
    shown = json.loads(service.run("schedule", "show", "from-yaml", *lake, "--json").stdout)
    require(shown["definition"]["retry"]["attempts"] == 2, shown)
    require(service.run("schedule", "run", "from-yaml", "--wait", *lake).returncode == 0, "it failed")
    for verb in ["pause", "resume"]:
        service.run("schedule", verb, "from-yaml", *lake)
    require("from-yaml" in service.run("schedule", "list", *lake).stdout, "not listed")
    require("succeeded" in service.run("run", "list", "--schedule", "from-yaml", *lake).stdout, "no run listed")
    service.run("schedule", "delete", "from-yaml", *lake)
    failed = service.run("schedule", "show", "from-yaml", *lake, succeeds=False)
    require(failed.returncode == 1 and "there is no schedule from-yaml" in failed.stderr, failed.stderr)
    # A server that is told to stop does, whoever listens and whoever has sent half a request.
    slow = service.call("POST", "/api/v1/schedules", {
        "id": "slow", "source": {"dsn": "postgres://u@db.example/d?connect_timeout=60"}, "stream": "a.b",
        "dataset": "shop.slow", "trigger": "@manual"})
    require(slow["status"]["state"] == "active", slow)
    run = service.call("POST", "/api/v1/schedules/slow/run")
    listener = urllib.request.Request(f"{service.url}/api/v1/runs/{run['id']}/events",
                                      headers={"Authorization": f"Bearer {service.token}"})
    with urllib.request.urlopen(listener, timeout=60) as stream:
        stream.readline()
        half = socket.create_connection(("127.0.0.1", int(service.url.rsplit(":", 1)[1])))
        half.sendall(b"POST /api/v1/schedules HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        begin = time.monotonic()
        code = service.stop()
        require(code == 0 and time.monotonic() - begin < 40, f"{code}, {time.monotonic() - begin:.0f} s")
        half.close()
    # A port that is taken, and a lake that is not there, are said.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = service.run("serve", *lake, "--port", str(taken.getsockname()[1]), succeeds=False)
        require(done.returncode != 0 and "is in use" in done.stderr, done.stderr)
    done = service.run("schedule", "list", "--lake", os.path.join(service.folder, "typo"), succeeds=False)
    require(done.returncode != 0 and "there is no lake" in done.stderr, done.stderr)
    with open(file, "a") as out:
        out.write('  - {id: bad, source: yaml, stream: orders, dataset: shop.bad, trigger: "99 * * * *"}\n')
    done = service.run("apply", file, "--dry-run", *lake, succeeds=False)
    require(done.returncode != 0 and "bad: trigger" in done.stderr, done.stderr)
    # Schedules that cannot be listed are not no schedules.
    folder = os.path.join(service.lake, "_schedules")
    os.rename(folder, folder + ".away")
    with open(folder, "w"):
        pass
    before = len(service.addresses())
    service.process = service.spawn()
    url = until("the server's address", lambda: service.addresses()[before:])[0]
    try:
        urllib.request.urlopen(f"{url}/ready", timeout=120)
        raise Violation("it is ready without its schedules")
    except urllib.error.HTTPError as error:
        require(error.code == 503 and "_schedules" in error.read().decode(), "it does not say why")
    os.remove(folder)
    os.rename(folder + ".away", folder)
    service.url = url
    until("readiness", lambda: service.status("/ready") == 200)
    service.stop()
    # Without a server the lake itself is asked.
    service.run("schedule", "create", "--id", "alone", "--source", f"sqlite:{service.folder}/shop.db", "--stream",
                "orders", "--into", "shop.alone", "--trigger", "@daily", *lake)
    done = service.run("schedule", "run", "alone", "--wait", *lake, "--json")
    require(json.loads(done.stdout)["state"] == "succeeded", done.stdout)
    service.start()
    named = service.run("schedule", "list", "--server", service.url, "--token",
                        f"file:{service.lake}/_metastore/admin.token", "--json")
    require("alone" in named.stdout, named.stdout)
    wrong = service.run("schedule", "list", "--server", service.url, "--token", "exec:echo wrong", succeeds=False)
    require(wrong.returncode == 1 and "a token is needed" in wrong.stderr, wrong.stderr)


def secrets(_):
    """A secret is in no answer, log, error or file."""
    with Postgres() as database, Service("--log-level", "trace") as service:
        database.run("CREATE TABLE orders (id int PRIMARY KEY)")
        word = "Zq9-geheim/wort"
        user = f"service_user_{os.getpid()}"
        database.admin(f"CREATE ROLE {user} LOGIN PASSWORD '{word}'")
        try:
            database.run(f"GRANT SELECT ON orders TO {user}")
            place = re.sub(r"://[^@]*@", "://", database.url)
            texts = []

            def keep(method, path, *rest, **options):
                try:
                    answer = service.call(method, path, *rest, **options)
                    texts.append(json.dumps(answer))
                    return answer
                except Answer as answer:
                    texts.append(answer.text)

            keep("PUT", "/api/v1/secrets/right", {"value": word})
            keep("PUT", "/api/v1/secrets/wrong", {"value": word + "x"})
            whole = f"postgres://{user}:{urllib.parse.quote(word, safe='')}@{place.split('://')[1]}"
            keep("PUT", "/api/v1/secrets/whole", {"value": whole})
            keep("PUT", "/api/v1/secrets/odd", {"value": f"nonsense {word}"})
            for name, dsn in [
                ("right", place.replace("://", f"://{user}:secret:right@")),
                ("wrong", place.replace("://", f"://{user}:secret:wrong@")),
                ("whole", "secret:whole"), ("odd", "secret:odd"),
                ("inline", f"postgres://{user}:{word}@h/d"),
            ]:
                keep("POST", "/api/v1/sources", {"id": name, "dsn": dsn})
                keep("GET", f"/api/v1/sources/{name}")
                keep("POST", f"/api/v1/sources/{name}/check")
                keep("GET", f"/api/v1/sources/{name}/streams")
                keep("POST", "/api/v1/schedules", {
                    "id": name, "source": name, "stream": "public.orders", "dataset": f"shop.{name}",
                    "trigger": "@daily", "retry": {"attempts": 1}})
            ends = ("succeeded", "failed")
            for name, state in [("right", "succeeded"), ("whole", "succeeded"), ("wrong", "failed"), ("odd", "failed")]:
                run = until(f"the run of {name}", lambda: [r for r in service.runs(name) if r["state"] in ends])[0]
                require(run["state"] == state, run)
                keep("GET", f"/api/v1/runs/{run['id']}")
            for path in ["/api/v1/secrets", "/api/v1/sources", "/api/v1/schedules", "/api/v1/runs", "/api/v1/events",
                         "/api/v1/tokens", "/metrics", "/ready", "/api/v1/openapi.json"]:
                keep("GET", path)
            shown = service.run("source", "show", "right", "--lake", service.lake)
            texts += [shown.stdout, shown.stderr]
            with open(f"/proc/{service.process.pid}/cmdline") as file:
                texts.append(file.read())
            service.stop()
            texts.append(service.words())
            needles = [word, urllib.parse.quote(word, safe=""), service.token]
            for text in texts:
                for needle in needles:
                    require(needle not in text, f"a secret in {text[:300]}")
            for folder, _, names in os.walk(service.folder):
                for name in names:
                    path = os.path.join(folder, name)
                    with open(path, "rb") as file:
                        content = file.read()
                    for needle in needles:
                        if name == "admin.token" and needle == service.token:
                            require(os.stat(path).st_mode & 0o077 == 0, "others may read the token")
                            continue
                        require(needle.encode() not in content, f"a secret in {path}")
            require(os.stat(os.path.join(service.folder, "config/tributary/key")).st_mode & 0o077 == 0, "the key")
        finally:
            database.run(f"DROP OWNED BY {user}")
            database.admin(f"DROP ROLE {user}")


def fuzz(seed):
    """Requests made of the API's own description: no answer is a failure of the server."""
    with Service("--log-level", "debug") as service:
        path = os.path.join(service.folder, "shop.db")
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE orders (id integer primary key)")
        service.call("POST", "/api/v1/sources", {"id": "shop", "dsn": f"sqlite:{path}"})
        service.call("POST", "/api/v1/schedules", {
            "id": "orders", "source": "shop", "stream": "orders", "dataset": "shop.orders", "trigger": "@daily"})
        checks = ("not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
                  "response_headers_conformance,unsupported_method,missing_required_header")
        config = os.path.join(service.folder, "schemathesis.toml")
        with open(config, "w") as file:
            # What is asked for is there, now and then.
            for kind, name in [("schedules", "orders"), ("sources", "shop"), ("datasets", "shop.orders")]:
                part = "name" if kind == "datasets" else "id"
                file.write(f'[[operations]]\ninclude-path-regex = "/api/v1/{kind}/.*"\n'
                           f'parameters = {{ {part} = "{name}" }}\n')
        done = subprocess.run(
            [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "--config-file", config, "run",
             f"{service.url}/api/v1/openapi.json", "--header", f"Authorization: Bearer {service.token}",
             "--checks", checks, "--max-examples", os.environ.get("TRIBUTARY_FUZZ_EXAMPLES", "15"),
             "--seed", str(seed), "--phases", "coverage,fuzzing,stateful", "--rate-limit", "150/s",
             "--exclude-path-regex", "/events$", "--no-color", "--request-timeout", "60"],
            capture_output=True, text=True, timeout=900, cwd=service.folder)
        require(done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:])
        require(service.process.poll() is None, "the server died")
        # Every operation was reached: something other than "who are you" or "there is no such thing" came back.
        statuses = {}
        with open(service.log) as file:
            for method, path, status in re.findall(r"method=(\S+) path=(\S+) status=(\d+)", file.read()):
                kind = re.sub(r"^(/api/v1/\w+/)[^/]+", r"\1{}", path)
                statuses.setdefault((method, kind), {}).setdefault(status, 0)
                statuses[method, kind][status] += 1
        described = service.call("GET", "/api/v1/openapi.json")["paths"]
        for path, operations in described.items():
            for method in operations:
                found = statuses.get((method.upper(), re.sub(r"\{\w+\}", "{}", path)), {})
                deep = set(found) - {"401", "403", "404"}
                require(deep or path.endswith("/events"), f"{method} {path} was not reached: {found}")


CASES = {"day": day, "kills": kills, "takeover": takeover, "outage": outage, "stop": stop, "api": api,
         "secrets": secrets, "fuzz": fuzz}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--seed", type=int, default=20261121)
    options = parser.parse_args()
    print(f"service.py {options.case} --seed {options.seed}")
    begin = time.monotonic()
    CASES[options.case](options.seed)
    print(f"held, {time.monotonic() - begin:.1f} s")


if __name__ == "__main__":
    try:
        main()
    except Violation as violation:
        print(f"VIOLATION: {violation}")
        sys.exit(1)
