"""What the service promises when things around it go wrong: service_guard.py CASE.

Cases: away, slow, strangers, documents, settings, echo, keys, words, published, standby, quiet, rows. Each begins servers of
its own and ends them.
"""

import argparse
import http.client
import json
import os
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.parse

from faults import built_shim
from service import BINARY, Answer, Service, Violation, require, until


def shop(service, rows=3):
    """A database with a few orders."""
    path = os.path.join(service.folder, "shop.db")
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders (id integer primary key, note text)")
        database.executemany("INSERT INTO orders VALUES (?, 'x')", ((i,) for i in range(rows)))
    return path


def command(arguments, folder, environment=None, succeeds=True, **options):
    """Calls the command line in a folder, with nothing of its own in the environment."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("TRIBUTARY_")}
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, cwd=folder, timeout=120,
                          env={**plain, "XDG_CONFIG_HOME": os.path.join(folder, "config"), **(environment or {})},
                          **options)
    if succeeds is not None:
        require((done.returncode == 0) == succeeds, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


# MARK: A lake that is away


def away(_):
    """A lake, or a folder of it, that is away fails no run, pauses nothing, and is never called empty."""
    with Service() as service:
        path = shop(service)
        service.call("POST", "/api/v1/sources", {"id": "shop", "dsn": f"sqlite:{path}"})
        document = {"source": "shop", "stream": "orders", "pause_after": 1, "trigger": "@every 1s",
                    "retry": {"attempts": 1, "base": "1s", "cap": "1s"}}
        for name in ["one", "two"]:
            service.call("POST", "/api/v1/schedules", {**document, "id": name, "dataset": f"shop.{name}"})
        service.call("POST", "/api/v1/schedules", {**document, "id": "daily", "dataset": "shop.daily",
                                                   "trigger": "@daily", "start": "next"})

        def succeeded(name="one"):
            return sum(r["state"] == "succeeded" for r in service.runs(name))

        def later_run(name="one"):
            before = succeeded(name)
            until(f"a run of {name}", lambda: succeeded(name) > before)

        def in_peace():
            for name in ["one", "two", "daily"]:
                view = service.call("GET", f"/api/v1/schedules/{name}")
                require(view["status"]["state"] == "active", view)
                require(not [r for r in service.runs(name) if r["state"] in ("failed", "cancelled")], service.runs(name))

        later_run()
        for folder in [".", "_schedules", "_sources"]:
            whole = os.path.normpath(os.path.join(service.lake, folder))
            gone = os.path.join(service.folder, "gone")
            os.rename(whole, gone)
            def reason():
                try:
                    service.call("GET", "/ready", token=False)
                except Answer as answer:
                    return answer.body["reason"]

            if folder == ".":
                why = until("word that the lake is away", reason)
                require("cannot be looked at" in why, why)
                require(service.status("/health", token=False) == 200, "it is said to be dead")
                answer = service.refused(503, "GET", "/api/v1/schedules")
                require("cannot be looked at" in answer.body["detail"], answer)
                # A folder in its place, as where a disk is mounted, is not the lake either.
                os.mkdir(whole)
                time.sleep(4)
                require(reason() is not None, "an empty folder is taken for the lake")
                require(os.listdir(whole) == [], f"it is made again: {os.listdir(whole)}")
                os.rmdir(whole)
            else:
                # Longer than all attempts take.
                time.sleep(4)
                if folder == "_schedules":
                    why = until("word that the schedules are away", reason)
                    require("_schedules" in why, why)
                    require(len(service.call("GET", "/api/v1/schedules")["items"]) == 3, "schedules are gone")
                    service.refused(404, "GET", "/api/v1/schedules/none")
            os.rename(gone, whole)
            until("readiness", lambda: service.status("/ready", token=False) == 200)
            later_run("one")
            later_run("two")
            in_peace()
        # A run that was asked for meanwhile, and a start of the server, wait for the lake as well.
        os.rename(service.lake, service.lake + ".gone")
        time.sleep(1.5)
        os.rename(service.lake + ".gone", service.lake)
        later_run()
        in_peace()


# MARK: A disk that hangs


def slow(_):
    """A disk that hangs for twice as long as a lease lasts costs no lease; what waits for it ends well."""
    service = Service("--runs", "8", "--runs-per-source", "8", apart=True)
    lake = os.path.join(os.path.realpath(service.folder), "lake")
    hang, steps = os.path.join(service.folder, "hang"), os.path.join(service.folder, "steps")
    plain = dict(service.environment)
    service.environment.update(
        LD_PRELOAD=built_shim(service.folder), TRIBUTARY_FAULT_ROOT=lake, TRIBUTARY_FAULT_HANG=hang,
        TRIBUTARY_FAULT_LOG=steps)

    def asked(query):
        with sqlite3.connect(f"file:{service.state}/metastore.sqlite?mode=ro", uri=True) as store:
            return store.execute(query).fetchall()

    def lease():
        [row] = asked("SELECT holder, epoch, until FROM leases")
        return row

    def running():
        return [run for run, in asked("SELECT id FROM occurrences WHERE state = 'running'")]

    def held():
        with open(steps) as file:
            return re.findall(r"^! hang (\S+) (\S+)$", file.read(), re.M)

    with service:
        require(not os.path.exists(os.path.join(lake, "_metastore")), "the node's own files are in the lake")
        path = shop(service)
        names = [f"t{number}" for number in range(6)]
        for name in names:
            service.call("POST", "/api/v1/schedules", {
                "id": name, "source": {"dsn": f"sqlite:{path}"}, "stream": "orders", "dataset": f"shop.{name}",
                "trigger": "@every 1s"})

        def succeeded(name):
            return sum(r["state"] == "succeeded" for r in service.runs(name))

        for name in names:
            until(f"a run of {name}", lambda: succeeded(name))
        # Another node, whose disk is well, takes over as soon as the lease is not renewed.
        other = service.spawn(environment=plain)
        try:
            until("the other node", lambda: len(service.addresses()) == 2)
            (holder, epoch, last), changed = lease(), time.monotonic()
            until("a run", running)
            with open(hang, "w"):
                begin = time.monotonic()
            until("a run that waits for the disk", lambda: running() and any(
                op in ("open", "write", "fsync", "link") and "warehouse" in target for op, target in held()))
            stuck = running()
            while time.monotonic() < begin + 31:
                now = lease()
                require(now[:2] == (holder, epoch), f"the lease went from {holder} to {now}")
                if now[2] != last:
                    last, changed = now[2], time.monotonic()
                require(time.monotonic() < changed + 12, "the lease is not renewed")
                asking = time.monotonic()
                try:
                    answer = service.call("GET", "/ready", token=False)
                except (Answer, OSError) as error:
                    raise Violation(f"the server is not ready: {error!r}") from None
                require(answer["leads"] and time.monotonic() < asking + 10, answer)
                time.sleep(0.25)
            require(set(stuck) <= set(running()), "runs ended while their disk hung")
            # More calls at a time than a small machine has shared threads.
            require(len(held()) >= 6, held())
            before = dict(asked(
                "SELECT schedule_id, count(*) FROM occurrences WHERE state = 'succeeded' GROUP BY schedule_id"))
            os.remove(hang)
            for run in stuck:
                ended = until("the end of a run", lambda: (lambda r: r if r["state"] not in ("pending", "running")
                                                           else None)(service.call("GET", f"/api/v1/runs/{run}")))
                require(ended["state"] == "succeeded", ended)
            for name in names:
                until(f"a later run of {name}", lambda: succeeded(name) > before[name])
            require(lease()[:2] == (holder, epoch), f"the lease went from {holder} to {lease()}")
            require(len(asked("SELECT 1 FROM holders")) == 1, "the lease had another holder")
            with open(service.log) as file:
                log = file.read()
            for words in ["could not be renewed", "cut off", "another process schedules"]:
                require(words not in log, log)
            require(service.stop() == 0, "the server did not stop well")
        finally:
            other.kill()
            other.wait()


# MARK: Strangers


def memory(pid):
    """Kilobytes a process has in memory."""
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])


def strangers(_):
    """Who has not said who he is holds nobody up, and costs nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    with Service() as service:
        address = urllib.parse.urlsplit(service.url)
        place = (address.hostname, address.port)
        service.refused(401, "GET", "/api/v1/openapi.json", token=False)
        require("paths" in service.call("GET", "/api/v1/openapi.json"), "no description")

        def health():
            begin = time.monotonic()
            connection = http.client.HTTPConnection(*place, timeout=60)
            connection.request("GET", "/health")
            status = connection.getresponse().status
            connection.close()
            return status, time.monotonic() - begin

        def answer_to(head, rest=b"", seconds=60):
            """What comes back to a request that is begun and not ended."""
            with socket.create_connection(place, timeout=seconds) as stranger:
                stranger.sendall(head + rest)
                words = b""
                while piece := stranger.recv(65536):
                    words += piece
                return words

        # The head alone tells who asks: nothing of the body is waited for.
        post = (b"POST /api/v1/schedules HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n"
                b"Content-Type: application/json\r\n")
        begin = time.monotonic()
        words = answer_to(post + b"\r\n", b"{")
        require(words.startswith(b"HTTP/1.1 401"), words[:200])
        require(time.monotonic() - begin < 20, "a stranger's body is waited for")
        words = answer_to(post.replace(b"400000", b"4000000000") +
                          f"Authorization: Bearer {service.token}\r\n\r\n".encode(), b"{")
        require(words.startswith(b"HTTP/1.1 413"), words[:200])
        chunked = (b"POST /api/v1/schedules HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                   b"10\r\n")
        require(answer_to(chunked).startswith(b"HTTP/1.1 401"), "a stranger's chunks are waited for")
        # Bodies of strangers cost no memory.
        before = memory(service.process.pid)
        crowd = []
        try:
            for _ in range(400):
                stranger = socket.create_connection(place, timeout=60)
                crowd.append(stranger)
                try:
                    stranger.sendall(post + b"\r\n" + b" " * 399_000)
                except OSError:
                    pass  # It has said no, and closed.
            grown = memory(service.process.pid) - before
            require(grown < 80_000, f"400 bodies of strangers took {grown} kB")
        finally:
            for stranger in crowd:
                stranger.close()
        # More slow senders than there are places.
        crowd = []
        try:
            for number in range(1_300):
                try:
                    stranger = socket.create_connection(place, timeout=60)
                    stranger.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
                    crowd.append(stranger)
                except OSError:
                    continue
                if number % 100 == 99:
                    status, took = health()
                    require(status == 200 and took < 10, f"health took {took:.1f} s beside {number} strangers")
            require(service.call("GET", "/api/v1/schedules")["items"] == [], "who has a token is kept out")
            # Who only begins is shown out, after a time.
            first = crowd[-1]
            begin = time.monotonic()
            first.settimeout(120)
            try:
                while first.recv(1000):
                    pass
            except OSError:
                pass
            require(time.monotonic() - begin < 60, "a head is waited for without end")
        finally:
            for stranger in crowd:
                stranger.close()
        # A body that comes too slowly, from somebody who has a token, ends too.
        begin = time.monotonic()
        answer_to(post + f"Authorization: Bearer {service.token}\r\n\r\n".encode(), b"{", seconds=180)
        require(time.monotonic() - begin < 120, "a body is waited for without end")
        require(service.process.poll() is None, service.words())


# MARK: Documents


def documents(_):
    """A document that cannot be read breaks nothing but itself, and is not read where it is too long."""
    with Service() as service:
        path = shop(service)
        service.call("POST", "/api/v1/sources", {"id": "good", "dsn": f"sqlite:{path}"})
        service.call("PUT", "/api/v1/secrets/good", {"value": "x"})
        service.call("POST", "/api/v1/schedules", {
            "id": "good", "source": "good", "stream": "orders", "dataset": "shop.good", "trigger": "@manual"})
        before = memory(service.process.pid)
        for kind in ["schedules", "sources", "secrets", "tokens"]:
            with open(os.path.join(service.lake, f"_{kind}/huge.json"), "wb") as file:
                file.truncate(3 << 30)
            items = until(f"the list of {kind}", lambda: [
                i for i in service.call("GET", f"/api/v1/{kind}")["items"]
                if i.get("id") == "huge"] and service.call("GET", f"/api/v1/{kind}")["items"])
            huge = [i for i in items if i.get("id") == "huge"][0]
            require("3221225472 bytes" in huge["problem"], huge)
            require(len(items) >= 2, items)
        service.refused(409, "GET", "/api/v1/sources/huge")
        service.refused(401, "GET", "/api/v1/schedules", token="trib.huge.00")
        grown = memory(service.process.pid) - before
        require(grown < 100_000, f"documents of 3 GB took {grown} kB")
        run = service.call("POST", "/api/v1/schedules/good/run")
        until("the run", lambda: service.call("GET", f"/api/v1/runs/{run['id']}")["state"] == "succeeded")
        os.remove(os.path.join(service.lake, "_schedules/huge.json"))
        until("the list without it", lambda: len(service.call("GET", "/api/v1/schedules")["items"]) == 1)
    unreadable()


def unreadable():
    """The same with documents that their owner may read alone, for a server that is somebody else."""
    if os.geteuid() != 0:
        return
    with Service() as service:
        # A program that everybody may start, wherever it was built.
        program = os.path.join(service.folder, "tributary")
        service.stop()
        shutil.copy(BINARY, program)
        for folder, _, names in os.walk(service.folder):
            os.chown(folder, 65534, 65534)
            for name in names:
                os.chown(os.path.join(folder, name), 65534, 65534)
        os.chmod(service.folder, 0o755)

        def spawn(*options):
            with open(service.log, "a") as log:
                return subprocess.Popen([program, "serve", "--lake", service.lake, "--port", "0"], stdout=log,
                                        stderr=log, env=service.environment, cwd=service.folder, user=65534,
                                        group=65534, extra_groups=[])

        service.spawn = spawn
        service.start()
        path = shop(service)
        service.call("POST", "/api/v1/sources", {"id": "good", "dsn": f"sqlite:{path}"})
        for name in ["good", "bad"]:
            service.call("POST", "/api/v1/schedules", {
                "id": name, "source": "good", "stream": "orders", "dataset": f"shop.{name}", "trigger": "@every 1s",
                "pause_after": 1})
        hidden = [os.path.join(service.lake, f"_{kind}/{name}.json")
                  for kind, name in [("schedules", "bad"), ("sources", "hidden"), ("tokens", "hidden")]]
        for file in hidden:
            if not os.path.exists(file):
                with open(file, "w") as out:
                    out.write("{}")
            os.chmod(file, 0)
            os.chown(file, 0, 0)
        for kind, name in [("sources", "hidden"), ("tokens", "hidden")]:
            items = service.call("GET", f"/api/v1/{kind}")["items"]
            require([i for i in items if i["id"] == name and "Permission denied" in i["problem"]], items)
            require(len(items) == 2, items)
        before = len([r for r in service.runs("good") if r["state"] == "succeeded"])
        until("later runs beside it", lambda: len(
            [r for r in service.runs("good") if r["state"] == "succeeded"]) > before + 1)
        os.chown(hidden[0], 65534, 65534)
        os.chmod(hidden[0], 0o644)
        until("the schedule", lambda: "definition" in next(
            i for i in service.call("GET", "/api/v1/schedules")["items"]
            if (i.get("definition") or i)["id"] == "bad"))
        # A folder that may not be read is a lake that is away, not one without schedules.
        folder = os.path.join(service.lake, "_schedules")
        os.chmod(folder, 0)
        os.chown(folder, 0, 0)
        time.sleep(3)
        os.chown(folder, 65534, 65534)
        os.chmod(folder, 0o755)
        before = len([r for r in service.runs("good") if r["state"] == "succeeded"])
        until("later runs", lambda: len([r for r in service.runs("good") if r["state"] == "succeeded"]) > before + 1)
        view = service.call("GET", "/api/v1/schedules/good")
        require(view["status"]["state"] == "active", view)


# MARK: Settings


def settings(_):
    """The lake is named the same way everywhere, and a folder's own settings run no commands."""
    with Service() as service:
        service.stop()
        path = shop(service)
        folder = service.folder
        there = os.path.join(folder, "there")
        sync = ["sync", "--source", f"sqlite:{path}", "--stream", "orders", "--into", "shop.orders"]
        # Whoever names a store that is not built here is told so, and no folder of that name is made.
        commands = [sync, ["dataset", "list"], ["dataset", "show", "a.b"], ["dataset", "schema", "a.b"],
                    ["dataset", "history", "a.b"], ["dataset", "cursor", "a.b"],
                    ["dataset", "rollback", "a.b", "--to", "1"], ["ledger", "list"], ["ledger", "show", "a.b"],
                    ["ledger", "cancel", "a.b"], ["ledger", "clean"], ["schedule", "list"], ["run", "list"],
                    ["source", "list"], ["secret", "list"], ["token", "list"], ["serve", "--port", "0"],
                    ["schedule", "create", "--source", f"sqlite:{path}", "--stream", "orders", "--into", "shop.x",
                     "--trigger", "@daily"]]
        for name in ["s3://bucket/x", "gs://bucket/x", "S3A://bucket/x", "az://x/y", "hdfs://h/x", "s3:bucket/x",
                     "http://h/x", "file://host/x", "file:relative", "ftp:/x", "unknown://x"]:
            done = command([*sync, "--lake", name], folder, succeeds=False)
            require("scheme" in done.stderr or "://" in done.stderr, done.stderr)
        for arguments in commands:
            for environment, options in [(None, ["--lake", "s3://key:hidden-word@bucket/x"]),
                                         ({"TRIBUTARY_LAKE": "s3://key:hidden-word@bucket/x"}, [])]:
                done = command([*arguments, *options], folder, environment, succeeds=False)
                require("s3://" in done.stderr and "hidden-word" not in done.stderr, f"{arguments}: {done.stderr}")
        command(["demo", "--folder", "s3://bucket/x"], folder, succeeds=False)
        command(["schedule", "list", "--lake", there, "--metastore", "s3://bucket/x"], folder, succeeds=False)
        names = set(os.listdir(folder)) - {"lake", "config", "log", "shop.db"}
        require(not names, f"made: {names}")
        # `file://` is a folder.
        command([*sync, "--lake", f"file://{folder}/a%20b"], folder)
        require(os.path.isdir(f"{folder}/a b/warehouse/shop/orders"), os.listdir(folder))
        shutil.rmtree(f"{folder}/a b")
        # The variable and the file count for every command.
        with_variable = {"TRIBUTARY_LAKE": there}
        command(sync, folder, with_variable)
        for arguments in [["dataset", "list"], ["dataset", "show", "shop.orders"], ["dataset", "schema", "shop.orders"],
                          ["dataset", "history", "shop.orders"], ["ledger", "list"], ["ledger", "show", "shop.orders"],
                          ["ledger", "clean"], ["schedule", "list"]]:
            command(arguments, folder, with_variable)
            with open(os.path.join(folder, "tributary.yaml"), "w") as file:
                file.write("lake: there\n")
            command(arguments, folder)
            command(arguments, folder, {"TRIBUTARY_LAKE": os.path.join(folder, "none")}, succeeds=False)
            command([*arguments, "--lake", there], folder, {"TRIBUTARY_LAKE": os.path.join(folder, "none")})
            os.remove(os.path.join(folder, "tributary.yaml"))
            command([*arguments, "--lake", os.path.join(folder, "none")], folder, with_variable, succeeds=False)
        require(not os.path.exists(os.path.join(folder, "lake/warehouse")), "the usual lake was used")
        # Words that YAML takes for nothing are no folder's name.
        for text in ["lake: null", "lake: ~", "lake:", "lake: ~/there", "lake: there\n---\nlake: here",
                     "lake: {a: b}", "lake: [[there]]"]:
            with open(os.path.join(folder, "tributary.yaml"), "w") as file:
                file.write(text + "\n")
            command(["dataset", "list"], folder, succeeds=False)
        # A folder that one enters runs nothing, reads no file and sends no token away.
        mark = os.path.join(folder, "ran")
        for text in [f"key: 'exec:touch {mark}'", f"token: 'exec:touch {mark}'", f"key: file:{path}",
                     f"token: file:{path}", "server: http://elsewhere.example:1"]:
            with open(os.path.join(folder, "tributary.yaml"), "w") as file:
                file.write(f"lake: {there}\n{text}\n")
            for arguments in [["schedule", "list"], ["secret", "put", "x"], ["dataset", "list"], ["serve", "--port", "0"]]:
                done = command(arguments, folder, succeeds=False, input="word")
                require("--config" in done.stderr, done.stderr)
            require(not os.path.exists(mark), f"{text} was run")
        # Where somebody chose the file it counts.
        key = f"key: 'exec:touch {mark}; echo {'0' * 64}'"
        os.remove(os.path.join(folder, "tributary.yaml"))
        chosen = os.path.join(folder, "chosen.yaml")
        own = os.path.join(folder, "config/tributary/tributary.yaml")
        os.makedirs(os.path.dirname(own), exist_ok=True)
        for place, options, environment in [(chosen, ["--config", chosen], None),
                                            (chosen, [], {"TRIBUTARY_CONFIG": chosen}), (own, [], None)]:
            with open(place, "w") as file:
                file.write(f"lake: {there}\n{key}\n")
            command(["secret", "put", "x", *options], folder, environment, input="word")
            require(os.path.exists(mark), f"{place} does not count")
            os.remove(mark)
            os.remove(place)


# MARK: Hostile servers


class Echo:
    """A Postgres server that asks for the password in clear, and says it to everybody."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.heard = []
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.socket.close()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            try:
                self.answer(peer)
            except (OSError, IndexError):
                pass
            peer.close()

    def answer(self, peer):
        while True:
            length = int.from_bytes(peer.recv(4), "big")
            words = peer.recv(length - 4)
            if words[:4] == (80877103).to_bytes(4, "big") or words[:4] == (80877104).to_bytes(4, "big"):
                peer.sendall(b"N")
                continue
            break
        peer.sendall(b"R" + (8).to_bytes(4, "big") + (3).to_bytes(4, "big"))
        peer.recv(1)
        length = int.from_bytes(peer.recv(4), "big")
        password = peer.recv(length - 4).rstrip(b"\0")
        self.heard.append(password)
        text = b"SFATAL\0VFATAL\0C28P01\0Mno, it is not " + password + b", \x1b[2Jis it?\0\0"
        peer.sendall(b"E" + (len(text) + 4).to_bytes(4, "big") + text)


def echo(_):
    """What a hostile server says back of a password is not shown, nor are its control characters."""
    with Service() as service, Echo() as server:
        word = "Zq9 geheim/wort"
        quoted = urllib.parse.quote(word, safe="")
        place = f"127.0.0.1:{server.port}/shop?sslmode=disable"
        passfile = os.path.join(service.folder, "passfile")
        with open(passfile, "w") as file:
            file.write(f"*:*:*:*:{word}\n")
        os.chmod(passfile, 0o600)
        ways = [(f"postgres://me:{quoted}@{place}", {}), (f"postgres://me:env:WORD@{place}", {"WORD": word}),
                ("env:WHOLE", {"WHOLE": f"postgres://me:{quoted}@{place}"}),
                (f"postgres://me@{place}", {"PGPASSWORD": word}), (f"postgres://me@{place}", {"PGPASSFILE": passfile}),
                (f"postgres://me@{place}&password={quoted}", {})]
        for source, environment in ways:
            for arguments in [["sync", "--stream", "public.t", "--lake", "l"],
                              ["sync", "--stream", "public.t", "--lake", "l", "--json"], ["check"], ["check", "--json"],
                              ["discover"], ["plan", "--stream", "public.t"]]:
                before = len(server.heard)
                done = command([*arguments, "--source", source], service.folder, environment, succeeds=False)
                require(len(server.heard) > before and server.heard[-1] == word.encode(), f"{source} did not log in")
                text = done.stdout + done.stderr
                for needle in [word, quoted, "\x1b"]:
                    require(needle not in text, f"{arguments} {source}: {text}")
                require("<secret>" in text, f"{arguments}: {text}")
        # By the service, and who may send a secret where.
        service.call("PUT", "/api/v1/secrets/free", {"value": f"postgres://me:{quoted}@{place}"})
        service.call("PUT", "/api/v1/secrets/bound", {"value": f"postgres://me:{quoted}@{place}",
                                                      "hosts": ["127.0.0.1"]})
        service.call("PUT", "/api/v1/secrets/elsewhere", {"value": f"postgres://me:{quoted}@{place}",
                                                          "hosts": ["db.example"]})
        made = service.call("POST", "/api/v1/tokens", {"id": "op", "role": "operator"})["token"]
        answer = service.refused(403, "POST", "/api/v1/sources", {"id": "free", "dsn": "secret:free"}, token=made)
        require(answer.body["field"] == "dsn" and "host" in answer.body["detail"], answer)
        service.refused(403, "POST", "/api/v1/schedules", {
            "source": {"dsn": "secret:free"}, "stream": "a.b", "dataset": "a.b", "trigger": "@manual"}, token=made)
        service.call("POST", "/api/v1/sources", {"id": "free", "dsn": "secret:free"})
        for name, status in [("bound", 424), ("elsewhere", 403)]:
            service.call("POST", "/api/v1/sources", {"id": name, "dsn": f"secret:{name}"}, token=made)
            before = len(server.heard)
            answer = service.refused(status, "POST", f"/api/v1/sources/{name}/check", token=made)
            require(word not in answer.text and quoted not in answer.text, answer.text)
            require((len(server.heard) > before) == (status == 424), "a secret went where it may not")
        # A command is shown by its name, and stored with no run.
        line = "exec:printf %s hidden-word"
        service.call("POST", "/api/v1/sources", {"id": "line", "dsn": line})
        shown = service.call("GET", "/api/v1/sources/line")
        require(shown["dsn"] == "exec:printf …", shown)
        shown["description"] = "changed"
        for field in ["created_at", "created_by"]:
            del shown[field]
        service.call("PUT", "/api/v1/sources/line", shown)
        service.call("POST", "/api/v1/schedules", {
            "id": "line", "source": {"dsn": line}, "stream": "a.b", "dataset": "a.b", "trigger": "@manual",
            "retry": {"attempts": 1}})
        run = service.call("POST", "/api/v1/schedules/line/run")
        until("its end", lambda: service.call("GET", f"/api/v1/runs/{run['id']}")["state"] == "failed")
        service.stop()
        for name in os.listdir(os.path.join(service.lake, "_metastore")):
            with open(os.path.join(service.lake, "_metastore", name), "rb") as file:
                content = file.read()
            # The list of schedules has its document, which is the lake's own; nothing of a run has the line.
            require(b"hidden-word" not in content or name.startswith("metastore.sqlite"), name)
        store = sqlite3.connect(os.path.join(service.lake, "_metastore/metastore.sqlite"))
        pools = {row[0] for table in ["occurrences", "schedules"] for row in store.execute(f"SELECT pool FROM {table}")}
        require(pools and not [p for p in pools if "hidden-word" in p or "printf" in p], pools)


# MARK: Keys


def keys(_):
    """A lake has one key, however its folder is found, and no message names a place it was never in."""
    with Service() as service:
        service.stop()
        home = os.path.join(service.folder, "home")
        config = os.path.join(service.folder, "config")
        lake = ["--lake", service.lake]

        def put(name, environment, succeeds=True, options=()):
            return command(["secret", "put", name, *lake, *options], service.folder,
                           {"XDG_CONFIG_HOME": "", "HOME": home, **environment}, succeeds, input="word")

        put("a", {})
        key = os.path.join(home, ".config/tributary/key")
        require(os.stat(key).st_mode & 0o077 == 0, "others may read the key")
        put("b", {"XDG_CONFIG_HOME": os.path.join(home, ".config")})
        # Another folder has no key for this lake, and makes none.
        done = put("c", {"XDG_CONFIG_HOME": config}, succeeds=False)
        require("--key" in done.stderr and not os.path.exists(f"{config}/tributary/key"), done.stderr)
        with open(os.path.join(service.folder, "other"), "w") as file:
            file.write("0" * 64)
        done = put("c", {}, succeeds=False, options=["--key", f"file:{service.folder}/other"])
        require("--key" in done.stderr, done.stderr)
        # A file that is named is made where it is not there; in a lake that has no secrets yet.
        other = ["--lake", os.path.join(service.folder, "second"), "--key", f"file:{service.folder}/new/key"]
        command(["secret", "put", "a", *other], service.folder, input="word")
        require(os.path.exists(os.path.join(service.folder, "new/key")), "no key was made")
        # Without a key nothing says that it was anywhere.
        source = ["source", "check", "x", *lake]
        command(["source", "create", "x", "--dsn", "postgres://me:secret:a@127.0.0.1:1/d", *lake], service.folder)
        done = command(source, service.folder, {"XDG_CONFIG_HOME": config}, succeeds=False)
        require("is not there" in done.stderr and "it was in" not in done.stderr, done.stderr)
        # Without HOME it is the user's own folder still.
        plain = {k: v for k, v in os.environ.items() if k not in ("HOME", "XDG_CONFIG_HOME")}
        done = subprocess.run([BINARY, "secret", "put", "c", *lake], capture_output=True, text=True, env=plain,
                              cwd=service.folder, input="word", timeout=120)
        require(done.returncode != 0 and "/etc/tributary" not in done.stderr, done.stderr)
        require(os.path.expanduser("~") in done.stderr, done.stderr)


# MARK: Words


def words(_):
    """A word that YAML or JSON takes for something else is refused or meant, and so is a field nobody knows."""
    with Service() as service:
        path = shop(service)
        lake = ["--lake", service.lake]
        base = "/api/v1/schedules"
        service.call("POST", "/api/v1/sources", {"id": "shop", "dsn": f"sqlite:{path}"})
        document = {"id": "a", "source": "shop", "stream": "orders", "dataset": "shop.a", "trigger": "@manual"}
        service.call("POST", base, document)
        file = os.path.join(service.folder, "defs.yaml")

        def apply(sync, other=""):
            with open(file, "w") as out:
                out.write(f"schedules:\n  - id: b\n    source: shop\n    stream: orders\n    dataset: shop.b\n"
                          f"    trigger: '@manual'\n    sync: {sync}\n{other}")
            return service.run("apply", file, *lake, succeeds=False)

        for sync, other in [("{policy: null}", ""), ("{policy: ~}", ""), ("{policy: }", ""), ("{policy: off}", ""),
                            ("{policy: no}", ""), ("{column_policies: {a: null}}", ""), ("{column_policies: null}", ""),
                            ("{column_policies: [a]}", ""), ("{allow_type_change: off}", ""),
                            ("{allow_type_change: no}", ""), ("{}", "    pause_after: 1e3\n"),
                            ("{}", "    pause_after: 0x10\n"), ("{}", "    pause_after: 010\n"),
                            ("{}", "    enabled: off\n"), ("{}", "    enabled: null\n"), ("{}", "    jitter: 1e3\n"),
                            ("{}", "    description: null\n"), ("{}", "    description: 1\n"),
                            ("{}", "---\nschedules: []\n")]:
            done = apply(sync, other)
            require(done.returncode != 0, f"{sync} {other} was taken: {done.stdout}")
            service.refused(404, "GET", f"{base}/b")
        require(apply("{policy: 'null', column_policies: {note: \"null\"}}").returncode == 0, "a word in quotes is none")
        sync = service.call("GET", f"{base}/b")["definition"]["sync"]
        require(sync["policy"] == "null" and sync["column_policies"] == {"note": "null"}, sync)
        # On the command line the word is the policy; nothing takes the default.
        service.run("schedule", "create", "--id", "c", "--source", "shop", "--stream", "orders", "--into", "shop.c",
                    "--trigger", "@manual", "--set", "sync.policy=null", *lake)
        definition = service.call("GET", f"{base}/c")["definition"]
        require(definition["sync"]["policy"] == "null", definition)
        service.run("schedule", "edit", "a", "--set", "sync.policy=null", "--set", "sync.column_policies.id=null", *lake)
        sync = service.call("GET", f"{base}/a")["definition"]["sync"]
        require(sync["policy"] == "null" and sync["column_policies"] == {"id": "null"}, sync)
        service.run("schedule", "edit", "a", "--set", "sync.policy=", *lake)
        require("policy" not in service.call("GET", f"{base}/a")["definition"]["sync"], "the default is not taken")
        for text, columns in [("[id, note]", ["id", "note"]), ('["id"]', ["id"])]:
            service.run("schedule", "edit", "a", "--set", f"sync.columns={text}", *lake)
            found = service.call("GET", f"{base}/a")["definition"]["sync"]["columns"]
            require(found == columns, f"{text} was read as {found}")
        service.run("schedule", "edit", "a", "--set", "sync.columns=", *lake)
        for text in ["description=null", "sync.where=null", "pause_after=1e3", "enabled=off", "enabled=no"]:
            done = service.run("schedule", "create", "--id", "d", "--source", "shop", "--stream", "orders", "--into",
                               "shop.d", "--trigger", "@manual", "--set", text, *lake, succeeds=False)
            require(done.returncode != 0, f"{text} was taken")
        # By the API: a whole document has no nulls, a patch takes fields away with them.
        service.refused(422, "POST", base, {**document, "id": "d", "dataset": "shop.d", "sync": {"policy": None}})
        service.refused(422, "PUT", f"{base}/a", {**document, "time_zone": None})
        service.refused(422, "POST", "/api/v1/sources", {"id": "x", "dsn": f"sqlite:{path}", "parallel": None})
        service.call("PATCH", f"{base}/a", {"description": "x", "sync": {"policy": "clamp"}})
        service.call("PATCH", f"{base}/a", {"description": None, "sync": {"policy": None}})
        definition = service.call("GET", f"{base}/a")["definition"]
        require(definition["description"] == "" and "policy" not in definition["sync"], definition)
        for body, field in [({"nope": None}, "nope"), ({"nope": 1}, "nope"), ({"sync": {"nope": None}}, "sync.nope"),
                            ({"retry": {"nope": None}}, "retry.nope"), ({"id": None}, "id"),
                            ({"created_by": None}, "created_by")]:
            answer = service.refused(422, "PATCH", f"{base}/a", body)
            require(answer.body["field"] == field, f"{body}: {answer}")
        require(service.call("PATCH", f"{base}/a", {"pause_after": 1e3})["definition"]["pause_after"] == 1_000, "1e3")
        service.call("PATCH", f"{base}/a", raw=b'{"pause_after": 2e3}')
        for method, path in [("POST", f"{base}/a/run"), ("POST", f"{base}/a/pause"), ("POST", f"{base}/a/resume"),
                             ("POST", "/api/v1/sources/shop/check"), ("DELETE", f"{base}/a"), ("POST", "/api/v1/runs/x/cancel")]:
            service.refused(422, method, path, {"nope": 1})
            service.refused(400, method, path, raw=b"nonsense")
        run = service.call("POST", f"{base}/a/run", {})
        until("its end", lambda: service.call("GET", f"/api/v1/runs/{run['id']}")["state"] == "succeeded")
        # Times that no clock shows.
        for time in ["2026-01-01T24:30:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-02-30T00:00:00Z",
                     "2026-13-01T00:00:00Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60",
                     "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-1-1T0:0:0Z"]:
            service.refused(422, "PATCH", f"{base}/a", {"start_at": time})
            service.refused(422, "POST", f"{base}/a/backfill", {"from": time, "to": "2026-02-01T00:00:00Z"})
            service.refused(400, "GET", "/api/v1/runs?since=" + urllib.parse.quote(time))
            done = service.run("schedule", "next", "@daily", "--after", time, succeeds=False)
            require(done.returncode == 64, f"{time}: {done.stdout}")
        view = service.call("PATCH", f"{base}/a", {"start_at": "2024-02-29T23:59:59.125+05:30"})
        require(view["definition"]["start_at"] == "2024-02-29T18:29:59.125Z", view)


# MARK: Runs that had published


def published(_):
    """A run that was cut off between its commit and its record is green, whatever decides over it first."""
    with Service() as service:
        path = shop(service)
        service.call("POST", "/api/v1/sources", {"id": "shop", "dsn": f"sqlite:{path}"})
        cases = ["replaced", "cancelled", "deleted", "moved"]
        runs = {}
        for name in cases:
            service.call("POST", "/api/v1/schedules", {
                "id": name, "source": "shop", "stream": "orders", "dataset": f"shop.{name}", "overlap": "cancel-other",
                "trigger": "@every 1s" if name == "replaced" else "@manual"})
            if name != "replaced":
                service.call("POST", f"/api/v1/schedules/{name}/run")
            runs[name] = until("the run", lambda: next(
                (r["id"] for r in service.runs(name) if r["state"] == "succeeded"), None))
        service.kill()
        # As the process leaves it when it dies behind the commit.
        store = sqlite3.connect(os.path.join(service.lake, "_metastore/metastore.sqlite"))
        store.execute("PRAGMA wal_checkpoint")
        # A schedule has one run at a time: the later ones of the one that replaces end first.
        store.execute("UPDATE occurrences SET state = 'cancelled', ended_at = 1 WHERE state IN ('pending', 'running') "
                      f"AND id NOT IN ({','.join('?' * len(runs))})", list(runs.values()))
        for run in runs.values():
            store.execute("UPDATE occurrences SET state = 'running', ended_at = NULL WHERE id = ?", (run,))
            store.execute("UPDATE attempts SET end = NULL, ended_at = NULL, snapshot_id = NULL WHERE occurrence_id = ?",
                          (run,))
        store.commit()
        store.close()
        os.remove(os.path.join(service.lake, "_schedules/deleted.json"))
        moved = os.path.join(service.lake, "_schedules/moved.json")
        with open(moved) as file:
            text = file.read().replace('"shop.moved"', '"shop.elsewhere"')
        with open(moved, "w") as file:
            file.write(text)
        # The next time of the one that replaces has come.
        time.sleep(1.2)
        service.start()
        try:
            service.call("POST", f"/api/v1/runs/{runs['cancelled']}/cancel")
        except Answer as answer:
            require(answer.status == 409, answer)  # It has been settled already.
        for name, run in runs.items():
            ended = until(f"the end of the {name} one", lambda: (lambda r: r if r["state"] not in ("pending", "running")
                                                                 else None)(service.call("GET", f"/api/v1/runs/{run}")))
            require(ended["state"] == "succeeded", f"{name}: {ended}")
        ids = [s["summary"]["tributary.occurrence"] for s in service.snapshots("shop.cancelled")]
        require(ids == [runs["cancelled"]], ids)


# MARK: Rows that a table has


def rows(_):
    """A schedule replaces or mixes the rows of others only when it is asked to, and says what it did."""
    with Service() as service:
        path = shop(service, 50_000)
        lake = ["--lake", service.lake]
        service.call("POST", "/api/v1/sources", {"id": "shop", "dsn": f"sqlite:{path}"})
        incremental = {"mode": "incremental", "cursor": "id", "primary_key": ["id"]}
        base = {"source": "shop", "stream": "orders", "trigger": "@manual", "retry": {"attempts": 3, "base": "1s"}}
        for name, sync in [("own", incremental), ("old", incremental), ("full", {}),
                           ("equal", {**incremental, "require_equal": True})]:
            service.call("POST", "/api/v1/schedules", {**base, "id": name, "dataset": f"shop.{name}", "sync": sync})
        # A table of the same name that another stream filled.
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE others (id integer primary key, note text)")
            database.execute("INSERT INTO others VALUES (-1, 'kept')")
        for table in ["old", "full"]:
            command(["sync", "--source", f"sqlite:{path}", "--stream", "others", "--into", f"shop.{table}", *lake],
                    service.folder)

        def run(name, body=None, state="succeeded"):
            begun = service.call("POST", f"/api/v1/schedules/{name}/run", body)
            ended = until("its end", lambda: (lambda r: r if r["state"] not in ("pending", "running") else None)(
                service.call("GET", f"/api/v1/runs/{begun['id']}")))
            require(ended["state"] == state, ended)
            return ended

        def table_rows(name):
            return service.call("GET", f"/api/v1/datasets/shop.{name}")["snapshot"]["rows"]

        run("own")
        ended = run("own")
        require(ended["difference"] == 0 and ended["replaced_rows"] == 1 and "as many rows" in ended["comparison"], ended)
        # A row that is gone at the source stays, and the run says so.
        with sqlite3.connect(path) as database:
            database.execute("DELETE FROM orders WHERE id = 7")
            database.execute("UPDATE orders SET id = 60000 WHERE id = 8")
        ended = run("own")
        require(ended["difference"] == 2 and any("2 more rows" in w for w in ended["warnings"]), ended)
        metrics = service.call("GET", "/metrics")
        for line in ['tributary_tables_compared_total{outcome="equal"} 2',
                     'tributary_tables_compared_total{outcome="different"} 1', "tributary_replaced_rows_total 2"]:
            require(line in metrics, f"{line} is not in {metrics}")
        run("equal")
        with sqlite3.connect(path) as database:
            database.execute("DELETE FROM orders WHERE id = 9")
            database.execute("INSERT INTO orders VALUES (60001, 'x')")
        ended = run("equal", state="failed")
        require(ended["failure_class"] != "internal" and table_rows("equal") == 49_999, ended)
        for name in ["old", "full"]:
            ended = run(name, state="failed")
            require("`rows: restart`" in ended["message"] and table_rows(name) == 1, ended)
            require(ended["attempts"] == 1, f"tried again: {ended}")
        service.refused(422, "POST", "/api/v1/schedules/full/run", {"rows_rule": "adopt"})
        service.refused(422, "POST", "/api/v1/schedules/full/run", {"rows_rule": "replace"})
        service.refused(422, "POST", "/api/v1/schedules/full/run", {"rows": "adopt"})
        ended = run("old", {"rows_rule": "adopt"})
        require(ended["rows_rule"] == "adopt" and table_rows("old") == 50_000, ended)
        require(ended["difference"] == 1, ended)
        # A run by hand says what becomes of the rows, one thing at a time; the result says how many gave way.
        done = command(["schedule", "run", "full", "--restart", "--adopt", *lake], service.folder, succeeds=False)
        require("leave one out" in done.stderr, done.stderr)
        done = command(["schedule", "run", "full", "--restart", "--wait", *lake], service.folder)
        require("restart" in done.stdout and re.search(r"replaced rows +1\n", done.stdout), done.stdout)
        require(table_rows("full") == 49_999, table_rows("full"))


# MARK: Two nodes


def standby(_):
    """A node that waits for the lease is ready, and says who leads; the log has a line of each run's ends."""
    with Service() as service:
        path = shop(service)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        second = service.spawn("--port", str(port))
        try:
            url = f"http://127.0.0.1:{port}"
            first = service.url

            def ready():
                service.url = url
                try:
                    return service.call("GET", "/ready", token=False)
                except (Answer, OSError):
                    return None
                finally:
                    service.url = first

            answer = until("readiness of the second", ready)
            require(answer["status"] == "ready" and not answer["leads"], answer)
            require(str(service.process.pid) in answer["leader"], answer)
            leading = service.call("GET", "/ready", token=False)
            require(leading["leads"] and str(service.process.pid) in leading["leader"], leading)
            service.url = url
            require(service.call("GET", "/api/v1/schedules")["items"] == [], "it does not answer")
            metrics = service.call("GET", "/metrics")
            require("tributary_ready 1" in metrics and "tributary_leads 0" in metrics, metrics[:500])
            # A lake that is away is nobody's to take over.
            os.rename(service.lake, service.lake + ".gone")
            until("word of the lake", lambda: ready() is None)
            os.rename(service.lake + ".gone", service.lake)
            until("readiness again", ready)
            service.kill()
            service.process = second
            service.url = url
            until("the second one leads", lambda: service.call("GET", "/ready")["leads"])
            service.call("POST", "/api/v1/schedules", {
                "id": "good", "source": {"dsn": f"sqlite:{path}"}, "stream": "orders", "dataset": "shop.good",
                "trigger": "@manual"})
            service.call("POST", "/api/v1/schedules", {
                "id": "bad", "source": {"dsn": f"sqlite:{path}"}, "stream": "none\u001b[2J", "dataset": "shop.bad",
                "trigger": "@manual"})
            for name, state in [("good", "succeeded"), ("bad", "failed")]:
                run = service.call("POST", f"/api/v1/schedules/{name}/run")["id"]
                until("its end", lambda: service.call("GET", f"/api/v1/runs/{run}")["state"] == state)
                with open(service.log) as file:
                    text = file.read()
                lines = [line for line in text.splitlines() if f"run={run}" in line]
                require(len(lines) == 2 and "a run begins" in lines[0], lines)
                require("seconds=" in lines[1] and "dataset=shop." + name in lines[1], lines)
                require(("rows=3" if state == "succeeded" else "why=") in lines[1], lines)
            require("\x1b" not in text, "a control character in the log")
        finally:
            if service.process is not second:
                second.kill()
                second.wait()


def quiet(_):
    """A server that reads Postgres all the time has nothing else in its log than its runs."""
    from service import Postgres
    with Postgres() as database, Service() as service:
        database.run("CREATE TABLE orders (id int PRIMARY KEY)")
        service.call("POST", "/api/v1/schedules", {
            "id": "a", "source": {"dsn": "exec:printf %s '" + database.url + "'"}, "stream": "public.orders",
            "dataset": "shop.a", "trigger": "@manual"})
        run = service.call("POST", "/api/v1/schedules/a/run")["id"]
        until("its end", lambda: service.call("GET", f"/api/v1/runs/{run}")["state"] == "succeeded")
        with open(service.log) as file:
            lines = [line for line in file.read().splitlines() if line]
        strange = [line for line in lines if not re.match(r"\d{4}-\d\d-\d\dT\S+ (info|notice) |listening at|the admin", line)]
        require(not strange, strange)


CASES = {"away": away, "slow": slow, "strangers": strangers, "documents": documents, "settings": settings,
         "echo": echo, "keys": keys, "words": words, "published": published, "standby": standby, "quiet": quiet,
         "rows": rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=CASES)
    options = parser.parse_args()
    begin = time.monotonic()
    CASES[options.case](options)
    print(f"held, {time.monotonic() - begin:.1f} s")


if __name__ == "__main__":
    import sys
    try:
        main()
    except Violation as violation:
        print(f"VIOLATION: {violation}")
        sys.exit(1)
