/// Every number that bounds the SQLite source, with its reason.
enum SQLiteLimits {
    /// How long a locked file is waited for: longer than the commit of a busy writer, shorter
    /// than a user's patience.
    static let busyTimeout = Duration.seconds(5)

    /// Virtual machine steps between two looks at cancellation: about a tenth of a millisecond.
    static let progressStepCount: Int32 = 20_000

    /// Rows scanned between two looks at cancellation.
    static let cancellationRowCount = 4_096

    /// File size up to which the pages of each table are counted: it reads every page.
    static let pageCountFileByteCount: Int64 = 256 << 20

    /// Bytes of a variable column to make room for at first, per row.
    static let expectedTextByteCount = 16

    /// Bytes one column of one batch may hold: its offsets are of 32 bits.
    static let columnByteCount = Int(UInt32.max) - (1 << 20)

    /// Names offered where one was not found.
    static let nearNameCount = 3

    /// Characters of a name that are compared to find near ones.
    static let nearNameLength = 64

    /// Integers of at most this size are exact as a double: 2^53.
    static let exactDoubleInteger: Int64 = 1 << 53

    /// Digits a double holds for certain; a decimal of more is not read from one.
    static let exactDoubleDigits = 1e15

    /// Unix seconds that a column of integers declared as a time may hold.
    ///
    /// 1973-03-03 to 2286-11-20: dates written as 20240131 lie below, milliseconds above.
    static let unixSeconds: ClosedRange<Int64> = 100_000_000...9_999_999_999

    /// Unix seconds of 2001-01-01, from which Apple's programs count: their times of today look like
    /// ones of the 1990s.
    static let appleEpoch: Int64 = 978_307_200

    /// The same span in milliseconds; times written as 20240131120000 lie above.
    static let unixMilliseconds: ClosedRange<Int64> = 100_000_000_000...9_999_999_999_999

    /// Julian days of the years 1 to 9999.
    static let julianDays: ClosedRange<Double> = 1_721_425.5...5_373_484.499999994

    /// Columns SQLite answers in one row, as it is built here (SQLITE_MAX_COLUMN).
    static let columnCount = 2_000
}
