/// What a read may take of its source.
package struct SourceLimits: Hashable, Sendable {
    /// Connections that read one stream side by side, at most.
    package var laneCount: Int
    /// Connections of this program at one database at any time, over all its runs.
    package var connectionCount: Int
    /// Milliseconds to wait for a table that something else holds locked.
    package var lockTimeout: Int

    /// Makes limits.
    package init(laneCount: Int, connectionCount: Int = 16, lockTimeout: Int = 30_000) {
        self.laneCount = laneCount
        self.connectionCount = connectionCount
        self.lockTimeout = lockTimeout
    }
}
