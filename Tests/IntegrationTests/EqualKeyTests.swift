import TestSupport
import Testing

/// Rows that take the place of rows with an equal key, as the source sees equality, drawn at random.
@Suite struct EqualKeyTests {
    /// Parts of keys that some collation takes for the same, or for nothing at all.
    private static let parts = [
        "a", "A", "ä", "Ä", "a\u{308}", "ß", "ss", "SS", "e", "é", "i", "I", "ı", "İ", "ﬁ", "fi",
        "ア", "ｱ",
        "か", "が", "𝒜", "0", "-", " ", "\u{A0}", "\u{AD}",
    ]

    /// Replaces rows at random in six rounds, each followed by a merge, and compares all rows in the end.
    private func check(
        _ equality: String,
        source: String,
        stream: String,
        hex: String,
        replace: (_ key: String, _ value: Int, _ round: Int) -> String,
        run: (String) async throws -> String
    ) async throws {
        var generator = SplitMix64(seed: equality.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
        try await Lake.withNew { lake in
            var value = 0
            var location = ""
            for round in 1...6 {
                var sql = ""
                for _ in 0..<20 {
                    let length = Int.random(in: 1...3, using: &generator)
                    let key = (0..<length).map { _ in
                        Self.parts[Int.random(in: 0..<Self.parts.count, using: &generator)]
                    }.joined()
                    value += 1
                    sql += replace(key, value, round)
                }
                _ = try await run(sql)
                let report = try await lake.synced(
                    source,
                    [stream],
                    ["--mode", "incremental", "--cursor", "u"]
                )
                let merged = report.streams[0]
                location = merged.location
                #expect(merged.comparison?.sourceRows == merged.comparison?.tableRows)
            }
            let wanted = try await run("SELECT v, \(hex) FROM t ORDER BY v").split(separator: "\n")
            let rows = try await Lake.query(
                location,
                "SELECT v, upper(hex(encode(id))) FROM lake ORDER BY v"
            )
            #expect(
                rows.map { $0.map { $0 ?? "" } }
                    == wanted.map {
                        $0.split(whereSeparator: { $0 == "\t" || $0 == "|" }).map(String.init)
                    }
            )
        }
    }

    @Test(arguments: [
        "utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_unicode_520_nopad_ci",
        "uca1400_ai_ci", "uca1400_german2_as_ci", "uca1400_as_cs", "uca1400_nopad_ai_cs",
        "utf8mb4_thai_520_w2", "utf8mb4_bin", "utf8mb4_nopad_bin",
    ])
    func `MariaDB's collations`(collation: String) async throws {
        try await MariaDBDatabase.withNew { database in
            try await database.run(
                "CREATE TABLE t (id varchar(30) COLLATE \(collation) PRIMARY KEY, v int, u int) CHARSET utf8mb4"
            )
            try await check(
                collation,
                source: database.url,
                stream: "t",
                hex: "hex(id)",
                replace: { "REPLACE INTO t VALUES ('\($0)', \($1), \($2));" },
                run: { try await database.run("SET NAMES utf8mb4; " + $0) }
            )
        }
    }

    @Test(arguments: ["citext", #"text COLLATE "C""#, "text"])
    func `texts of Postgres`(type: String) async throws {
        try await PostgresDatabase.withNew { database in
            try await database.run(
                "CREATE EXTENSION citext; CREATE TABLE t (id \(type) PRIMARY KEY, v int, u int)"
            )
            try await check(
                type,
                source: database.url,
                stream: "public.t",
                hex: "upper(encode(convert_to(id, 'UTF8'), 'hex'))",
                replace: {
                    "DELETE FROM t WHERE id = '\($0)'; INSERT INTO t VALUES ('\($0)', \($1), \($2));"
                },
                run: { try await database.run($0) }
            )
        }
    }

    @Test(arguments: ["BINARY", "NOCASE", "RTRIM"])
    func `SQLite's collations`(collation: String) async throws {
        try await withScratchDirectory { folder in
            let path = folder + "/source.db"
            func run(_ sql: String) async throws -> String {
                let result = try await Lake.python("sqlite_run.py", [path, sql])
                try #require(result.succeeded, "\(result.transcript)")
                return result.standardOutput
            }
            _ = try await run(
                "CREATE TABLE t (id text COLLATE \(collation) PRIMARY KEY, v integer, u integer)"
            )
            try await check(
                collation,
                source: "sqlite:" + path,
                stream: "t",
                hex: "hex(id)",
                replace: { "REPLACE INTO t VALUES ('\($0)', \($1), \($2));" },
                run: run
            )
        }
    }
}
