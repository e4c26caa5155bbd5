package import Basics

/// What a time zone's clocks show: its distance from UTC at every instant.
///
/// Instants are seconds since 1970-01-01 00:00 UTC, leap seconds not counted; wall clock times are seconds
/// since 1970-01-01 00:00 of that clock.
package struct ZoneRules: Hashable, Sendable {
    /// The zone's name, as in `Europe/Berlin`.
    package let name: String
    /// Where segments of one offset begin, rising; the first is before all time.
    private let starts: [Int64]
    /// The distance from UTC in each, in seconds.
    private let offsets: [Int64]

    /// The zone without changes.
    package static let utc = ZoneRules(name: "UTC", offset: 0, changes: [])

    /// Makes a zone of its changes, which rise; those that change nothing are left out.
    init(name: String, offset: Int64, changes: [(instant: Int64, offset: Int64)]) {
        self.name = name
        var starts = [Int64.min]
        var offsets = [offset]
        for change in changes where change.offset != offsets[offsets.count - 1] {
            starts.append(change.instant)
            offsets.append(change.offset)
        }
        self.starts = starts
        self.offsets = offsets
    }

    /// The distance from UTC at an instant: positive east of Greenwich.
    package func offset(at instant: Instant) -> Duration { .seconds(offset(at: instant.seconds)) }

    /// The same in seconds, at a second since 1970 in UTC.
    func offset(at second: Int64) -> Int64 { offsets[segment(at: second)] }

    // MARK: Segments of one offset

    /// Segments in all.
    var segmentCount: Int { starts.count }

    /// The segment an instant is in.
    func segment(at instant: Int64) -> Int {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= instant { low = middle } else { high = middle }
        }
        return low
    }

    /// The distance from UTC in a segment.
    func offset(in segment: Int) -> Int64 { offsets[segment] }

    /// The first instant of a segment.
    func start(of segment: Int) -> Int64 { starts[segment] }

    /// The first instant behind a segment.
    func end(of segment: Int) -> Int64 {
        segment + 1 < starts.count ? starts[segment + 1] : .max
    }

    /// The wall clock as a segment begins.
    func wallStart(of segment: Int) -> Int64 {
        segment == 0 ? .min : starts[segment] + offsets[segment]
    }

    /// The wall clock as a segment ends, were it to go on.
    func wallEnd(of segment: Int) -> Int64 {
        segment + 1 < starts.count ? starts[segment + 1] + offsets[segment] : .max
    }

    // MARK: Wall clock times

    /// When a wall clock shows a time.
    enum Moment: Equatable {
        /// Once, or the first time of two.
        case at(Int64)
        /// Never: the clocks went from before it to behind it at this instant.
        case skipped(Int64)
    }

    /// The first instant at which the wall clock shows a time.
    func moment(ofWall wall: Int64) -> Moment {
        var segment = segment(at: wall - Limits.zoneOffset)
        while wallEnd(of: segment) <= wall { segment += 1 }
        guard wallStart(of: segment) <= wall else { return .skipped(starts[segment]) }
        return .at(wall - offsets[segment])
    }
}
