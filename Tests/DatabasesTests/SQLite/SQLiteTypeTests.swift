import Columnar
import Databases
import GRDB
import Streams
import Testing

/// One column: its declaration, its values as SQL, and what becomes of them.
struct SQLiteTypeCase: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var declaration: String
    var values: [String]
    var type: DataType
    var texts: [String?]

    init(
        _ name: String,
        _ declaration: String,
        _ values: [String],
        _ type: DataType,
        _ texts: [String?]
    ) {
        testDescription = name
        self.declaration = declaration
        self.values = values
        self.type = type
        self.texts = texts
    }
}

@Suite struct SQLiteTypeTests {
    @Test(arguments: Self.observed + Self.declared + Self.times)
    func `values decide the type and arrive unchanged`(_ test: SQLiteTypeCase) async throws {
        let inserts = test.values.map { "INSERT INTO t VALUES (\($0))" }
        try await SQLiteScratch.run(["CREATE TABLE t (c \(test.declaration))"] + inserts) {
            let read = try await $0.source.contents("t")
            #expect(read.types == [test.type])
            #expect(read.column(0) == test.texts)
            #expect(read.count == .exactly(Int64(test.values.count)))
            #expect(read.progress.conversions.isEmpty)
        }
    }

    static let observed = [
        SQLiteTypeCase(
            "integers",
            "",
            ["1", "NULL", "-9223372036854775808", "9223372036854775807"],
            .long,
            ["1", nil, "-9223372036854775808", "9223372036854775807"]
        ),
        SQLiteTypeCase(
            "reals",
            "REAL",
            ["1.5", "1", "-0.0", "9e999", "1e-300"],
            .double,
            ["1.5", "1.0", "0.0", "inf", "1e-300"]
        ),
        SQLiteTypeCase(
            "reals and small integers",
            "",
            ["0.5", "9007199254740992", "-9007199254740992"],
            .double,
            ["0.5", "9007199254740992.0", "-9007199254740992.0"]
        ),
        SQLiteTypeCase(
            "reals and a large integer",
            "",
            ["0.1", "9007199254740993", "-9e999"],
            .string,
            ["0.1", "9007199254740993", "-Inf"]
        ),
        SQLiteTypeCase(
            "texts",
            "",
            ["''", "'Grüße 🎁'", "CAST(x'610062' AS TEXT)", "NULL"],
            .string,
            ["", "Grüße 🎁", "a\u{0}b", nil]
        ),
        SQLiteTypeCase("blobs", "TEXT", ["x''", "x'00ff10'"], .binary, ["", "00ff10"]),
        SQLiteTypeCase(
            "all kinds",
            "",
            ["1", "2.5", "'x'", "x'0aff'", "NULL"],
            .string,
            ["1", "2.5", "x", "x'0aff'", nil]
        ),
        SQLiteTypeCase(
            "text in an integer column",
            "INTEGER",
            ["1", "'two'"],
            .string,
            ["1", "two"]
        ),
        SQLiteTypeCase("only nulls, untyped", "", ["NULL"], .string, [nil]),
        SQLiteTypeCase("only nulls, integer", "BIGINT", ["NULL"], .long, [nil]),
        SQLiteTypeCase("only nulls, text", "VARCHAR(10)", ["NULL"], .string, [nil]),
        SQLiteTypeCase("only nulls, blob", "BLOB", ["NULL"], .binary, [nil]),
        SQLiteTypeCase("only nulls, real", "FLOAT", ["NULL"], .double, [nil]),
        SQLiteTypeCase("only nulls, numeric", "NUMERIC", ["NULL"], .double, [nil]),
        SQLiteTypeCase(
            "only nulls, decimal",
            "DECIMAL(12,3)",
            ["NULL"],
            .decimal(precision: 12, scale: 3),
            [nil]
        ),
        SQLiteTypeCase("no rows, date", "DATE", [], .date, []),
        SQLiteTypeCase("no rows, boolean", "BOOLEAN", [], .boolean, []),
        SQLiteTypeCase("no rows, uuid", "UUID", [], .uuid, []),
    ]

