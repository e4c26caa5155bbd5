import GRDB

/// The versions of the metastore's schema; what has been released is never changed, only added to.
enum Migrations {
    static var all: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 schedules and what became of them") { database in
            try database.execute(
                sql: """
                    CREATE TABLE facts (
                        name TEXT PRIMARY KEY,
                        value INTEGER NOT NULL
                    ) WITHOUT ROWID;

                    CREATE TABLE schedules (
                        id TEXT PRIMARY KEY,
                        tag TEXT NOT NULL,
                        generation INTEGER NOT NULL,
                        problem TEXT,
                        trigger_text TEXT,
                        time_zone TEXT,
                        dst TEXT,
                        target TEXT,
                        pool TEXT,
                        overlap TEXT,
                        catch_up_max INTEGER,
                        catch_up_window INTEGER,
                        jitter INTEGER,
                        retry_attempts INTEGER,
                        retry_base INTEGER,
                        retry_cap INTEGER,
                        timeout INTEGER,
                        start_at INTEGER,
                        end_at INTEGER,
                        pause_after INTEGER,
                        enabled INTEGER,
                        due_when_created INTEGER,
                        created_at INTEGER,
                        cursor INTEGER,
                        failures INTEGER NOT NULL DEFAULT 0,
                        pause_reason TEXT
                    ) WITHOUT ROWID;
                    CREATE INDEX schedules_target ON schedules (target);

                    CREATE TABLE occurrences (
                        seq INTEGER PRIMARY KEY,
                        id TEXT NOT NULL UNIQUE,
                        schedule_id TEXT NOT NULL,
                        origin TEXT NOT NULL,
                        scheduled_for INTEGER NOT NULL,
                        era INTEGER NOT NULL,
                        asked_at INTEGER NOT NULL,
                        due_at INTEGER NOT NULL,
                        claimed_at INTEGER NOT NULL,
                        target TEXT NOT NULL,
                        pool TEXT NOT NULL,
                        state TEXT NOT NULL,
                        reason TEXT,
                        count INTEGER NOT NULL DEFAULT 1,
                        through INTEGER,
                        attempt INTEGER NOT NULL DEFAULT 0,
                        started_at INTEGER,
                        retry_at INTEGER,
                        ended_at INTEGER,
                        UNIQUE (schedule_id, origin, scheduled_for, era, asked_at)
                    );
                    CREATE INDEX occurrences_unfinished ON occurrences (seq)
                        WHERE state IN ('pending', 'running');
                    CREATE INDEX occurrences_ended ON occurrences (ended_at);
                    CREATE INDEX occurrences_schedule ON occurrences (schedule_id, seq);
                    CREATE UNIQUE INDEX occurrences_single_flight ON occurrences (schedule_id)
                        WHERE state = 'running';

                    CREATE TABLE attempts (
                        occurrence_id TEXT NOT NULL,
                        attempt INTEGER NOT NULL,
                        epoch INTEGER NOT NULL,
                        started_at INTEGER NOT NULL,
                        ended_at INTEGER,
                        end TEXT,
                        failure_class TEXT,
                        message TEXT,
                        row_count INTEGER NOT NULL DEFAULT 0,
                        bytes_read INTEGER NOT NULL DEFAULT 0,
                        bytes_written INTEGER NOT NULL DEFAULT 0,
                        snapshot_id INTEGER,
                        warnings TEXT,
                        PRIMARY KEY (occurrence_id, attempt)
                    ) WITHOUT ROWID;

                    CREATE TABLE events (
                        seq INTEGER PRIMARY KEY,
                        at INTEGER NOT NULL,
                        kind TEXT NOT NULL,
                        subject TEXT NOT NULL,
                        actor TEXT NOT NULL,
                        message TEXT NOT NULL
                    );
                    CREATE INDEX events_at ON events (at);

                    CREATE TABLE leases (
                        name TEXT PRIMARY KEY,
                        holder TEXT NOT NULL,
                        epoch INTEGER NOT NULL,
                        boot TEXT NOT NULL,
                        until INTEGER NOT NULL
                    ) WITHOUT ROWID;

                    CREATE TABLE holders (
                        name TEXT NOT NULL,
                        epoch INTEGER NOT NULL,
                        holder TEXT NOT NULL,
                        PRIMARY KEY (name, epoch)
                    ) WITHOUT ROWID;

                    CREATE TABLE idempotency (
                        key TEXT PRIMARY KEY,
                        request TEXT NOT NULL,
                        status INTEGER NOT NULL,
                        body TEXT NOT NULL,
                        at INTEGER NOT NULL
                    ) WITHOUT ROWID;
                    """
            )
        }
        migrator.registerMigration("2 lists come from the index") { database in
            try database.execute(
                sql: """
                    CREATE TABLE documents (
                        id TEXT PRIMARY KEY,
                        document TEXT NOT NULL
                    ) WITHOUT ROWID;
                    CREATE TABLE datasets (name TEXT PRIMARY KEY) WITHOUT ROWID;

                    CREATE INDEX occurrences_state ON occurrences (state, seq);
                    CREATE INDEX occurrences_target ON occurrences (target, seq);
                    CREATE INDEX occurrences_ran ON occurrences (schedule_id, seq)
                        WHERE state NOT IN ('skipped', 'missed');
                    CREATE INDEX occurrences_asked ON occurrences (origin, seq)
                        WHERE origin <> 'schedule';

                    -- Each document is read again: for its text, and for a pool that tells no command.
                    UPDATE schedules SET tag = '';
                    UPDATE occurrences SET pool = 'unknown' WHERE pool LIKE '%exec:%';
                    """
            )
        }
        migrator.registerMigration("3 what becomes of rows is asked for, and told") { database in
            try database.execute(
                sql: """
                    ALTER TABLE occurrences ADD COLUMN rows_rule TEXT;
                    ALTER TABLE attempts ADD COLUMN replaced_count INTEGER NOT NULL DEFAULT 0;
                    ALTER TABLE attempts ADD COLUMN comparison TEXT;
                    ALTER TABLE attempts ADD COLUMN difference INTEGER;
                    """
            )
        }
        migrator.registerMigration("4 every span is in milliseconds") { database in
            try database.execute(
                sql: "UPDATE schedules SET catch_up_window = catch_up_window * 1000"
            )
        }
        return migrator
    }
}
