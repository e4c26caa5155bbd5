import ArgumentParser
import Basics
import Ingest

/// What a run may take of its source over time.
struct RunLimitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Read no more than this per second, over all connections: 500K, 20M, 1G.",
            discussion: "A running total, without saving up: the source waits when it is faster.",
            valueName: "bytes"
        )
    )
    var maxBytesPerSecond: ByteCount?

    @Option(
        help: ArgumentHelp(
            "Stop a read that has held its snapshot for longer: 90s, 15m, 6h, 2d.",
            discussion: """
                While a snapshot is held, the source keeps what others delete. Nothing is published \
                by a read that is stopped.
                """,
            valueName: "time"
        )
    )
    var maxSnapshotAge = TimeSpan(.days(1))

    @Option(
        help: ArgumentHelp(
            "The most a crash may cost of a connection's work, in time: 30s, 2m.",
            discussion: """
                Data files end and become a checkpoint this often. The default is a sixteenth of \
                the time the run has taken, from 2 s to 30 s.
                """,
            valueName: "time"
        )
    )
    var checkpointInterval: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "The same in bytes of data files: 64Mi, 256Mi.",
            valueName: "bytes"
        )
    )
    var checkpointBytes: ByteCount?

    var limits: RunLimits {
        RunLimits(
            bytesPerSecond: maxBytesPerSecond?.byteCount,
            snapshotAge: maxSnapshotAge.span,
            checkpointInterval: checkpointInterval?.span,
            checkpointByteCount: checkpointBytes?.byteCount
        )
    }
}

/// Bytes, or bytes per second, as they are written: a number, perhaps with K, M or G for powers of 1000, or
/// Ki, Mi or Gi for powers of 1024.
struct ByteCount: ExpressibleByArgument {
    let byteCount: Int64

    init?(argument: String) {
        let units: [String: Int64] = [
            "": 1, "K": 1_000, "M": 1_000_000, "G": 1_000_000_000,
            "KI": 1 << 10, "MI": 1 << 20, "GI": 1 << 30,
        ]
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        var unit = argument.dropFirst(digits.count).uppercased()
        if unit.hasSuffix("B") { unit.removeLast() }
        guard let number = Int64(digits), let factor = units[unit] else { return nil }
        let (byteCount, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow, byteCount > 0 else { return nil }
        self.byteCount = byteCount
    }
}

/// A span of time as it is written: `90s`, `15m`, `1h30m`, `2d`, `250ms`; never none.
struct TimeSpan: ExpressibleByArgument, CustomStringConvertible {
    let span: Duration

    init(_ span: Duration) { self.span = span }

    init?(argument: String) {
        guard let span = Duration(parsing: argument), span > .zero else { return nil }
        self.span = span
    }

    var description: String { span.text }
}
