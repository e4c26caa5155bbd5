import TestSupport
import Testing

/// What a MariaDB session sees: by its own time zone and mode, and days at the ends of the calendar.
@Suite struct MariaDBSessionTests {
    @Test func `views and conditions mean what they mean to the user`() async throws {
        try await PrivateServers.withMariaDB(
            options: [
                "--default-time-zone=+09:00",
                "--sql-mode=ANSI_QUOTES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH",
            ]
        ) { server in
            try await MariaDBDatabase.withNew(on: server) { database in
                try await database.run(
                    """
                    CREATE TABLE moments (id int PRIMARY KEY, at timestamp(6) NULL, c char(5), u timestamp NULL);
                    SET time_zone = '+00:00';
                    INSERT INTO moments VALUES (1, '2023-12-31 16:30:00.123456', 'a', '2024-01-01 00:00:00'),
                        (2, '2023-12-31 12:00:00', 'b', '2024-01-02 00:00:00'), (3, NULL, NULL, NULL);
                    CREATE VIEW days AS SELECT id, at, CAST(at AS date) AS day, c FROM moments
                    """
                )
                try await Lake.withNew { lake in
                    let view = try await lake.synced(database.url, ["days"])
                    let rows = try await Lake.query(
                        view.streams[0].location,
                        "SELECT id, day::text, epoch_us(\"at\"), c FROM lake ORDER BY 1"
                    )
                    #expect(
                        rows == [
                            ["1", "2024-01-01", "1704040200123456", "a"],
                            ["2", "2023-12-31", "1704024000000000", "b"],
                            ["3", nil, nil, nil],
                        ]
                    )
                    // Quoted as this server has it, and midnight of its own zone.
                    let some = try await lake.synced(
                        database.url,
                        ["moments"],
                        ["--where", "\"at\" < '2024-01-01' AND c || 'x' = 'bx'"]
                    )
                    #expect(some.streams[0].rows == 1)
                    // The cursor is a moment, whatever zone it is written in.
                    let options = [
                        "--mode", "incremental", "--cursor", "u", "--where", "\"id\" < 9", "--into",
                        "shop.later",
                    ]
                    _ = try await lake.synced(database.url, ["moments"], options)
                    try await database.run(
                        """
                        SET time_zone = '+00:00'; INSERT INTO moments VALUES (4, NULL, NULL, '2024-01-02 00:00:01')
                        """
                    )
                    let later = try await lake.synced(database.url, ["moments"], options)
                    // Rows without a cursor are read every time, those at the highest again.
                    #expect(later.streams[0].rows == 3, "\(later)")
                }
            }
        }
    }

    /// An hour of autumn is there twice in such a zone.
    @Test func `instants are told apart where a zone has them twice`() async throws {
        try await PrivateServers.withMariaDB(options: []) { server in
            try await MariaDBDatabase.withNew(on: server) { database in
                let zones = try await ChildProcess.run(
                    "bash",
                    ["-c", "mariadb-tzinfo-to-sql /usr/share/zoneinfo/Europe/Berlin Europe/Berlin"]
                )
                try #require(zones.succeeded, "\(zones.transcript)")
                try await database.run("USE mysql; \(zones.standardOutput)")
                try await database.run(
                    """
                    CREATE TABLE a (id int PRIMARY KEY, at timestamp NULL); SET time_zone = '+00:00';
                    INSERT INTO a VALUES (1, '2023-10-29 00:30:00'), (2, '2023-10-29 01:30:00');
                    CREATE TABLE b (at timestamp NOT NULL PRIMARY KEY, n int NOT NULL);
                    INSERT INTO b VALUES ('2023-10-29 00:30:00', 1);
                    CREATE VIEW t AS SELECT id, at FROM a; CREATE VIEW k AS SELECT at, n FROM b;
                    SET GLOBAL time_zone = 'Europe/Berlin'
                    """
                )
                try await Lake.withNew { lake in
                    let report = try await lake.synced(database.url, ["t"])
                    let rows = try await Lake.query(
                        report.streams[0].location,
                        "SELECT id, epoch(\"at\")::bigint FROM lake ORDER BY 1"
                    )
                    #expect(rows == [["1", "1698539400"], ["2", "1698543000"]])

                    // As keys too: what came at the cursor's highest value is told by its key.
                    let options = [
                        "--mode", "incremental", "--cursor", "n", "--primary-key", "at",
                        "--on-conflict",
                        "append",
                    ]
                    let first = try await lake.synced(database.url, ["k"], options)
                    #expect(first.streams[0].rows == 1)
                    try await database.run(
                        "SET time_zone = '+00:00'; INSERT INTO b VALUES ('2023-10-29 01:30:00', 1)"
                    )
                    let second = try await lake.synced(database.url, ["k"], options)
                    #expect(second.streams[0].rows == 1)
                    let keys = try await Lake.query(
                        second.streams[0].location,
                        "SELECT epoch(\"at\")::bigint FROM lake ORDER BY 1"
                    )
                    #expect(keys == [["1698539400"], ["1698543000"]])
                }
            }
        }
    }

    @Test func `every day at both ends of the calendar arrives as itself`() async throws {
        let days = [0, 1, 4, 100, 1582, 9996, 9999].flatMap { year in
            zip(1...12, [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]).flatMap { month, count in
                // To MariaDB the year 0 has no leap day.
                let last = month == 2 && [4, 9996].contains(year) ? 29 : count
                return (1...last).map {
                    Self.text(year, 4) + "-" + Self.text(month, 2) + "-" + Self.text($0, 2)
                }
            }
        }
        try await MariaDBDatabase.withNew { database in
            try await database.run("CREATE TABLE t (id int PRIMARY KEY, d date, m datetime(6))")
            let rows = days.enumerated().map { "(\($0), '\($1)', '\($1) 23:59:59.999999')" }
            for first in stride(from: 0, to: rows.count, by: 1_000) {
                let some = rows[first..<min(first + 1_000, rows.count)].joined(separator: ", ")
                try await database.run("SET sql_mode = ''; INSERT INTO t VALUES \(some)")
            }
            try await Lake.withNew { lake in
                let report = try await lake.synced(database.url, ["t"])
                #expect(report.streams[0].conversions.isEmpty)
                let found = try await Lake.query(
                    report.streams[0].location,
                    "SELECT d::text, m::text FROM lake ORDER BY id"
                )
                // DuckDB calls the year before the first one BC.
                let expected = days.map { day -> [String?] in
                    guard day.hasPrefix("0000") else { return [day, day + " 23:59:59.999999"] }
                    let former = "0001" + day.dropFirst(4)
                    return [former + " (BC)", former + " (BC) 23:59:59.999999"]
                }
                #expect(found == expected)
            }
        }
    }

    private static func text(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: width - digits.count) + digits
    }
}
