internal import ObjectStorage
import Synchronization

/// The pieces of a file that are in memory.
final class FilePieces: Sendable {
    /// A read of bytes that were not fetched.
    struct Missing: Error {
        let range: Range<Int64>
    }

    private struct Piece {
        var start: Int64
        var bytes: [UInt8]
    }

    private let held = Mutex<[Piece]>([])

    /// Puts ranges of an object in the place of what was held.
    func fetch(_ ranges: [Range<Int64>], of key: ObjectKey, in store: any ObjectStore) async throws
    {
        removeAll()
        for range in ranges {
            guard let start = Int(exactly: range.lowerBound),
                let end = Int(exactly: range.upperBound)
            else { throw StorageError(.invalid, "\(key) is longer than this machine can address") }
            let bytes = try await store.read(key, range: start..<end).bytes
            held.withLock { $0.append(Piece(start: range.lowerBound, bytes: bytes)) }
        }
    }

    /// Lets everything go.
    func removeAll() {
        held.withLock { $0 = [] }
    }

    /// The bytes of a range that was fetched.
    ///
    /// - Throws: `Missing`.
    func bytes(_ range: Range<Int64>) throws -> [UInt8] {
        try held.withLock { pieces in
            for piece in pieces {
                let start = range.lowerBound - piece.start
                guard start >= 0, start + Int64(range.count) <= Int64(piece.bytes.count) else {
                    continue
                }
                return Array(piece.bytes[Int(start)..<Int(start) + range.count])
            }
            throw Missing(range: range)
        }
    }
}
