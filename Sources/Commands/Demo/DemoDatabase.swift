package import Basics
import GRDB

/// A shop in a SQLite file: the same rows every time, enough of them to see the speed.
package enum DemoDatabase {
    /// What `create` left behind.
    package struct Outcome: Sendable {
        /// Whether the file was there already, with the same contents.
        package let isReused: Bool
        /// Rows by table, in the order in which the tables were made.
        package let rowCounts: [(table: String, count: Int)]

        /// Rows of all tables.
        package var rowCount: Int { rowCounts.reduce(0) { $0 + $1.count } }
    }

    /// To be raised whenever the rows change: a file of another version is filled again.
    private static let version = 1
    private static let customerCount = 10_000
    private static let productCount = 500
    private static let orderCount = 50_000
    private static let eventCount = 100_000

    /// Makes the database at `path`, or reuses it if it is there in the same version.
    ///
    /// A file without a version of ours is refused unless it is empty.
    ///
    /// - Throws: `DemoError` for a file of someone else, `DatabaseError` for what SQLite refuses.
    package static func create(at path: String) throws -> Outcome {
        var configuration = Configuration()
        configuration.label = "tributary.demo"
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        let present = try queue.read { db in
            (
                version: try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0,
                application: try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0,
                isEmpty: try Row.fetchOne(db, sql: "SELECT 1 FROM sqlite_schema LIMIT 1") == nil
            )
        }
        guard present.isEmpty || present.application == applicationID else {
            throw DemoError(
                code: .notOurs,
                message:
                    "\(path) is a database of something else; give a new path or remove the file"
            )
        }
        if present.version == version, !present.isEmpty {
            return Outcome(isReused: true, rowCounts: try queue.read(rowCounts))
        }
        try queue.inTransaction(.exclusive) { db in
            for table in tableNames.reversed() {
                try db.execute(sql: "DROP TABLE IF EXISTS \(table)")
            }
            try db.execute(sql: schema)
            var shop = DemoShop(
                customerCount: customerCount,
                productCount: productCount,
                orderCount: orderCount,
                eventCount: eventCount
            )
            try shop.fill(db)
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: "PRAGMA user_version = \(version)")
            return .commit
        }
        return Outcome(isReused: false, rowCounts: try queue.read(rowCounts))
    }

    /// `TRIB` in the header of the file, so that no one else's is overwritten.
    private static let applicationID = 0x5452_4942
    private static let tableNames = ["customers", "products", "orders", "order_lines", "events"]

    private static func rowCounts(_ db: Database) throws -> [(table: String, count: Int)] {
        try tableNames.map { table in
            (table, try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0)
        }
    }

    private static let schema = """
        CREATE TABLE customers (
          id INTEGER PRIMARY KEY,
          name TEXT NOT NULL,
          email TEXT NOT NULL,
          country TEXT NOT NULL,
          city TEXT,
          born DATE,
          is_business BOOLEAN NOT NULL,
          credit_limit DECIMAL(10,2),
          created_at DATETIME NOT NULL
        );
        CREATE TABLE products (
          id INTEGER PRIMARY KEY,
          sku TEXT NOT NULL,
          title TEXT NOT NULL,
          category TEXT NOT NULL,
          price DECIMAL(10,2) NOT NULL,
          weight_kg REAL,
          attributes JSON
        );
        CREATE TABLE orders (
          id INTEGER PRIMARY KEY,
          customer_id INTEGER NOT NULL REFERENCES customers(id),
          ordered_at DATETIME NOT NULL,
          shipped_on DATE,
          status TEXT NOT NULL,
          total_cents INTEGER NOT NULL,
          note TEXT
        );
        CREATE TABLE order_lines (
          order_id INTEGER NOT NULL REFERENCES orders(id),
          line INTEGER NOT NULL,
          product_id INTEGER NOT NULL REFERENCES products(id),
          quantity INTEGER NOT NULL,
          unit_cents INTEGER NOT NULL,
          discount REAL,
          PRIMARY KEY (order_id, line)
        ) WITHOUT ROWID;
        CREATE TABLE events (
          id UUID PRIMARY KEY NOT NULL,
          customer_id INTEGER,
          kind TEXT NOT NULL,
          happened_at TIMESTAMP NOT NULL,
          payload JSON,
          fingerprint BLOB
        );
        """
}

/// Why the demo database could not be made.
package struct DemoError: Failure {
    /// The class of a failure.
    package enum Code: String, FailureCode {
        /// The file holds something that is not ours to overwrite.
        case notOurs = "not-ours"

        package var failureClass: FailureClass { .configuration }
    }

    package let code: Code
    package let message: String

    package var domain: FailureDomain { .request }
}
