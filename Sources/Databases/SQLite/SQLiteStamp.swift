import Streams

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The state of a database's files: while it is the same, nobody has written.
///
/// In the rollback modes the header counts changes; in WAL mode the log's own header and the index
/// beside it say which frames there are (SQLite documentation, "Database File Format" and "WAL-mode
/// File Format"). Copying the log back into the file changes the stamp too: a stamp that differs
/// proves nothing, one that is equal proves that there was no write.
struct SQLiteStamp: Hashable {
    private var text: String

    /// Looks at the files of the database at `path`.
    init(path: String) {
        // The log lies beside the file itself, not beside a link to it.
        let resolved = realpath(path, nil)
        defer { free(resolved) }
        let path = resolved.map { String(cString: $0) } ?? path
        let parts: [(suffix: String, ranges: [Range<Int>])] = [
            // The change counter, and which version counted it.
            ("", [24..<28, 92..<100]),
            // Salts of the log, which are new whenever it begins again.
            ("-wal", [0..<32]),
            // The last valid frame, its checksum and the salts.
            ("-shm", [16..<40]),
        ]
        text = parts.map { part in
            Self.state(of: path + part.suffix, part.ranges, withDates: part.suffix != "-shm")
        }.joined(separator: "; ")
    }

    /// The stamp as a run keeps it.
    var mark: SourceMark { SourceMark(["files": text]) }

    private static func state(of path: String, _ ranges: [Range<Int>], withDates: Bool) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "none" }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return "none" }
        var words: [String] = []
        if withDates {
            words.append(
                "\(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
            )
        }
        for range in ranges {
            var bytes = [UInt8](repeating: 0, count: range.count)
            let count = pread(descriptor, &bytes, range.count, off_t(range.lowerBound))
            words.append(
                bytes.prefix(max(count, 0)).map { String($0, radix: 16) }.joined(separator: ".")
            )
        }
        return words.joined(separator: " ")
    }
}
