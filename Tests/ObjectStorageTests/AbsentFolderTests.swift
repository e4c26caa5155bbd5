import Glibc
import ObjectStorage
import TestSupport
import Testing

/// A disk that is not mounted is not an empty lake.
@Suite struct AbsentFolderTests {
    /// Calls of every sort, by name.
    private static func calls(_ store: LocalStore) throws -> [String: () async throws -> Void] {
        let key = try ObjectKey("a/b.json")
        return [
            "read": { _ = try await store.read(key) },
            "info": { _ = try await store.info(key) },
            "bounded read": { _ = try await store.read(key, limit: 10) },
            "list": { _ = try await store.list(ObjectKey("a")) },
            "list of all": { _ = try await store.list(nil) },
            "put": { _ = try await store.put([1], to: key, condition: .ifAbsent) },
            "write": { try await store.write(to: key) { try await $0.append([1]) } },
            "delete": { try await store.delete(key) },
        ]
    }

    private static func expectUnreachable(_ store: LocalStore) async throws {
        for (name, call) in try calls(store) {
            let error = await #expect(throws: StorageError.self, "\(name)") { try await call() }
            #expect(error?.code == .unreachable, "\(name): \(error?.message ?? "")")
        }
    }

    @Test func `a lake that is away says nothing of what is there, and is not made again`()
        async throws
    {
        try await withScratchDirectory { folder in
            let lake = folder + "/lake"
            let store = try LocalStore(root: lake, access: .writing)
            let key = try ObjectKey("a/b.json")
            _ = try await store.put([1, 2], to: key, condition: .ifAbsent)
            rename(lake, folder + "/away")
            try await Self.expectUnreachable(store)
            #expect(try names(in: folder) == ["away"])
            // The folder a disk is mounted on.
            mkdir(lake, 0o755)
            try await Self.expectUnreachable(store)
            #expect(try names(in: lake) == [])
            rmdir(lake)
            rename(folder + "/away", lake)
            #expect(try await store.read(key).bytes == [1, 2])
            #expect(try await store.info(ObjectKey("a/none")) == nil)
        }
    }

    @Test func `a lake that comes back as another folder is the lake`() async throws {
        try await withScratchDirectory { folder in
            let lake = folder + "/lake"
            let store = try LocalStore(root: lake, access: .writing)
            let key = try ObjectKey("a/b.json")
            rename(lake, folder + "/away")
            // As a disk that is mounted again under another number: it holds what the store keeps for itself.
            let copy = try LocalStore(root: lake, access: .writing)
            _ = try await copy.put([7], to: key, condition: .ifAbsent)
            #expect(try await store.read(key).bytes == [7])
            #expect(try await store.info(ObjectKey("none")) == nil)
        }
    }

    @Test func `an object is measured before it is read`() async throws {
        try await withScratchDirectory { folder in
            let store = try LocalStore(root: folder, access: .writing)
            let key = try ObjectKey("big")
            // Three gigabytes of nothing: reading them would take long.
            let file = open(folder + "/big", O_CREAT | O_WRONLY, 0o644)
            #expect(ftruncate(file, 3 << 30) == 0)
            close(file)
            let error = await #expect(throws: StorageError.self) {
                _ = try await store.read(key, limit: 1_000)
            }
            #expect(error?.code == .invalid)
            #expect(error?.message.contains("3221225472 bytes") == true)
            _ = try await store.put(Array(repeating: 1, count: 1_000), to: key, condition: .none)
            #expect(try await store.read(key, limit: 1_000).bytes.count == 1_000)
        }
    }

    @Test func `a pipe among the objects holds nobody up`() async throws {
        try await withScratchDirectory { folder in
            let store = try LocalStore(root: folder, access: .writing)
            mkfifo(folder + "/pipe", 0o644)
            let error = await #expect(throws: StorageError.self) {
                _ = try await store.read(ObjectKey("pipe"))
            }
            #expect(error?.code == .notFound)
        }
    }
}
