import Streams
import TestSupport
import Testing

@Suite struct CheckpointReaderTests {
    private static let slices = (0..<4).map { number in
        Slice(key: SliceKey("\(number)"), range: .parent(key: "\(number)"))
    }

    private static func reader(
        _ slices: [Slice] = Self.slices,
        _ known: [SliceKey: SliceState] = [:]
    ) -> CheckpointReader {
        var state = StreamState(generation: "g", fingerprint: "f")
        state.slices = known
        return CheckpointReader(slices: slices, state: state)
    }

    private static let oddPositions: [Position] = [
        .row(id: 0), .row(id: .min), .key(values: []), .key(values: [""]), .opaque(""),
        .opaque("{}"), .log(""), .page(PagePosition(.number(0))), .page(PagePosition(.token(""))),
        .windows(closed: [], highest: nil),
    ]

    @Test(arguments: oddPositions)
    func `zero, the empty text and an empty list are positions, and only done is done`(
        position: Position
    ) throws {
        var reader = Self.reader([.whole])
        #expect(reader.next()?.position == nil)
        try reader.observe(.more(position), of: Slice.whole.key)
        #expect(!reader.isComplete)
        #expect(reader.state.slices[Slice.whole.key] == .inProgress(at: position))
        var later = Self.reader([.whole], reader.state.slices)
        #expect(later.next() == .init(slice: .whole, position: position))
        try later.observe(.done, of: Slice.whole.key)
        #expect(later.isComplete && later.next() == nil)
    }

    @Test(arguments: 1...200)
    func `whoever starts from a state reads what is left and nothing else`(seed: UInt64) throws {
        var chance = SplitMix64(seed: seed)
        let lengths = Self.slices.map { _ in Int64(chance.next() % 4) }
        var pages: [SliceKey: [Int64]] = [:]
        var reader = Self.reader()
        var open: [CheckpointReader.Assignment] = []
        var restartCount = 0
        while !reader.isComplete {
            if chance.next() % 5 == 0, restartCount < 20 {
                // The next one knows nothing but the state.
                reader = Self.reader(Self.slices, reader.state.slices)
                open = []
                restartCount += 1
            }
            if open.isEmpty || chance.next() % 2 == 0, let next = reader.next() {
                open.append(next)
                continue
            }
            guard !open.isEmpty else { continue }
            let place = Int(chance.next() % UInt64(open.count))
            let slice = open[place].slice
            var at: Int64 = 0
            if case .row(let id) = open[place].position { at = id + 1 }
            pages[slice.key, default: []].append(at)
            let length = lengths[Int(slice.key.rawValue) ?? 0]
            let step = at < length ? Step.more(.row(id: at)) : .done
            try reader.observe(step, of: slice.key)
            if case .more(let position) = step {
                open[place].position = position
            } else {
                open.remove(at: place)
            }
        }
        for (slice, length) in zip(Self.slices, lengths) {
            #expect(pages[slice.key] == Array(0...length))
            #expect(reader.state.slices[slice.key] == .complete)
        }
    }

    @Test func `a page that ends where it began is an error and no endless loop`() throws {
        var reader = Self.reader([.whole])
        _ = reader.next()
        try reader.observe(.more(.row(id: 7)), of: Slice.whole.key)
        let error = #expect(throws: StateError.self) {
            try reader.observe(.more(.row(id: 7)), of: Slice.whole.key)
        }
        #expect(error?.code == .stuckPosition)
        #expect(reader.state.slices[Slice.whole.key] == .inProgress(at: .row(id: 7)))
    }

    @Test func `a page that ends where an earlier read ended is an error too`() throws {
        var reader = Self.reader([.whole], [Slice.whole.key: .inProgress(at: .opaque("x"))])
        _ = reader.next()
        let error = #expect(throws: StateError.self) {
            try reader.observe(.more(.opaque("x")), of: Slice.whole.key)
        }
        #expect(error?.code == .stuckPosition)
    }

    @Test func `a page of a slice that is not being read is refused`() throws {
        var reader = Self.reader()
        _ = reader.next()
        try reader.observe(.done, of: Self.slices[0].key)
        for slice in Self.slices {
            let error = #expect(throws: StateError.self) {
                try reader.observe(.done, of: slice.key)
            }
            #expect(error?.code == .unexpectedPage)
        }
    }

    @Test func `a stream without slices is complete, and its state is kept`() {
        let known: [SliceKey: SliceState] = [SliceKey("a"): .inProgress(at: .row(id: 3))]
        var reader = Self.reader([], known)
        #expect(reader.isComplete && reader.next() == nil)
        #expect(reader.state.slices == known)
    }

    @Test func `a complete first slice ends nothing but itself`() throws {
        var reader = Self.reader()
        _ = reader.next()
        try reader.observe(.done, of: Self.slices[0].key)
        #expect(!reader.isComplete)
        #expect(reader.next()?.slice == Self.slices[1])
    }

    @Test func `slices may finish in any order, and none passes for another`() throws {
        var reader = Self.reader()
        for _ in Self.slices { _ = reader.next() }
        try reader.observe(.more(.row(id: 1)), of: Self.slices[0].key)
        try reader.observe(.done, of: Self.slices[3].key)
        try reader.observe(.done, of: Self.slices[2].key)
        #expect(!reader.isComplete)
        var later = Self.reader(Self.slices, reader.state.slices)
        #expect(later.next() == .init(slice: Self.slices[0], position: .row(id: 1)))
        #expect(later.next() == .init(slice: Self.slices[1], position: nil))
        #expect(later.next() == nil)
    }

    @Test func `slices that are complete are skipped wherever they stand`() {
        let done = [1, 3].map { (Self.slices[$0].key, SliceState.complete) }
        var reader = Self.reader(Self.slices, Dictionary(uniqueKeysWithValues: done))
        #expect(reader.next()?.slice == Self.slices[0])
        #expect(reader.next()?.slice == Self.slices[2])
        #expect(reader.next() == nil)
        #expect(!reader.isComplete)
    }

    @Test func `a state of another read, look or form is refused`() throws {
        var state = StreamState(generation: "g", fingerprint: "f")
        try state.require(generation: "g", fingerprint: "f")
        func code(_ generation: String, _ fingerprint: String) -> StateError.Code? {
            #expect(throws: StateError.self) {
                try state.require(generation: generation, fingerprint: fingerprint)
            }?.code
        }
        #expect(code("h", "f") == .generation)
        #expect(code("g", "e") == .fingerprint)
        state.version += 1
        #expect(code("g", "f") == .version)
    }
}