    static let declared = [
        SQLiteTypeCase(
            "booleans",
            "BOOLEAN",
            ["0", "TRUE", "NULL"],
            .boolean,
            ["false", "true", nil]
        ),
        SQLiteTypeCase("a boolean of 2", "BOOLEAN", ["0", "2"], .long, ["0", "2"]),
        SQLiteTypeCase("a boolean of text", "BOOLEAN", ["0", "'yes'"], .string, ["0", "yes"]),
        SQLiteTypeCase(
            "decimals",
            "DECIMAL(10,2)",
            ["19.99", "5", "-0.01", "99999999.99"],
            .decimal(precision: 10, scale: 2),
            ["1999", "500", "-1", "9999999999"]
        ),
        SQLiteTypeCase(
            "small decimals",
            "NUMERIC(4,1)",
            ["1.5", "999.9"],
            .decimal(precision: 4, scale: 1),
            ["15", "9999"]
        ),
        SQLiteTypeCase(
            "wide decimals",
            "DECIMAL(30,2)",
            ["9007199254740993", "1.25"],
            .decimal(precision: 30, scale: 2),
            ["900719925474099300", "125"]
        ),
        SQLiteTypeCase(
            "a decimal with too many places",
            "DECIMAL(10,2)",
            ["1.5", "1.005"],
            .double,
            ["1.5", "1.005"]
        ),
        SQLiteTypeCase(
            "a decimal with too many digits",
            "DECIMAL(4,2)",
            ["1.5", "100"],
            .double,
            ["1.5", "100.0"]
        ),
        SQLiteTypeCase(
            "a decimal of text",
            "DECIMAL(4,2)",
            ["1.5", "'n/a'"],
            .string,
            ["1.5", "n/a"]
        ),
        SQLiteTypeCase("a decimal of nothing", "DECIMAL(0,0)", ["1.5"], .double, ["1.5"]),
        SQLiteTypeCase(
            "uuids",
            "UUID",
            ["'00112233-4455-6677-8899-aabbccddeeff'"],
            .uuid,
            ["00112233445566778899aabbccddeeff"]
        ),
        SQLiteTypeCase(
            "an upper-case uuid",
            "UUID",
            ["'00112233-4455-6677-8899-AABBCCDDEEFF'"],
            .string,
            ["00112233-4455-6677-8899-AABBCCDDEEFF"]
        ),
        SQLiteTypeCase("json", "JSON", ["'{\"a\":1}'", "5"], .string, ["{\"a\":1}", "5"]),
    ]

