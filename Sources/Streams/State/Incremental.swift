import Basics

/// Reading what is new since the last run.
package struct IncrementalRequest: Hashable, Sendable {
    /// The column that grows with every change.
    package var cursor: String
    /// The columns that identify a row.
    package var key: [String]
    /// What becomes of a row that the table has already.
    package var conflict: ConflictRule
    /// How far behind the highest cursor value rows are looked for again; nil for the source's best
    /// rule.
    package var lookback: Lookback?
    /// Where the last run ended; nil to read everything.
    package var since: CursorState?

    /// Makes a request.
    package init(
        cursor: String,
        key: [String],
        conflict: ConflictRule,
        lookback: Lookback? = nil,
        since: CursorState? = nil
    ) {
        self.cursor = cursor
        self.key = key
        self.conflict = conflict
        self.lookback = lookback
        self.since = since
    }
}

/// How far behind the highest value of a cursor rows are looked for again.
package enum Lookback: Hashable, Sendable, CustomStringConvertible {
    /// For a cursor of times or dates.
    case time(Duration)
    /// For a cursor of numbers.
    case units(Int64)

    package var description: String {
        switch self {
        case .time(let span): span.text
        case .units(let count): "\(count)"
        }
    }
}

/// What becomes of rows whose key the table has already.
package enum ConflictRule: String, Hashable, Sendable, Codable, CaseIterable {
    /// Every version stays.
    case append
    /// One row per key: the newest.
    case merge
}

/// Where an incremental read ended: what the next one needs to resume without loss or doubling.
///
/// It travels in the table's own snapshots, so that a table that is rolled back takes it along.
package struct CursorState: Hashable, Sendable, Codable {
    /// The form of this record; another one is refused.
    package static let currentVersion = 2

    package var version = Self.currentVersion
    package var column: String
    /// The highest value seen, as the source writes it; nil when there was none.
    package var highest: String?
    /// Keys of the rows that have the highest value: they are there already when it is read again.
    ///
    /// nil where something else tells them. They are values of rows: the next run compares with them.
    package var boundaryKeys: [[String?]]?
    /// What was read; nil in a state of another tool.
    package var terms: Terms?
    /// The snapshot up to which everything was read, where the source can tell rows by it.
    package var mark: SourceMark?

    /// What a cursor is of: rows read under other terms do not add up with those it counts.
    package struct Terms: Hashable, Sendable, Codable {
        /// The stream, and a digest of its condition.
        package var scope: String
        /// The columns by which rows are told apart.
        package var key: [String]
        package var conflict: ConflictRule
        /// What the values of unchanged rows depend on, as `ReadPlan.definition` says it.
        package var definition: String
        /// What the source knew the table by, as `ReadPlan.identity` says it.
        package var identity: String?
        /// Field ids of the table's columns that the read left out: what rows have there is not known.
        package var unread: [Int]
        /// Policies as they were asked for: by column, and under the empty name that of all others.
        package var policies: [String: String]?

        /// Makes terms.
        package init(
            scope: String,
            key: [String],
            conflict: ConflictRule,
            definition: String = "",
            unread: [Int] = []
        ) {
            self.scope = scope
            self.key = key
            self.conflict = conflict
            self.definition = definition
            self.unread = unread
        }
    }

    /// Makes a state.
    package init(
        column: String,
        highest: String?,
        boundaryKeys: [[String?]]? = nil,
        mark: SourceMark? = nil
    ) {
        self.column = column
        self.highest = highest
        self.boundaryKeys = boundaryKeys
        self.mark = mark
    }
}
