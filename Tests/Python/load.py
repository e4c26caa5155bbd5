"""Attacks what a sync promises of a source that is written while it is read.

    load.py resume --seed S --cases N [--replay CASE]    killed attempts under writers
    load.py targeted [NAME...]                           one change at a time, and what has to stay
    load.py incremental --seed S --cases N [--replay CASE]
    load.py later [NAME...]                              one change between two incremental runs
    load.py sqlite [NAME...]                             the same of SQLite files
    load.py mariadb [NAME...]                            the same of a MariaDB table
    load.py server [NAME...]                             ids that go round, a crash, a promotion

Each starts servers of its own, but for MariaDB's: transactions of others would have rows look as if they
may be new.
TRIBUTARY_BINARY is the program. Ends with 1 and the stories of the cases that went wrong; the same seed
and case do the same again, but for the server's timing.
"""

import argparse
import sys
import time
import traceback

import load_server
import load_support
from load_support import Database, Violation, execute
from private_server import Server


def resume(arguments):
    import load_resume
    figures = load_resume.Figures()
    with Database() as database:
        connection = database.connect()
        can_prepare = int(execute(connection, "SHOW max_prepared_transactions")[0][0]) >= 2
        if not can_prepare:
            print("max_prepared_transactions is 0: nothing is prepared", file=sys.stderr)
        failures = each_case(arguments, lambda seed: load_resume.run_case(
            database, connection, seed, can_prepare, figures, arguments.forge))
        connection.close()
    print(figures)
    if arguments.forge:
        print(f"{failures} cases saw that the proof was forged")
        return 0 if failures else 1
    if not arguments.replay and figures.resumes > 20 and figures.keeping * 3 < figures.resumes:
        print("less than a third of the resumes kept anything: this load proves little")
        failures += 1
    return failures


def incremental(arguments):
    import load_incremental
    figures = load_incremental.Figures()
    with Database() as database:
        failures = each_case(arguments, lambda seed: load_incremental.run_case(database, seed, figures))
    print(figures)
    return failures


def targeted(arguments):
    import load_targeted
    return load_targeted.run(arguments.names)


def later(arguments):
    import load_later
    return load_later.run(arguments.names)


def sqlite(arguments):
    import load_sqlite
    return load_sqlite.run(arguments.names)


def mariadb(arguments):
    import load_mariadb
    return load_mariadb.run(arguments.names)


def server(arguments):
    return load_server.run(arguments.names)


def each_case(arguments, run_case):
    started = time.monotonic()
    failures = 0
    cases = [arguments.replay] if arguments.replay else [
        f"{arguments.seed}/{number}" for number in range(arguments.cases)]
    for seed in cases:
        try:
            story = run_case(seed)
            if arguments.replay or arguments.verbose:
                print(f"{seed}: {'; '.join(story)}", flush=True)
        except Exception as error:
            failures += 1
            print(f"case {seed}: {error}", flush=True)
            if not isinstance(error, Violation):
                traceback.print_exc()
    seconds = time.monotonic() - started
    print(f"{len(cases)} cases in {seconds:.0f} s, {len(cases) * 60 / seconds:.0f} a minute; {failures} failed")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for command, count in ((resume, 100), (incremental, 40)):
        one = commands.add_parser(command.__name__)
        one.add_argument("--seed", default="1")
        one.add_argument("--cases", type=int, default=count)
        one.add_argument("--replay")
        one.add_argument("--verbose", action="store_true")
        if command is resume:
            one.add_argument("--forge", action="store_true", help="forge the proof: cases have to fail")
        one.set_defaults(run=command)
    for command in (targeted, later, sqlite, mariadb, server):
        one = commands.add_parser(command.__name__)
        one.add_argument("names", nargs="*")
        one.set_defaults(run=command)
    arguments = parser.parse_args()
    if arguments.command in ("sqlite", "mariadb", "server"):
        sys.exit(1 if arguments.run(arguments) else 0)
    with Server() as started:
        load_support.SERVER = started.url
        sys.exit(1 if arguments.run(arguments) else 0)


if __name__ == "__main__":
    main()
