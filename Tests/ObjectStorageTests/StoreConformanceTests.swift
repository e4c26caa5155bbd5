import ObjectStorage
import StoreSupport
import TestSupport
import Testing

/// A kind of store, and how a test gets an empty one.
struct StoreUnderTest: Sendable, CustomTestStringConvertible {
    let name: String
    let lend: @Sendable (@Sendable (any ObjectStore) async throws -> Void) async throws -> Void

    var testDescription: String { name }

    /// All of them: a new store is a line here.
    static let all = [
        StoreUnderTest(name: "folder") { body in
            try await withScratchDirectory {
                try await body(LocalStore.open(root: $0, access: .writing))
            }
        },
        StoreUnderTest(name: "memory") { try await $0(MemoryStore()) },
    ]
}

/// What `ObjectStore` promises, held by every store.
@Suite struct StoreConformanceTests {
    private struct GivenUp: Error {}

    private func expect(
        _ code: StorageError.Code,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        let error = await #expect(throws: StorageError.self, sourceLocation: sourceLocation) {
            try await body()
        }
        #expect(error?.code == code, sourceLocation: sourceLocation)
    }

    // MARK: Reading

    @Test(arguments: StoreUnderTest.all)
    func `what was put is read, in whole and in ranges`(_ kind: StoreUnderTest) async throws {
        try await kind.lend { store in
            let key = try ObjectKey("a/b c/ü.bin")
            let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
            let tag = try await store.put(bytes, to: key, condition: .none)
            let whole = try await store.read(key)
            #expect(whole.bytes == bytes)
            #expect(whole.info.key == key && whole.info.tag == tag)
            #expect(whole.info.byteCount == 300_000)
            let part = try await store.read(key, range: 1_000..<2_000)
            #expect(part.bytes == Array(bytes[1_000..<2_000]))
            #expect(part.info.byteCount == 300_000)
            #expect(try await store.read(key, range: 300_000..<300_000).bytes.isEmpty)
            #expect(try await store.info(key) == whole.info)
            await expect(.invalid) { _ = try await store.read(key, range: 0..<300_001) }
            await expect(.invalid) { _ = try await store.read(key, range: 300_001..<300_001) }
            #expect(store.locations.key(at: store.locations.location(of: key)) == key)
        }
    }

    @Test(arguments: StoreUnderTest.all)
    func `no more is read than is asked for`(_ kind: StoreUnderTest) async throws {
        try await kind.lend { store in
            let key = try ObjectKey("a")
            _ = try await store.put([1, 2, 3], to: key, condition: .none)
            #expect(try await store.read(key, limit: 3).bytes == [1, 2, 3])
            await expect(.invalid) { _ = try await store.read(key, limit: 2) }
            #expect(try await store.read(key, range: 1..<3, limit: 2).bytes == [2, 3])
            await expect(.invalid) { _ = try await store.read(key, range: 0..<3, limit: 2) }
            #expect(try await store.read(key, range: 0..<0, limit: 0).bytes.isEmpty)
        }
    }

    @Test(arguments: StoreUnderTest.all)
    func `what is not there is said so, and removed without a word`(_ kind: StoreUnderTest)
        async throws
    {
        try await kind.lend { store in
            let key = try ObjectKey("no/such")
            #expect(try await store.info(key) == nil)
            await expect(.notFound) { _ = try await store.read(key) }
            await expect(.notFound) { _ = try await store.read(key, range: 0..<1) }
            try await store.delete(key)
            #expect(try await store.list(key) == ObjectListing(objects: [], folders: []))
            _ = try await store.put([1], to: key, condition: .ifAbsent)
            try await store.delete(key)
            await expect(.notFound) { _ = try await store.read(key) }
            #expect(try await store.listAll(nil).isEmpty)
        }
    }

    // MARK: Putting

    @Test(arguments: StoreUnderTest.all)
    func `conditions of a put hold`(_ kind: StoreUnderTest) async throws {
        try await kind.lend { store in
            let key = try ObjectKey("a/k")
            let first = try await store.put([1], to: key, condition: .ifAbsent)
            await expect(.precondition) {
                _ = try await store.put([2], to: key, condition: .ifAbsent)
            }
            let second = try await store.put([2], to: key, condition: .ifMatch(first))
            #expect(second != first)
            await expect(.precondition) {
                _ = try await store.put([3], to: key, condition: .ifMatch(first))
            }
            #expect(try await store.read(key).bytes == [2])
            let third = try await store.put([2], to: key, condition: .none)
            #expect(third != second)
            try await store.delete(key)
            await expect(.precondition) {
                _ = try await store.put([3], to: key, condition: .ifMatch(third))
            }
            #expect(try await store.info(key) == nil)
        }
    }

    @Test(arguments: StoreUnderTest.all)
    func `each version has a tag of its own, however fast they come`(_ kind: StoreUnderTest)
        async throws
    {
        try await kind.lend { store in
            let key = try ObjectKey("k")
            var tags: Set<ObjectTag> = []
            for number in 0..<100 {
                tags.insert(try await store.put([UInt8(number)], to: key, condition: .none))
            }
            #expect(tags.count == 100)
            let last = try #require(try await store.info(key))
            #expect(tags.contains(last.tag))
        }
    }

    @Test(arguments: StoreUnderTest.all)
    func `of many that make one object, one wins`(_ kind: StoreUnderTest) async throws {
        try await kind.lend { store in
            for round in 0..<10 {
                let key = try ObjectKey("race/\(round)")
                let wins = try await withThrowingTaskGroup(of: UInt8?.self) { group in
                    for number in 0..<UInt8(8) {
                        group.addTask {
                            do {
                                _ = try await store.put([number], to: key, condition: .ifAbsent)
                                return number
                            } catch let error as StorageError where error.code == .precondition {
                                return nil
                            }
                        }
                    }
                    return try await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
                }
                #expect(wins.count == 1)
                #expect(try await store.read(key).bytes == wins)
            }
        }
    }

    // MARK: Writing piece by piece

    @Test(arguments: StoreUnderTest.all)
    func `a written object appears at the end, with the bytes in their order`(
        _ kind: StoreUnderTest
    ) async throws {
        try await kind.lend { store in
            let key = try ObjectKey("data/1.parquet")
            var generator = SplitMix64(seed: 1)
            var pieces: [[UInt8]] = []
            for size in [0, 1, 100, 200_000, 300_000, 3, 262_144, 262_143, 1, 1] {
                pieces.append((0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) })
            }
            let (written, alone) = (pieces, try ObjectKey("data/2"))
            let expected = Array(written.joined())
            let count = try await store.write(to: key) { writer in
                try await writer.append([])
                for piece in written.prefix(4) { try await writer.append(piece) }
                try await writer.append(Array(written.dropFirst(4)))
                #expect(try await store.info(key) == nil)
                return writer.byteCount
            }
            #expect(count == expected.count)
            #expect(try await store.read(key).bytes == expected)
            try await store.write(to: alone) { _ in }
            #expect(try await store.read(alone).bytes.isEmpty)
        }
    }

    @Test(arguments: StoreUnderTest.all)
    func `a write that is given up leaves nothing`(_ kind: StoreUnderTest) async throws {
        try await kind.lend { store in
            await #expect(throws: GivenUp.self) {
                try await store.write(to: try ObjectKey("data/1")) { writer in
                    try await writer.append([UInt8](repeating: 7, count: 1 << 20))
                    throw GivenUp()
                }
            }
            let listing = try await store.list(nil)
            #expect(listing == ObjectListing(objects: [], folders: []))
        }
    }

    @Test(arguments: StoreUnderTest.all)
    func `a write never replaces`(_ kind: StoreUnderTest) async throws {
        try await kind.lend { store in
            let key = try ObjectKey("data/1")
            try await store.write(to: key) { try await $0.append([1]) }
            await expect(.precondition) {
                try await store.write(to: key) { try await $0.append([2]) }
            }
            #expect(try await store.read(key).bytes == [1])
        }
    }

    @Test(arguments: StoreUnderTest.all)
    func `a cancelled writer can tidy up`(_ kind: StoreUnderTest) async throws {
        try await kind.lend { store in
            let (kept, made) = (try ObjectKey("kept"), try ObjectKey("made"))
            _ = try await store.put([1], to: kept, condition: .ifAbsent)
            await withTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask {
                    await #expect(throws: CancellationError.self) {
                        try await store.write(to: made) { writer in
                            try await writer.append([1])
                            try Task.checkCancellation()
                        }
                    }
                    await #expect(throws: Never.self) { try await store.delete(kept) }
                }
            }
            #expect(try await store.listAll(nil).isEmpty)
        }
    }

    // MARK: Listing

    @Test(arguments: StoreUnderTest.all)
    func `a list shows one level, or the whole tree, in the order of keys`(_ kind: StoreUnderTest)
        async throws
    {
        try await kind.lend { store in
            for raw in ["b/2", "b/1", "a", "b/c/3", "z/y/x", "b/ü", "bc"] {
                _ = try await store.put(
                    Array(raw.utf8),
                    to: try ObjectKey(raw),
                    condition: .ifAbsent
                )
            }
            let top = try await store.list(nil)
            #expect(top.objects.map(\.key.rawValue) == ["a", "bc"])
            #expect(top.folders.map(\.rawValue) == ["b", "z"])
            let inner = try await store.list(try ObjectKey("b"))
            #expect(inner.objects.map(\.key.rawValue) == ["b/1", "b/2", "b/ü"])
            #expect(inner.folders.map(\.rawValue) == ["b/c"])
            let info = try #require(try await store.info(ObjectKey("b/1")))
            #expect(inner.objects.first == info)
            let all = try await store.listAll(nil)
            #expect(
                all.map(\.key.rawValue) == ["a", "b/1", "b/2", "b/c/3", "b/ü", "bc", "z/y/x"]
            )
            #expect(all.map(\.byteCount) == [1, 3, 3, 5, 4, 2, 5])
        }
    }

    @Test(arguments: StoreUnderTest.all)
    func `the longest keys are kept`(_ kind: StoreUnderTest) async throws {
        try await kind.lend { store in
            let segment = String(repeating: "s", count: Limits.segmentByteCount)
            let ends = [128, 127].map { String(repeating: "e", count: $0) }
            let key = try ObjectKey(
                ([segment, segment, segment] + ends).joined(separator: "/")
            )
            #expect(key.rawValue.utf8.count == Limits.keyByteCount)
            _ = try await store.put([1], to: key, condition: .ifAbsent)
            #expect(try await store.read(key).bytes == [1])
            #expect(try await store.listAll(nil).map(\.key) == [key])
        }
    }
}
