"""A pgbouncer in transaction mode before a database: pool.py FOLDER URL SIZE.

Writes the address to FOLDER/url when it listens, and ends with it at SIGTERM.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

folder, url, size = sys.argv[1:]
# Whoever starts this may have blocked signals, which is handed on.
signal.pthread_sigmask(signal.SIG_SETMASK, [])
user, password, host, port, database = re.match(r"postgres://(.+):(.+)@(.+):(\d+)/([^?]*)", url).groups()
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    own = probe.getsockname()[1]
with open(f"{folder}/users.txt", "w") as file:
    file.write(f'"{user}" "{password}"\n')
with open(f"{folder}/pool.ini", "w") as file:
    file.write(f"""[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {size}
unix_socket_dir =
""")
program = shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin")
as_user = []
if os.getuid() == 0:
    # It refuses root.
    as_user = ["setpriv", "--reuid", "nobody", "--clear-groups", "--"]
    os.chmod(folder, 0o755)
    for name in os.listdir(folder):
        os.chown(f"{folder}/{name}", pwd.getpwnam("nobody").pw_uid, -1)
process = subprocess.Popen([*as_user, program, "-q", f"{folder}/pool.ini"])
signal.signal(signal.SIGTERM, lambda *_: process.terminate())
while process.poll() is None:
    try:
        socket.create_connection(("127.0.0.1", own), 1).close()
        break
    except OSError:
        time.sleep(0.02)
with open(f"{folder}/url.new", "w") as file:
    file.write(f"postgres://{user}:{password}@127.0.0.1:{own}/{database}?sslmode=disable")
os.rename(f"{folder}/url.new", f"{folder}/url")
sys.exit(process.wait())
