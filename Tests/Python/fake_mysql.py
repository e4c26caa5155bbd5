"""What only MySQL does and MariaDB does not, played by a server of a few lines.

    fake_mysql.py

It speaks the protocol (MySQL documentation, "Client/Server Protocol") as MySQL 8.4 would: the full exchange of
`caching_sha2_password` over a connection in clear, the JSON type, an invisible primary key the server made
itself, an index of an expression, MySQL's own names of settings. TRIBUTARY_BINARY is the program. Ends
with 1 where something is not as it should be. It is no MySQL: what it does not know it refuses.
"""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

from lake_reader import open_table
from load_support import BINARY, Violation, require

PASSWORD = "correct horse"
SALT = bytes(range(33, 53))
# MySQL's numbers of types.
LONGLONG, VAR_STRING, JSON, BLOB = 8, 253, 245, 252
TABLES = {
    "docs": {
        "columns": [("id", "bigint", "bigint", "NO", None, ""), ("doc", "json", "json", "YES", None, ""),
                    ("place", "point", "point", "YES", None, "")],
        "keys": [("PRIMARY", "id"), ("by_expression", None)],
        "types": [LONGLONG, JSON, BLOB],
        "rows": [(1, b'{"a": 12345678901234567890}', b"\x01\x02"), (2, None, None)],
    },
    "keyless": {
        "columns": [("my_row_id", "bigint", "bigint unsigned", "NO", None, "auto_increment INVISIBLE"),
                    ("v", "varchar", "varchar(9)", "YES", "utf8mb4", "")],
        "keys": [("PRIMARY", "my_row_id")],
        "types": [VAR_STRING],
        "rows": [("Grüße \U0001f600".encode(),), (None,)],
    },
}


def text(value):
    return b"\xfb" if value is None else length(value if isinstance(value, bytes) else str(value).encode())


def length(value):
    return (bytes([len(value)]) if len(value) < 251 else b"\xfc" + struct.pack("<H", len(value))) + value


class Fake:
    """One connection at a time; the statements it was sent."""

    def __init__(self, key):
        self.key = key
        self.statements = []
        self.leaks = 0
        # The table whose values the server leaves out in part, which it only warns of.
        self.cut = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=Session(self, connection).run, daemon=True).start()


