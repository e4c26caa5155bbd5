/// The folder that somebody names: a path, or `file://` and a path.
package enum FolderAddress {
    /// Schemes of stores that people name without two slashes behind them, too.
    private static let stores: Set<String> = [
        "abfs", "abfss", "adl", "az", "ftp", "gcs", "gs", "hdfs", "http", "https", "minio", "oss",
        "r2",
        "s3", "s3a", "s3n", "sftp", "wasb", "wasbs", "webdav",
    ]

    /// The path of a folder.
    ///
    /// - Throws: `StorageError`: `unsupported` for an address of another scheme, which would else be a folder of
    ///   a strange name, with nothing but its scheme told, since an address may hold a secret; `invalid` for
    ///   what is no path.
    package static func path(_ text: String) throws -> String {
        guard !text.isEmpty, !text.utf8.contains(0) else {
            throw StorageError(.invalid, "the folder has no name; give a path")
        }
        guard !text.hasPrefix("~") else {
            throw StorageError(
                .invalid,
                "\(text): a path that begins with ~ is one for a shell; write it out, or ./\(text) for a folder "
                    + "of that name"
            )
        }
        guard let scheme = scheme(of: text) else { return text }
        let rest = text.dropFirst(scheme.count + 1)
        guard scheme.lowercased() == "file" else {
            throw StorageError(
                .unsupported,
                "\(scheme)://… cannot be used: a lake is a folder of this machine, as in /srv/lake or "
                    + "file:///srv/lake"
            )
        }
        return try filePath(rest)
    }

    /// The scheme of a text that is an address and no path.
    private static func scheme(of text: String) -> String? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let scheme = text[..<colon]
        let isScheme = scheme.utf8.enumerated().allSatisfy { index, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
                UInt8(ascii: "."):
                index > 0
            default: false
            }
        }
        guard isScheme, !scheme.isEmpty else { return nil }
        let isAddress =
            text[colon...].hasPrefix(":/") || scheme.lowercased() == "file"
            || stores.contains(scheme.lowercased())
        return isAddress ? String(scheme) : nil
    }

    /// The path behind `file:`, with `%` and two digits for any byte.
    private static func filePath(_ rest: Substring) throws -> String {
        var path = rest
        if path.hasPrefix("//") {
            path = path.dropFirst(2)
            let host = path.prefix { $0 != "/" }
            guard host.isEmpty || host.lowercased() == "localhost" else {
                throw StorageError(
                    .invalid,
                    "file://\(host)… names another machine; a folder of this one is file:///srv/lake"
                )
            }
            path = path.dropFirst(host.count)
        }
        guard path.hasPrefix("/"), !path.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw StorageError(
                .invalid,
                "file:\(rest): it is file:// and an absolute path, as in file:///srv/lake, with % and two "
                    + "digits for ? and #"
            )
        }
        guard let decoded = decoded(path), !decoded.utf8.contains(0) else {
            throw StorageError(
                .invalid,
                "file:\(rest): % stands before two hexadecimal digits of a byte; %25 is % itself"
            )
        }
        return decoded
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit),
                let low = rest.popFirst().flatMap(digit)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        UInt8(String(UnicodeScalar(byte)), radix: 16)
    }
}
