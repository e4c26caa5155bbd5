"""Sessions that change a table of load.sql the whole time, each in its own way."""

import io
import random
import threading

COUNT = 5


class Writers:
    """Five writers and one that locks and cleans; paused and ended as a whole."""

    def __init__(self, database, table, seed, low, high, can_prepare, still):
        self.database, self.table, self.low, self.high = database, table, low, high
        self.can_prepare, self.still = can_prepare, still
        self.stopping = threading.Event()
        self.pausing = threading.Event()
        self.failures = []
        self.transactions = 0
        self.gate = threading.Condition()
        self.busy = 0
        roles = [self.short, self.short, self.nested, self.prepared, self.long, self.keeper]
        self.threads = [threading.Thread(target=self.loop, args=(role, i + 1, f"{seed}/{i}"))
                        for i, role in enumerate(roles)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopping.set()
        self.resume()
        for thread in self.threads:
            thread.join(60)
        if self.failures:
            raise self.failures[0]

    def pause(self):
        """Returns when no transaction is open."""
        self.pausing.set()
        with self.gate:
            while self.busy:
                self.gate.wait(10)

    def resume(self):
        self.pausing.clear()
        with self.gate:
            self.gate.notify_all()

    def loop(self, role, number, seed):
        chance = random.Random(seed)
        connection = self.database.connect(autocommit=number == len(self.threads))
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET load.still = {'on' if self.still else 'off'}")
            connection.commit()
            while not self.stopping.is_set():
                with self.gate:
                    while self.pausing.is_set() and not self.stopping.is_set():
                        self.gate.wait(0.05)
                    if self.stopping.is_set():
                        return
                    self.busy += 1
                try:
                    role(connection, number, chance)
                    self.transactions += 1
                finally:
                    with self.gate:
                        self.busy -= 1
                        self.gate.notify_all()
                self.stopping.wait(chance.uniform(0.002, 0.02))
        except Exception as error:
            self.failures.append(error)
        finally:
            connection.close()

    def next(self, cursor, number):
        cursor.execute("SELECT load.next(%s, %s)", (self.table, number))
        return cursor.fetchone()[0]

    def change(self, cursor, number, seq, chance, kind="change", most=12):
        cursor.execute(f"SELECT load.{kind}(%s, %s, %s, %s, %s, %s)",
                       (self.table, number, seq, self.low, self.high, chance.randint(1, most)))

    def rest(self, chance, longest):
        """Holds a transaction open, not longer than the load goes on."""
        end = chance.uniform(0, longest)
        while end > 0 and not self.stopping.is_set() and not self.pausing.is_set():
            self.stopping.wait(min(end, 0.02))
            end -= 0.02

    # Roles: each call is a transaction or a few.

    def short(self, connection, number, chance):
        with connection.cursor() as cursor:
            seq = self.next(cursor, number)
            self.change(cursor, number, seq, chance)
        connection.rollback() if chance.random() < 0.1 else connection.commit()

    def nested(self, connection, number, chance):
        with connection.cursor() as cursor:
            seq = self.next(cursor, number)
            for _ in range(chance.randint(1, 4)):
                kind = chance.choice(["keep", "undo", "nest", "fail", "copy", "lock"])
                if kind in ("nest", "fail"):
                    self.change(cursor, number, seq, chance, kind)
                    continue
                cursor.execute("SAVEPOINT inner_one")
                if kind == "copy":
                    self.copy(cursor, number, seq, chance)
                elif kind == "lock":
                    # A lock in a subtransaction, and another beside: a multixact.
                    self.lock(cursor, number, "NO KEY UPDATE")
                    self.change(cursor, number, seq, chance)
                else:
                    self.change(cursor, number, seq, chance)
                cursor.execute(("ROLLBACK TO" if kind == "undo" else "RELEASE") + " SAVEPOINT inner_one")
        connection.rollback() if chance.random() < 0.1 else connection.commit()

    def copy(self, cursor, number, seq, chance):
        cursor.execute("SELECT * FROM load.rows(%s, %s, %s)", (number, seq, chance.randint(1, 6)))
        rows = cursor.fetchall()
        text = "".join("\t".join("\\N" if f is None else str(f) for f in row) + "\n" for row in rows)
        cursor.copy_expert(f"COPY {self.table} (id, w, v, pad, big) FROM STDIN", io.StringIO(text))
        cursor.execute("INSERT INTO load.audit (w, seq, id, gone) SELECT %s, %s, unnest(%s::bigint[]), false",
                       (number, seq, [row[0] for row in rows]))

    def lock(self, cursor, number, strength):
        cursor.execute(f"SELECT FROM (SELECT id FROM {self.table} WHERE id BETWEEN %s AND %s "
                       f"AND w = %s LIMIT 20 FOR {strength} SKIP LOCKED) l", (self.low, self.high, number))

    def long(self, connection, number, chance):
        with connection.cursor() as cursor:
            seq = self.next(cursor, number)
            for _ in range(3):
                self.change(cursor, number, seq, chance, chance.choice(["change", "nest", "fail"]))
                self.rest(chance, 0.5)
        connection.rollback() if chance.random() < 0.2 else connection.commit()

    def prepared(self, connection, number, chance):
        with connection.cursor() as cursor:
            seq = self.next(cursor, number)
            self.change(cursor, number, seq, chance, chance.choice(["change", "nest"]))
            if not self.can_prepare:
                return connection.commit()
            name = f"{self.database.name}_{number}"
            cursor.execute(f"PREPARE TRANSACTION '{name}'")
            connection.commit()
            self.rest(chance, 0.6)
            connection.autocommit = True
            cursor.execute(f"{chance.choice(['COMMIT', 'COMMIT', 'COMMIT', 'ROLLBACK'])} PREPARED '{name}'")
            connection.autocommit = False

    def keeper(self, connection, number, chance):
        """Locks rows that nobody writes, and cleans up."""
        with connection.cursor() as cursor:
            kind = chance.choice(["VACUUM", "VACUUM (FREEZE)", "share", "share", "update"])
            if kind.startswith("VACUUM"):
                cursor.execute(f"{kind} {self.table}")
            else:
                cursor.execute("BEGIN")
                writer = chance.choice([0, 3]) if kind == "share" else 0
                self.lock(cursor, writer, "KEY SHARE" if kind == "share" else "UPDATE")
                self.rest(chance, 0.1)
                cursor.execute(chance.choice(["COMMIT", "ROLLBACK"]))
        self.rest(chance, 0.2)