    static let times = [
        SQLiteTypeCase(
            "dates",
            "DATE",
            ["'1970-01-02'", "'0001-01-01'"],
            .date,
            ["1", "-719162"]
        ),
        SQLiteTypeCase("a date that is none", "DATE", ["'2023-02-29'"], .string, ["2023-02-29"]),
        SQLiteTypeCase(
            "a leap day",
            "DATE",
            ["'2024-02-29'", "'2000-02-29'"],
            .date,
            ["19782", "11016"]
        ),
        SQLiteTypeCase(
            "times",
            "DATETIME",
            ["'1970-01-01 00:00:01.5'", "'1970-01-01T00:01'", "'1969-12-31 23:59:59.999999'"],
            .timestamp,
            ["1500000", "60000000", "-1"]
        ),
        SQLiteTypeCase(
            "times with a zone",
            "TIMESTAMP",
            ["'1970-01-01T00:00:00Z'", "'1970-01-01 01:00:00+01:00'", "'1970-01-01 00:00-00:30'"],
            .timestamptz,
            ["0", "0", "1800000000"]
        ),
        SQLiteTypeCase(
            "times with a zone and without",
            "TIMESTAMP",
            ["'1970-01-01T00:00:00Z'", "'1970-01-01 01:00:00'"],
            .string,
            ["1970-01-01T00:00:00Z", "1970-01-01 01:00:00"]
        ),
        SQLiteTypeCase(
            "dates and times",
            "DATETIME",
            ["'1970-01-01'", "'1970-01-01 01:00:00'"],
            .string,
            ["1970-01-01", "1970-01-01 01:00:00"]
        ),
        SQLiteTypeCase(
            "a time with nanoseconds",
            "DATETIME",
            ["'1970-01-01 00:00:00.000000001'"],
            .string,
            ["1970-01-01 00:00:00.000000001"]
        ),
        SQLiteTypeCase(
            "the end of a day",
            "DATETIME",
            ["'1970-01-01 24:00:00'"],
            .string,
            ["1970-01-01 24:00:00"]
        ),
        SQLiteTypeCase(
            "unix seconds",
            "TIMESTAMP",
            ["1700000000", "1600000000"],
            .timestamp,
            ["1700000000000000", "1600000000000000"]
        ),
        SQLiteTypeCase(
            "unix milliseconds",
            "TIMESTAMP",
            ["1700000000123"],
            .timestamp,
            ["1700000000123000"]
        ),
        SQLiteTypeCase("unix seconds of dates", "DATE", ["1699920000"], .date, ["19675"]),
        SQLiteTypeCase(
            "seconds and milliseconds",
            "TIMESTAMP",
            ["1700000000", "1700000000123"],
            .long,
            ["1700000000", "1700000000123"]
        ),
        SQLiteTypeCase("dates as digits", "DATE", ["20240131"], .long, ["20240131"]),
        SQLiteTypeCase(
            "julian days",
            "DATETIME",
            ["julianday('2024-01-31 12:30:15')", "julianday('2024-01-31 12:00')"],
            .timestamp,
            ["1706704215000000", "1706702400000000"]
        ),
        SQLiteTypeCase("julian days of dates", "DATE", ["julianday('1970-01-02')"], .date, ["1"]),
        SQLiteTypeCase(
            "reals that are no days",
            "DATETIME",
            ["2460000.123456789", "1.5"],
            .double,
            ["2460000.123456789", "1.5"]
        ),
    ]