class Session:
    def __init__(self, fake, connection):
        self.fake = fake
        self.connection = connection
        self.stream = connection.makefile("rb")
        self.number = 0
        self.prepared = None

    def send(self, *payloads):
        for payload in payloads:
            self.connection.sendall(struct.pack("<I", len(payload))[:3] + bytes([self.number]) + payload)
            self.number = (self.number + 1) % 256

    def receive(self):
        header = self.stream.read(4)
        if len(header) < 4:
            raise ConnectionError
        self.number = (header[3] + 1) % 256
        return self.stream.read(int.from_bytes(header[:3], "little"))

    def run(self):
        try:
            self.log_in()
            while True:
                request = self.receive()
                if request[0] == 1:
                    break
                self.answer(request[0], request[1:])
        except ConnectionError:
            pass
        finally:
            self.connection.close()

    def log_in(self):
        # Long passwords, a database, protocol 4.1, transactions, plugins, attributes.
        able = 1 | 8 | 0x200 | 0x2000 | 0x8000 | 0x20000 | 0x40000 | 0x80000 | 0x100000 | 0x200000
        self.send(b"\x0a8.4.0-fake\0" + struct.pack("<I", 7) + SALT[:8] + b"\0" + struct.pack("<H", able & 0xFFFF)
                  + b"\xff" + struct.pack("<H", 2) + struct.pack("<H", able >> 16) + bytes([21]) + bytes(10)
                  + SALT[8:] + b"\0caching_sha2_password\0")
        self.receive()
        # Nothing of this user is in the cache: the whole exchange.
        self.send(b"\x01\x04")
        if self.receive() != b"\x02":
            # Whatever else a client may say now is the password itself.
            self.fake.leaks += 1
            raise ConnectionError
        public = subprocess.run(["openssl", "pkey", "-in", self.fake.key, "-pubout"], capture_output=True, check=True)
        self.send(b"\x01" + public.stdout)
        secret = subprocess.run(
            ["openssl", "pkeyutl", "-decrypt", "-inkey", self.fake.key, "-pkeyopt", "rsa_padding_mode:oaep"],
            input=self.receive(), capture_output=True, check=True).stdout
        password = bytes(byte ^ SALT[place % 20] for place, byte in enumerate(secret))
        if password == PASSWORD.encode() + b"\0":
            self.send(b"\0\0\0\x02\0\0\0")
        else:
            self.send(b"\xff" + struct.pack("<H", 1045) + b"#28000Access denied for user 'me'")

    def answer(self, command, body):
        if command in (0x0E, 0x1B):
            return self.ok()
        if command == 0x19:
            return None
        if command == 0x17:
            return self.execute()
        sql = body.decode()
        self.fake.statements.append(sql)
        if command == 0x16:
            return self.prepare(sql)
        require(command == 3, f"command {command}")
        if sql.startswith(("SET ", "START TRANSACTION", "ROLLBACK")):
            return self.ok()
        rows = self.rows(sql)
        if rows is None:
            self.send(b"\xff" + struct.pack("<H", 1064) + f"#42000the fake does not know: {sql}".encode())
            return None
        names = [f"c{n}" for n in range(len(rows[0]) if rows else 1)]
        return self.send(bytes([len(names)]), *(self.definition(name, VAR_STRING) for name in names), self.end,
                         *(b"".join(map(text, row)) for row in rows), self.end)

    end = b"\xfe\0\0\x02\0"

    def ok(self):
        self.send(b"\0\0\0\x02\0\0\0")

    @staticmethod
    def definition(name, kind, flags=0):
        return (length(b"def") + length(b"shop") + length(b"t") * 2 + length(name.encode()) * 2 + b"\x0c"
                + struct.pack("<HIBHB", 45, 1000, kind, flags, 0) + b"\0\0")

    def rows(self, sql):
        if "max_execution_time" in sql:
            return [("max_execution_time", "1000")]
        if "system_versioning_asof" in sql:
            return []
        if "binlog_snapshot" in sql:
            return None
        if "@@system_time_zone" in sql:
            return [("SYSTEM", "UTC", "STRICT_TRANS_TABLES")]
        if "@@server_id" in sql:
            return [("1", "fake", "3306", "/data")]
        if "server_uuid" in sql:
            return [("server_uuid", "6ccd780c-baba-1026-9564-5b8c656024db")]
        if "processlist" in sql:
            return [("127.0.0.1:1",)]
        if "CURRENT_USER()" in sql:
            return [("me@%", "shop", "0", "1", "utf8mb4")]
        if sql == "SHOW WARNINGS":
            return [("Warning", "1260", "Row 2 was cut by GROUP_CONCAT()")]
        if "@@timestamp" in sql:
            return [("1700000000.000001",)]
        if "information_schema.tables" in sql:
            return [("shop", name, "BASE TABLE", "InnoDB", "2", "16384", "2026-01-01 00:00:00")
                    for name in TABLES if self.wants(name, sql)]
        if "information_schema.columns" in sql:
            return [("shop", name, column, kind, declared, optional, charset, charset and charset + "_0900_ai_ci",
                     "20" if kind == "bigint" else None, "0" if kind == "bigint" else None, "", extra, "")
                    for name, table in TABLES.items() if self.wants(name, sql)
                    for column, kind, declared, optional, charset, extra in table["columns"]]
        if "information_schema.partitions" in sql:
            return [("", "", "2026-01-01 00:00:00")]
        if "information_schema.statistics" in sql:
            return [("shop", name, index, column, None) for name, table in TABLES.items() if self.wants(name, sql)
                    for index, column in table["keys"]]
        if sql.endswith("LIMIT 0"):
            return []
        if "COUNT(*)" in sql:
            return [("2",)]
        return None

    @staticmethod
    def wants(name, sql):
        return "table_name =" not in sql or name.encode().hex() in sql.lower()

    def prepare(self, sql):
        self.prepared = next(table for name, table in TABLES.items() if f"`{name}`" in sql)
        types = self.prepared["types"]
        self.send(b"\0" + struct.pack("<IHHBH", 1, len(types), 0, 0, 0),
                  *(self.definition(f"c{n}", kind) for n, kind in enumerate(types)), self.end)

    def execute(self):
        types = self.prepared["types"]
        rows = []
        for row in self.prepared["rows"]:
            nulls = bytearray((len(row) + 9) // 8)
            values = b""
            for place, value in enumerate(row):
                if value is None:
                    nulls[(place + 2) // 8] |= 1 << (place + 2) % 8
                else:
                    values += struct.pack("<q", value) if isinstance(value, int) else length(value)
            rows.append(b"\0" + bytes(nulls) + values)
        warnings = b"\xfe\x01\0\x02\0" if self.prepared is self.fake.cut else self.end
        self.send(bytes([len(types)]), *(self.definition(f"c{n}", kind) for n, kind in enumerate(types)), self.end,
                  *rows, warnings)


def tributary(*arguments, password=PASSWORD):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=240,
                          env=os.environ | {"MYSQL_PWD": password})


def main():
    folder = tempfile.mkdtemp(prefix="tributary-fake-")
    try:
        key = os.path.join(folder, "key.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-out", key], capture_output=True, check=True)
        fake = Fake(key)
        source = f"mysql://me@127.0.0.1:{fake.port}/shop"
        refused = tributary("check", "--source", source, password="wrong")
        require(refused.returncode != 0 and "refused the login" in refused.stderr, f"{refused}")
        require("wrong" not in refused.stderr + refused.stdout, "the password is shown")
        required = tributary("check", "--source", f"{source}?ssl-mode=required")
        require(required.returncode != 0 and "offers no protected" in required.stderr, f"{required}")
        checked = tributary("check", "--source", source)
        require(checked.returncode == 0 and "8.4.0-fake" in checked.stdout, f"{checked}")
        lake = os.path.join(folder, "lake")
        synced = tributary("sync", "--source", source, "--all", "--lake", lake, "--json", "--quiet")
        require(synced.returncode == 0, f"{synced.stderr} {synced.stdout}")
        require([stream["rows"] for stream in json.loads(synced.stdout)["streams"]] == [2, 2], synced.stdout)
        docs = open_table(os.path.join(lake, "warehouse", "shop", "docs")).scan().to_arrow()
        require(docs.to_pylist() == [{"id": 1, "doc": '{"a": 12345678901234567890}', "place": b"\x01\x02"},
                                     {"id": 2, "doc": None, "place": None}], f"{docs.to_pylist()}")
        keyless = open_table(os.path.join(lake, "warehouse", "shop", "keyless")).scan().to_arrow()
        require(keyless.to_pylist() == [{"v": "Grüße \U0001f600"}, {"v": None}], f"{keyless.to_pylist()}")
        fake.cut = TABLES["docs"]
        cut = tributary("sync", "--source", source, "--stream", "docs", "--lake", lake, "--quiet")
        require(cut.returncode != 0 and "did not answer in full" in cut.stderr, f"{cut}")
        require(fake.leaks == 0, "the password was sent in clear")
        statements = "\n".join(fake.statements)
        require("ST_AsBinary(`place`, 'axis-order=long-lat')" in statements, "the order of the axes is the server's")
        require("max_execution_time = 0" in statements, "a statement's time is limited")
    except Violation as violation:
        print(f"VIOLATION: {violation}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("MySQL's own ways hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
