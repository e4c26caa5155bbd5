import Glibc
import ObjectStorage
import TestSupport
import Testing

@Suite struct StreamingWriteTests {
    private struct GivenUp: Error {}

    @Test func `a write that is given up leaves nothing`() async throws {
        try await withScratchDirectory { root in
            let store = try LocalStore(root: root, access: .writing)
            await #expect(throws: GivenUp.self) {
                try await store.write(to: try ObjectKey("data/1")) { writer in
                    try await writer.append([UInt8](repeating: 7, count: 1 << 20))
                    throw GivenUp()
                }
            }
            #expect(try names(in: root) == ["_staging"])
            #expect(try names(in: root + "/_staging").isEmpty)
        }
    }

    @Test func `a write never replaces`() async throws {
        try await withScratchDirectory { root in
            let store = try LocalStore(root: root, access: .writing)
            let key = try ObjectKey("data/1")
            try await store.write(to: key) { try await $0.append([1]) }
            let error = await #expect(throws: StorageError.self) {
                try await store.write(to: key) { try await $0.append([2]) }
            }
            #expect(error?.code == .precondition)
            #expect(try await store.read(key).bytes == [1])
            #expect(try names(in: root + "/_staging").isEmpty)
        }
    }

    @Test func `a sweep takes dead writers' files and leaves the living ones'`() async throws {
        try await withScratchDirectory { root in
            let store = try LocalStore(root: root, access: .writing)
            let dead = root + "/_staging/dead"
            close(open(dead, O_CREAT | O_WRONLY, 0o644))
            let key = try ObjectKey("data/1")
            try await store.write(to: key) { writer in
                try await writer.append([1, 2, 3])
                #expect(try names(in: root + "/_staging").count == 2)
                _ = try LocalStore(root: root, access: .reading)
                #expect(try names(in: root + "/_staging").count == 2)
                _ = try LocalStore(root: root, access: .writing)
                #expect(try names(in: root + "/_staging").count == 1)
                #expect(access(dead, F_OK) == -1)
            }
            #expect(try await store.read(key).bytes == [1, 2, 3])
        }
    }

    @Test func `writers and sweeps at the same time lose nothing`() async throws {
        try await withScratchDirectory { root in
            let store = try LocalStore(root: root, access: .writing)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        for number in 0..<50 {
                            let key = try ObjectKey("w\(writer)/\(number)")
                            try await store.write(to: key) { try await $0.append([UInt8(number)]) }
                        }
                    }
                }
                for _ in 0..<2 {
                    group.addTask {
                        for _ in 0..<200 { _ = try LocalStore(root: root, access: .writing) }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.listAll(nil).count == 200)
            #expect(try names(in: root + "/_staging").isEmpty)
        }
    }

    // A limit on the size of files stands in for a full disk: both fail in the middle of a
    // write. It holds for a whole process, hence one of its own.
    @Test func `a file beyond the allowed size is told as a full disk`() async throws {
        await #expect(processExitsWith: .success) {
            try await withScratchDirectory { root in
                let store = try LocalStore(root: root, access: .writing)
                signal(SIGXFSZ, SIG_IGN)
                var small = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
                try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &small) == 0)
                do {
                    try await store.write(to: try ObjectKey("data/big")) { writer in
                        let piece = [UInt8](repeating: 1, count: 300_000)
                        for _ in 0..<30 { try await writer.append(piece) }
                    }
                    exit(2)
                } catch let error as StorageError {
                    try #require(error.code == .full)
                    try #require(error.message.contains("_staging"))
                }
                try #require(try names(in: root + "/_staging").isEmpty)
                try #require(try names(in: root) == ["_staging"])
            }
        }
    }

    // A limit on open files stands in for a disk that takes the name and fails then: the folder
    // cannot be opened to be synced. It holds for a whole process, hence one of its own.
    @Test func `a write that fails behind its name takes the name away again`() async throws {
        await #expect(processExitsWith: .success) {
            try await withScratchDirectory { root in
                let store = try LocalStore(root: root, access: .writing)
                try await store.write(to: try ObjectKey("data/0")) { try await $0.append([1]) }
                let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
                var usual = rlimit()
                try #require(getrlimit(resource, &usual) == 0)
                do {
                    try await store.write(to: try ObjectKey("data/1")) { writer in
                        try await writer.append([1, 2, 3])
                        var none = rlimit(rlim_cur: 0, rlim_max: usual.rlim_max)
                        try #require(setrlimit(resource, &none) == 0)
                    }
                    exit(2)
                } catch let error as StorageError {
                    try #require(error.code == .device)
                    try #require(error.message.contains("open \(root)/data:"))
                }
                try #require(setrlimit(resource, &usual) == 0)
                try #require(try names(in: root + "/data") == ["0"])
                try #require(try names(in: root + "/_staging").isEmpty)
            }
        }
    }
}
