import Glibc

/// Lists the names in a folder of the system.
enum FolderReader {
    /// All names that are UTF-8, without `.` and `..`; none when the folder is missing.
    static func names(in path: String) throws -> [String] {
        guard let folder = opendir(path) else {
            let reason = errno
            if reason == ENOENT || reason == ENOTDIR { return [] }
            throw StorageError("list", path, reason)
        }
        defer { closedir(folder) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else {
                let reason = errno
                if reason != 0 { throw StorageError("list", path, reason) }
                return names
            }
            guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return names }
            // The record is as long as its name: the array type of the field would read past it.
            let start = UnsafeRawPointer(entry).advanced(by: offset)
            let name = String(validatingCString: start.assumingMemoryBound(to: CChar.self))
            if let name, name != ".", name != ".." { names.append(name) }
        }
    }
}
