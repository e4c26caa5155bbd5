/// Every number that bounds this target, with its reason.
enum Limits {
    /// Rows of a block of COPY rows: with its offsets it stays in the L1/L2 cache (256 measured best).
    static let copyBlockRowCount = 256

    /// Bytes at which a block is decoded before it has all its rows.
    static let copyBlockByteCount = 1 << 20

    /// Bytes of a block with one more row: offsets into it have 32 bits.
    static let copyBlockByteCountMax = Int(UInt32.max) / 2

    /// Levels of nested types followed: deeper ones are read as text.
    static let nestingDepth = 8

    /// Seconds to wait for a server to answer a connection attempt, unless the address says otherwise.
    static let connectTimeoutSeconds = 10

    /// When a silent connection is asked for a sign of life, and how often before it is given up.
    static let keepalives = [
        "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3",
    ]

    /// Milliseconds a session waits for a table that something else holds locked.
    static let lockTimeoutMilliseconds = 30_000
}
