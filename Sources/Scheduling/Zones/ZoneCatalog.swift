import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The time zones of the machine.
///
/// They are read from the system's own files, so that an update of the system reaches this program. A
/// catalog reads each of them once: schedules in one zone share its rules.
package struct ZoneCatalog: Sendable {
    private let folder: String
    private let known = Known()

    private final class Known: Sendable {
        let zones = Mutex<[String: ZoneRules]>([:])
    }

    /// Makes a catalog of the files in `folder`.
    package init(folder: String = "/usr/share/zoneinfo") {
        self.folder = folder
    }

    /// The zone of a name, as in `Europe/Berlin`.
    ///
    /// - Throws: `TriggerError` for a name that is none, and for a file that cannot be read.
    package func zone(_ name: String) throws(TriggerError) -> ZoneRules {
        if ["UTC", "Etc/UTC", "Z"].contains(name) { return .utc }
        guard Self.isName(name) else {
            throw TriggerError(
                "\(name) is no name of a time zone; it is one like Europe/Berlin, or UTC"
            )
        }
        if let rules = known.zones.withLock({ $0[name] }) { return rules }
        let rules = try ZoneFile.rules(of: Self.bytes(of: "\(folder)/\(name)", name), name: name)
        known.zones.withLock { $0[name] = rules }
        return rules
    }

    /// Names are parts of letters, digits and `+-_`; nothing that leads out of the folder.
    private static func isName(_ name: String) -> Bool {
        name.utf8.count < 100
            && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        let letter = byte | 0x20
                        return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z")
                            || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
                            || "+-_".utf8.contains(byte)
                    }
            }
    }

    private static func bytes(of path: String, _ name: String) throws(TriggerError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw errno == ENOENT
                ? TriggerError(
                    "there is no time zone \(name) in \(path.dropLast(name.utf8.count + 1)); its name is "
                        + "one like Europe/Berlin, and the package tzdata has the files"
                )
                : TriggerError("\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Limits.zoneFileByteCount)
        var count = 0
        while count < bytes.count {
            let read = bytes.withUnsafeMutableBytes { buffer in
                Self.read(file, buffer, from: count)
            }
            if read == 0 { break }
            guard read > 0 else {
                throw TriggerError("\(path) cannot be read: \(String(cString: strerror(errno)))")
            }
            count += read
        }
        return Array(bytes[..<count])
    }

    private static func read(
        _ file: Int32,
        _ buffer: UnsafeMutableRawBufferPointer,
        from count: Int
    ) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        return pread(file, base + count, buffer.count - count, off_t(count))
    }
}
