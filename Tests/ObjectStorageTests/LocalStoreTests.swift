import Basics
import Glibc
import ObjectStorage
import TestSupport
import Testing

/// The names in a folder of the system, sorted.
func names(in path: String) throws -> [String] {
    guard let folder = opendir(path) else { throw TestSupportError("no folder \(path)") }
    defer { closedir(folder) }
    var found: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { found.append(name) }
    }
    return found.sorted()
}

@Suite struct LocalStoreTests {
    @Test func `a folder is made with the store, and tells when an object was written`()
        async throws
    {
        try await withScratchDirectory { root in
            let store = try LocalStore(root: root + "/new/lake/", access: .writing)
            let key = try ObjectKey("a/b c/ü.bin")
            _ = try await store.put([1], to: key, condition: .none)
            let info = try #require(try await store.info(key))
            #expect((info.modifiedAt ?? .distantPast) > Instant(seconds: 1_700_000_000))
            #expect(try names(in: root + "/new/lake/_staging") == ["lock"])
            #expect(throws: StorageError.self) {
                try LocalStore(root: root + "/none", access: .reading)
            }
        }
    }

    @Test func `conditions hold across two stores on one folder`() async throws {
        try await withScratchDirectory { root in
            let one = try LocalStore(root: root, access: .writing)
            let two = try LocalStore(root: root, access: .writing)
            let key = try ObjectKey("k")
            let first = try await one.put([1], to: key, condition: .ifAbsent)
            let taken = await #expect(throws: StorageError.self) {
                try await two.put([2], to: key, condition: .ifAbsent)
            }
            #expect(taken?.code == .precondition)
            let second = try await two.put([2], to: key, condition: .ifMatch(first))
            #expect(second != first)
            let stale = await #expect(throws: StorageError.self) {
                try await one.put([3], to: key, condition: .ifMatch(first))
            }
            #expect(stale?.code == .precondition)
            #expect(try await one.read(key).bytes == [2])
            try await one.delete(key)
            let gone = await #expect(throws: StorageError.self) {
                try await two.put([3], to: key, condition: .ifMatch(second))
            }
            #expect(gone?.code == .precondition)
            #expect(try names(in: root + "/_staging") == ["lock"])
        }
    }

    @Test func `of many that make one object, one wins`() async throws {
        try await withScratchDirectory { root in
            let key = try ObjectKey("race/k")
            for round in 0..<10 {
                let key = try key.appending(String(round))
                let wins = try await withThrowingTaskGroup(of: UInt8?.self) { group in
                    for number in 0..<UInt8(8) {
                        group.addTask {
                            let store = try LocalStore(root: root, access: .writing)
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
                let store = try LocalStore(root: root, access: .reading)
                #expect(try await store.read(key).bytes == wins)
            }
        }
    }

    @Test func `no update is lost when many replace by tag`() async throws {
        try await withScratchDirectory { root in
            let key = try ObjectKey("counter")
            let store = try LocalStore(root: root, access: .writing)
            _ = try await store.put([0], to: key, condition: .ifAbsent)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        let store = try LocalStore(root: root, access: .writing)
                        var done = 0
                        while done < 10 {
                            let old = try await store.read(key)
                            do {
                                _ = try await store.put(
                                    [old.bytes[0] + 1],
                                    to: key,
                                    condition: .ifMatch(old.info.tag)
                                )
                                done += 1
                            } catch let error as StorageError where error.code == .precondition {
                                continue
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.read(key).bytes == [50])
        }
    }

    @Test func `the staging folder holds no objects`() async throws {
        try await withScratchDirectory { root in
            let store = try LocalStore(root: root, access: .writing)
            let key = try ObjectKey("_staging/lock")
            for error in [
                await #expect(throws: StorageError.self) { try await store.read(key) },
                await #expect(throws: StorageError.self) { try await store.delete(key) },
                await #expect(throws: StorageError.self) {
                    try await store.put([], to: key, condition: .none)
                },
            ] {
                #expect(error?.code == .invalid)
            }
        }
    }

    @Test func `a store opened for reading writes nothing`() async throws {
        try await withScratchDirectory { root in
            let store = try LocalStore(root: root, access: .reading)
            let error = await #expect(throws: StorageError.self) {
                try await store.put([1], to: try ObjectKey("a"), condition: .none)
            }
            #expect(error?.code == .denied)
            #expect(try names(in: root).isEmpty)
        }
    }

    @Test func `a store whose folder goes while it is written to is not made again`() async throws {
        try await withScratchDirectory { folder in
            let root = folder + "/lake"
            let store = try LocalStore(root: root, access: .writing)
            let error = await #expect(throws: StorageError.self) {
                try await store.write(to: try ObjectKey("a/b")) { writer in
                    try await writer.append([1])
                    #expect(rename(root, root + "-away") == 0)
                }
            }
            #expect(error?.code == .unreachable)
            #expect(try names(in: folder) == ["lake-away"])
        }
    }

    @Test func `a folder in the way of a file is an invalid name`() async throws {
        try await withScratchDirectory { root in
            let store = try LocalStore(root: root, access: .writing)
            _ = try await store.put([1], to: try ObjectKey("a"), condition: .ifAbsent)
            let error = await #expect(throws: StorageError.self) {
                try await store.put([1], to: try ObjectKey("a/b"), condition: .ifAbsent)
            }
            #expect(error?.code == .invalid)
            #expect(try names(in: root + "/_staging").isEmpty)
        }
    }
}