    @Test func `a strict table is taken at its word`() async throws {
        try await SQLiteScratch.run([
            "CREATE TABLE t (i INT, r REAL, t TEXT, b BLOB, a ANY, n INTEGER NOT NULL) STRICT",
            "INSERT INTO t VALUES (1, 2, 'x', x'01', 'any', 7), (NULL, NULL, NULL, NULL, 5, 8)",
        ]) {
            let read = try await $0.source.contents("t")
            #expect(read.types == [.long, .double, .string, .binary, .string, .long])
            #expect(
                read.plan.columns.map(\.isObserved) == [false, false, false, false, true, false]
            )
            #expect(
                read.rows == [
                    ["1", "2.0", "x", "01", "any", "7"], [nil, nil, nil, nil, "5", "8"],
                ]
            )
            #expect(
                read.plan.columns.map(\.isRequired) == [false, false, false, false, false, true]
            )
        }
    }

    @Test(arguments: [
        (DataType.string, "", "1", "1" as String?),
        (.timestamp, "DATE", "'1970-01-02'", "86400000000"),
        (.decimal(precision: 12, scale: 3), "DECIMAL(10,2)", "1.25", "1250"),
        (.double, "", "1", "1.0"), (.uuid, "", "NULL", nil), (.int, "TEXT", "NULL", nil),
    ]) func `the type of the table is kept where it holds every value`(
        _ preferred: DataType,
        _ declaration: String,
        _ value: String,
        _ text: String?
    ) async throws {
        try await SQLiteScratch.run([
            "CREATE TABLE t (c \(declaration))", "INSERT INTO t VALUES (\(value))",
        ]) {
            let read = try await $0.source.contents(
                ReadRequest(
                    stream: StreamName(namespace: nil, name: "t"),
                    preferredTypes: ["c": preferred]
                )
            )
            #expect(read.types == [preferred])
            #expect(read.column(0) == [text])
        }
    }

    @Test(arguments: [
        (DataType.double, "", "9007199254740993", DataType.long), (.long, "", "1.5", .double),
        (.long, "", "'x'", .string), (.date, "DATE", "'1970-01-02 10:00'", .timestamp),
        (
            .decimal(precision: 9, scale: 2), "DECIMAL(10,2)", "1.25",
            .decimal(precision: 10, scale: 2)
        ),
    ]) func `the type of the table is left where it would lose or guess`(
        _ preferred: DataType,
        _ declaration: String,
        _ value: String,
        _ type: DataType
    ) async throws {
        try await SQLiteScratch.run([
            "CREATE TABLE t (c \(declaration))", "INSERT INTO t VALUES (\(value))",
        ]) {
            let plan = try await $0.source.plan(
                ReadRequest(
                    stream: StreamName(namespace: nil, name: "t"),
                    preferredTypes: ["c": preferred]
                )
            )
            #expect(plan.columns[0].type == type)
        }
    }

    @Test func `the policy string makes any column text`() async throws {
        try await SQLiteScratch.run([
            "CREATE TABLE t (c INTEGER PRIMARY KEY, d)",
            "INSERT INTO t VALUES (1, 2.0), (2, x'ab')",
        ]) {
            let read = try await $0.source.contents(
                ReadRequest(
                    stream: StreamName(namespace: nil, name: "t"),
                    defaultPolicy: .string
                )
            )
            #expect(read.types == [.string, .string])
            #expect(read.rows == [["1", "2.0"], ["2", "x'ab'"]])
            #expect(read.plan.columns[0].isRequired)
        }
    }

    @Test(arguments: [
        (ConversionPolicy.null, String?.none, Conversion.Outcome.null),
        (.clamp, "a\u{FFFD}b", .clamped), (.string, "x'61ff62'", .clamped),
    ]) func `invalid text goes through the policy and is counted`(
        _ policy: ConversionPolicy,
        _ text: String?,
        _ outcome: Conversion.Outcome
    ) async throws {
        try await SQLiteScratch.run(Self.invalidText) {
            let read = try await $0.source.contents(
                ReadRequest(
                    stream: StreamName(namespace: nil, name: "t"),
                    policies: ["c": policy]
                )
            )
            #expect(read.column(0) == ["good", text])
            #expect(
                read.progress.conversions == [
                    Conversion(column: "c", reason: .invalidText, outcome: outcome, count: 1)
                ]
            )
            #expect(read.plan.columns[0].isRequired == (policy != .null))
        }
    }

    @Test func `invalid text stops the read by default`() async throws {
        try await SQLiteScratch.run(Self.invalidText) { scratch in
            let error = await #expect(throws: SourceError.self) {
                try await scratch.source.contents("t")
            }
            #expect(error?.code == .badValue)
            #expect(error?.message.contains("column c, row 2") == true)
        }
    }

    private static let invalidText = [
        "CREATE TABLE t (c TEXT NOT NULL)",
        "INSERT INTO t VALUES ('good'), (CAST(x'61ff62' AS TEXT))",
    ]

    @Test(arguments: [
        "c080", "e08080", "eda080", "f08080af", "f4908080", "80", "c3", "e282", "f09f8e",
        "616263646566c3",
        "61626364656667c328",
    ]) func `every kind of malformed UTF-8 is found`(_ bytes: String) async throws {
        try await SQLiteScratch.run([
            "CREATE TABLE t (c TEXT)", "INSERT INTO t VALUES (CAST(x'\(bytes)' AS TEXT))",
        ]) { scratch in
            let error = await #expect(throws: SourceError.self) {
                try await scratch.source.contents("t")
            }
            #expect(error?.code == .badValue)
        }
    }

    @Test func `text of a UTF-16 database arrives as UTF-8`() async throws {
        try await SQLiteScratch.run { scratch in
            try await scratch.queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA encoding = 'UTF-16'")
                try db.execute(sql: "CREATE TABLE t (c, d DATE)")
            }
            try await scratch.queue.write {
                try $0.execute(sql: "INSERT INTO t VALUES ('Grüße 🎁', '1970-01-02'), ('', NULL)")
            }
            let check = try await scratch.source.check()
            #expect(check.facts.contains("encoding UTF-16le"))
            let read = try await scratch.source.contents("t")
            #expect(read.rows == [["Grüße 🎁", "1"], ["", nil]])
        }
    }
}
