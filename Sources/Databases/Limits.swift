import Basics

/// Every number that bounds this target, with its reason.
enum Limits {
    /// Rows of a block of COPY rows: with its offsets it stays in the L1/L2 cache (256 measured best).
    static let copyBlockRowCount = 256

    /// Bytes at which a block ends before it has all its rows: wide rows stay in the cache too.
    static let copyBlockByteCount = 1 << 20

    /// Bytes of a message, and of all that is decoded at once: offsets into it have 32 bits.
    static let copyMessageByteCount = Int(UInt32.max) / 2

    /// Bytes a COPY is received into at a time: few calls, and the rows are in the L2 cache when
    /// they are decoded.
    static let receiveBufferByteCount = 1 << 20

    /// Bytes that have to wait before a reader is woken: waking for every 8 KiB that the server
    /// sends costs both sides a fifth of their time.
    static let receiveWakeByteCount: Int32 = 256 << 10

    /// How long until less than that is fetched all the same; doubled while nothing comes.
    static let receiveImpatience = Duration.milliseconds(2)

    /// The longest wait for a server, after which a cancel that was lost is sent again.
    static let receivePatience = Duration.milliseconds(250)

    /// How often a statement that does not stop is asked to.
    static let cancelInterval = Duration.seconds(1)

    /// How long a connection that is given up may take to say so.
    static let closingPatience = Duration.seconds(1)

    /// How long a further connection may take until it shares the snapshot: it is only there for speed,
    /// and a pool may have none to give.
    static let lanePatience = Duration.seconds(2)

    /// Levels of nested types followed: deeper ones are read as text.
    static let nestingDepth = 8

    /// How long to wait for a server to answer a connection attempt, unless the address says otherwise.
    static let connectTimeout = Duration.seconds(10)

    /// When a silent connection is asked for a sign of life, and how often before it is given up.
    static let keepalives = [
        "keepalives_idle": String(keepaliveIdle.components.seconds),
        "keepalives_interval": String(keepaliveInterval.components.seconds),
        "keepalives_count": String(keepaliveCount),
    ]

    /// The silence after which a sign of life is asked for.
    static let keepaliveIdle = Duration.seconds(30)

    /// How long until it is asked for again.
    static let keepaliveInterval = Duration.seconds(10)

    /// How often before the connection is given up.
    static let keepaliveCount: Int32 = 3

    /// Bytes of the largest page range of a heap table: what a lane takes at a time.
    static let sliceByteCountMax: Int64 = 64 << 20

    /// Bytes of the smallest one: below it, starting a statement costs more than evening out.
    static let sliceByteCountMin: Int64 = 1 << 20

    /// Bytes of a relation for which a second connection is opened: less is read before it is there.
    static let laneByteCountMin: Int64 = 8 << 20

    /// Bytes a server session allocates and frees once: more than the rows of the widest tables take,
    /// made in about a millisecond.
    static let serverWarmUpByteCount = 4_000_000

    /// Bytes of a packet: the most a MySQL server sends, and so of a row.
    static let packetByteCount = 1 << 30

    /// How long a MySQL server waits for a client that takes its time before it ends the connection.
    static let serverPatience = Duration.hours(8)

    /// Bytes of a range of a primary key: small enough for lanes to end at about the same time.
    static let keySliceByteCount: Int64 = 32 << 20

    /// Ranges for each lane where the table is small.
    static let slicesPerLane: Int64 = 4

    /// Ranges of a table: each is a statement, and a plan of the server's.
    static let keySliceCountMax: Int64 = 1_024

    /// Cuts for each range of a key: where keys are uneven, some of them find little on one side.
    static let cutsPerRange = 4

    /// Tries to begin several snapshots with no commit between them.
    static let snapshotAttempts = 10

    /// How long writers wait at most while snapshots of several connections begin.
    static let tableLockTimeout = Duration.seconds(2)

    /// Connections left to others when there are few.
    static let connectionReserve = 3

    /// How long a further connection waits for the table: it is only there for speed.
    static let laneLockTimeout = Duration.seconds(2)

    /// Transactions between two snapshots whose rows are compared: row ids tell 2^31 apart, and
    /// those that begin meanwhile come on top.
    static let transactionDistance: Int64 = 1 << 30

    /// Page ranges that are counted by one statement.
    static let countedPieces = 500

    /// Keys of rows with the highest cursor value that are kept from run to run.
    static let boundaryKeyCount = 10_000

    /// Columns sized by one statement, with two answers each: a server gives 1,664 at most.
    static let sizedColumns = 800

    /// Keys that an error names which several rows have.
    static let duplicateExamples = 3

    /// Bytes of a stream that is counted, and whose key is looked at, with every incremental read: a few
    /// seconds of a server's time.
    static let countedByteCount: Int64 = 1 << 30

    /// Bytes of a table whose scan for new rows is worth a word in the plan.
    static let scanByteCount: Int64 = 1 << 30
}
