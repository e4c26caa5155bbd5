"""Servers of one test alone: a Postgres, where transactions of others have rows look as if they may be new,
and a MariaDB, to be killed and set as no other test has it."""

import os
import re
import shutil
import signal
import subprocess
import tempfile

import psycopg2

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Transactions whose states one file of the server holds: where one begins, none has to be there.
SEGMENT = 1 << 20


def with_admin(server, *statements):
    """Runs statements, each by itself, as who may do everything."""
    connection = psycopg2.connect(server)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()


class MariaDB:
    """A MariaDB of scripts/servers in a folder of its own, with options of its own."""

    def __init__(self, *options):
        self.folder = tempfile.mkdtemp(prefix="tributary-server-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)
        self.environment = {**os.environ, "TRIBUTARY_SERVERS": self.folder, "TRIBUTARY_SERVERS_MEMORY": "128MB",
                            "TRIBUTARY_MARIADB_OPTIONS": " ".join(options)}
        self.start()
        self.environment["TRIBUTARY_MARIADB_PORT"] = re.search(r":(\d+)/", self.url)[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.script("down")
        shutil.rmtree(self.folder, ignore_errors=True)

    def script(self, *arguments):
        subprocess.run([os.path.join(ROOT, "scripts/servers"), *arguments], check=True, env=self.environment,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        self.script("up", "mariadb")
        with open(os.path.join(self.folder, "env")) as file:
            text = file.read()
        self.url = re.search(r"TRIBUTARY_TEST_MARIADB='(.*)'", text)[1]
        self.process = int(re.search(r"TRIBUTARY_TEST_MARIADB_PID=(\d+)", text)[1])

    def kill(self):
        os.kill(self.process, signal.SIGKILL)
        while os.path.exists(f"/proc/{self.process}"):
            # Until its locks on the files are gone.
            os.sched_yield()


class Server:
    """A server of scripts/servers in a folder of its own."""

    def __init__(self, tls="off"):
        self.folder = tempfile.mkdtemp(prefix="tributary-server-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)
        self.data = os.path.join(self.folder, "postgres")
        self.environment = {**os.environ, "TRIBUTARY_SERVERS": self.folder, "TRIBUTARY_SERVERS_MEMORY": "128MB",
                            "TRIBUTARY_SERVERS_TLS": tls}
        self.script("up", "postgres")
        with open(os.path.join(self.folder, "env")) as file:
            self.url = re.search(r"TRIBUTARY_TEST_POSTGRES='(.*)'", file.read())[1]
        self.port = re.search(r":(\d+)/", self.url)[1]
        self.environment["TRIBUTARY_POSTGRES_PORT"] = self.port
        self.bin = sorted(os.listdir("/usr/lib/postgresql"), key=float)[-1]
        self.bin = f"/usr/lib/postgresql/{self.bin}/bin"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.control("stop", "-m", "immediate", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def script(self, *arguments):
        subprocess.run([os.path.join(ROOT, "scripts/servers"), *arguments], check=True, env=self.environment,
                       capture_output=True)

    def tool(self, *arguments, check=True):
        user = [] if os.getuid() else ["setpriv", "--reuid", str(os.stat(self.data).st_uid), "--clear-groups", "--"]
        done = subprocess.run([*user, *arguments], cwd="/", text=True, capture_output=True,
                              env={**os.environ, "PGPASSWORD": "tributary-test-secret"})
        if check and done.returncode:
            raise RuntimeError(f"{arguments}: {done.stderr}")
        return done.stdout

    def control(self, *arguments, check=True, data=None):
        log = os.path.join(self.folder, "postgres.log")
        # The server holds on to what it is given as its output.
        user = [] if os.getuid() else ["setpriv", "--reuid", str(os.stat(self.data).st_uid), "--clear-groups", "--"]
        subprocess.run([*user, f"{self.bin}/pg_ctl", "-D", data or self.data, "-l", log, "-w", *arguments], cwd="/",
                       check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def set(self, **settings):
        with_admin(self.url, *[f"ALTER SYSTEM SET {name} = '{value}'" for name, value in settings.items()],
                   "SELECT pg_reload_conf()")

    def jump(self, segments):
        """Goes on with the ids of much later, as if so many transactions had been."""
        with_admin(self.url, "ALTER DATABASE template0 ALLOW_CONNECTIONS true")
        self.tool(f"{self.bin}/vacuumdb", "--all", "--freeze", "-q", "-h", "127.0.0.1", "-p", self.port,
                  "-U", "postgres")
        self.control("stop", "-m", "fast")
        epoch, number = divmod(segments * SEGMENT, 1 << 32)
        self.tool(f"{self.bin}/pg_resetwal", "-x", str(number), "-e", str(epoch), self.data)
        self.control("start")
