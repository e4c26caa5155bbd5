/// What a read may take of its source.
package struct SourceLimits: Hashable, Sendable {
    /// Connections that read one stream side by side, at most.
    package var laneCount: Int
    /// Connections of this program at one database at any time, over all its runs.
    package var connectionCount: Int
    /// How long to wait for a table that something else holds locked.
    package var lockTimeout: Duration

    /// Makes limits.
    package init(laneCount: Int, connectionCount: Int = 16, lockTimeout: Duration = .seconds(30)) {
        self.laneCount = laneCount
        self.connectionCount = connectionCount
        self.lockTimeout = lockTimeout
    }
}
