import Databases
import TestSupport
import Testing

@Suite struct PageRangesTests {
    @Test func `ranges rise from the first page and keep their bounds`() {
        var random = SplitMix64(seed: 11)
        for _ in 0..<2_000 {
            let pageCount = Int64.random(in: 1...2_000_000, using: &random)
            let smallest = Int64.random(in: 1...256, using: &random)
            let largest = smallest * Int64.random(in: 1...64, using: &random)
            let starts = PageRanges.starts(
                pageCount: pageCount,
                laneCount: Int.random(in: 1...16, using: &random),
                smallest: smallest,
                largest: largest
            )
            #expect(starts[0] == 0)
            let sizes = zip(starts, starts.dropFirst()).map { $1 - $0 }
            #expect(sizes.allSatisfy { (smallest...largest).contains($0) })
            // What is left for the last one is no larger than the others, but for a half one.
            #expect(pageCount - starts[starts.count - 1] <= largest + smallest)
            #expect(sizes == sizes.sorted(by: >))
        }
    }

    @Test func `a small table is one range, a large one has many small ones at its end`() {
        #expect(
            PageRanges.starts(pageCount: 0, laneCount: 4, smallest: 128, largest: 8_192).isEmpty
        )
        #expect(
            PageRanges.starts(pageCount: 150, laneCount: 4, smallest: 128, largest: 8_192) == [0]
        )
        let starts = PageRanges.starts(
            pageCount: 1_000_000,
            laneCount: 2,
            smallest: 128,
            largest: 8_192
        )
        #expect(starts[1] == 8_192)
        #expect(1_000_000 - starts[starts.count - 4] <= 5 * 128)
    }

    @Test func `gaps are what ranges leave, and one open range behind the last page`() {
        func gaps(_ covered: [(Int64, Int64?)], _ pageCount: Int64) -> String {
            PageRanges.gaps(in: covered.map { (first: $0.0, end: $0.1) }, pageCount: pageCount)
                .map { "\($0.first)-\($0.end.map { String($0) } ?? "")" }.joined(separator: " ")
        }
        #expect(gaps([], 0) == "0-")
        #expect(gaps([], 10) == "0-10 10-")
        #expect(gaps([(0, 10)], 10) == "10-")
        #expect(gaps([(4, 6), (0, 2)], 10) == "2-4 6-10 10-")
        // The heap has grown, or was cut at its end.
        #expect(gaps([(0, 10)], 12) == "10-12 12-")
        #expect(gaps([(0, 10)], 8) == "10-")
        // An open range that was proven unchanged covers whatever came behind it.
        #expect(gaps([(0, 4), (10, nil)], 30) == "4-10")
        #expect(gaps([(0, nil)], 30).isEmpty)
    }
}
