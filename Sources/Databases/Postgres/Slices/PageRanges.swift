/// Cuts a heap table into page ranges: large ones first, so that little is left to even out.
package enum PageRanges {
    /// The first page of each range, rising from 0; none where there are no pages.
    ///
    /// Each range takes a share of what is left that leaves every lane several more, within
    /// `smallest` and `largest` pages.
    package static func starts(
        pageCount: Int64,
        laneCount: Int,
        smallest: Int64,
        largest: Int64
    ) -> [Int64] {
        guard pageCount > 0 else { return [] }
        var starts: [Int64] = [0]
        var first: Int64 = 0
        while true {
            let share = (pageCount - first) / Int64(max(laneCount, 1) * 4)
            let size = min(max(share, smallest), largest)
            first += size
            // What is less than half a range goes with the one before.
            guard pageCount - first >= smallest / 2, first < pageCount else { return starts }
            starts.append(first)
        }
    }

    /// What `covered` leaves of a heap of `pageCount` pages, in order: the gaps between, and behind
    /// the last page an open range, unless one of `covered` is open.
    package static func gaps(
        in covered: [(first: Int64, end: Int64?)],
        pageCount: Int64
    ) -> [(first: Int64, end: Int64?)] {
        var gaps: [(first: Int64, end: Int64?)] = []
        var next: Int64 = 0
        for range in covered.sorted(by: { $0.first < $1.first }) {
            if range.first > next { gaps.append((next, range.first)) }
            guard let end = range.end else { return gaps }
            next = max(next, end)
        }
        if next < pageCount {
            gaps.append((next, pageCount))
            next = pageCount
        }
        gaps.append((next, nil))
        return gaps
    }
}
