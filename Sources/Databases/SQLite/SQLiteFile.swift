#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif
import Streams

/// The file behind a source, before SQLite looks at it.
enum SQLiteFile {
    /// Says what is in the way of opening it; a missing file is never created.
    static func check(_ path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            if code == ENOENT || code == ENOTDIR {
                throw SourceError(.notFound, "there is no file \(path); check the path")
            }
            throw SourceError(.permission, "\(path) cannot be reached: \(message(code))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SourceError(.configuration, "\(path) is not a file; give a database file")
        }
        guard access(path, R_OK) == 0 else {
            throw SourceError(.permission, "\(path) may not be read: \(message(errno))")
        }
    }

    /// The path as SQLite has to be told it, so that `:memory:` and `file:` stay file names.
    static func openPath(_ path: String) -> String {
        path.hasPrefix("/") ? path : "./" + path
    }

    private static func message(_ code: Int32) -> String {
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
