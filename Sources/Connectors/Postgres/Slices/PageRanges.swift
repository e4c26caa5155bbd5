/// Cuts a heap table into page ranges: large ones first, so that little is left to even out.
package enum PageRanges {
    /// The first page of each range, rising from 0; the last range has no end.
    ///
    /// Each range takes a share of what is left that leaves every lane several more, within
    /// `smallest` and `largest` pages.
    package static func starts(
        pageCount: Int64,
        laneCount: Int,
        smallest: Int64,
        largest: Int64
    ) -> [Int64] {
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

    /// The ranges that begin at `starts`.
    ///
    /// The last one is open: nothing that the snapshot sees can lie outside of all ranges.
    static func ranges(starts: [Int64]) -> [PostgresSlice.Range] {
        guard starts.count > 1 else { return [.all] }
        return starts.indices.map { index in
            .pages(
                first: starts[index],
                end: index + 1 < starts.count ? starts[index + 1] : nil
            )
        }
    }
}
