import Basics
import Daemon
import Definitions
import FoundationEssentials
import GRDB
import JSON
import Logging
import Metastore
import Scheduling
import TestSupport
import Testing

/// A lake in which there is one of everything.
enum Shop {
    /// Schedules, each of a table of its own.
    static let schedules = [
        "failing", "flaky", "held", "hourly", "notes", "orders", "spare",
    ]
    /// Those whose tables are there.
    static let loaded = ["notes", "orders", "spare"]

    /// Makes the source, the schedules, and tables of some, as they are read by themselves.
    static func make(
        in folder: String,
        _ settings: NodeSettings,
        _ clock: TestClock,
        _ log: Logger
    ) async throws {
        let file = folder + "/shop.db"
        try makeDatabase(file)
        let node = try await Node(settings, clocks: clock.clocks, log: log)
        let caller = Caller(name: "test", role: .admin)
        for name in ["shop", "spare"] {
            let source = document(["id": .string(name), "dsn": .string("sqlite:\(file)")])
            _ = try await node.putSource(source, replacing: nil, by: caller)
        }
        for name in schedules {
            _ = try await node.createSchedule(document(schedule(name)), by: caller)
        }
        // One of them a second time, so that it has a state that came of another one.
        for name in loaded + ["orders"] {
            clock.pass(1_000)
            let run = try await node.runSchedule(DefinitionID(name), by: caller)
            #expect(run.state == .succeeded, "\(run)")
        }
        try node.metastore.close()
    }

    private static func makeDatabase(_ file: String) throws {
        let database = try DatabaseQueue(path: file)
        try database.inDatabase { database in
            try database.execute(
                sql: """
                    CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT NOT NULL);
                    INSERT INTO orders VALUES (1, 'a'), (2, 'b');
                    """
            )
        }
        try database.close()
    }

    /// A schedule's document.
    static func schedule(_ id: String, trigger: String? = nil) -> JSONObject {
        let isHourly = id == "hourly"
        let usual = isHourly ? "0 * * * *" : "@manual"
        var fields: JSONObject = [
            "id": .string(id), "source": "shop", "stream": "orders",
            "dataset": .string("shop.\(id)"), "trigger": .string(trigger ?? usual),
            "start": "next",
        ]
        if isHourly { fields["time_zone"] = "Europe/Berlin" }
        return fields
    }

    private static func document(_ fields: JSONObject) -> Data {
        Data(JSONValue.object(fields).bytes(.canonical))
    }
}
