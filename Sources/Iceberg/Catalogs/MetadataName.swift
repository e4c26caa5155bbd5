/// The file name of a metadata document.
///
/// ```
/// v7.metadata.json      the seventh document of a table kept by its folder
/// v7.gz.metadata.json   the same, compressed; older programs wrote v7.metadata.json.gz
/// 00007-<uuid>.metadata.json   one of a catalog that keeps the table's place itself
/// ```
/// `<uuid>.metadata.json` is a document on its way to its name, and none of a table.
enum MetadataName: Hashable {
    /// One of a table kept by its folder.
    case version(MetadataVersion)
    /// The like, compressed in a way that is not known here.
    case unreadable(String, version: Int)
    /// One of another catalog's.
    case foreign(String)

    private static let marker = ".metadata.json"

    /// Reads a file name; nil for one that is no document's.
    init?(_ name: String) {
        let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .compactMap { String($0) }
        guard let place = parts.firstIndex(of: "metadata"), place > 0, place + 1 < parts.count,
            parts[place + 1] == "json"
        else { return nil }
        let stem = parts[0]
        let codec = parts[1..<place] + parts[(place + 2)...]
        if stem.hasPrefix("v"), let version = Self.number(stem.dropFirst()) {
            guard let known = MetadataVersion(name, version) else {
                self = .unreadable(name, version: version)
                return
            }
            self = .version(known)
            return
        }
        guard codec.allSatisfy({ $0 == "gz" }), let dash = stem.firstIndex(of: "-"),
            Self.number(stem[..<dash], from: 0) != nil, !Self.isUUID(stem)
        else { return nil }
        self = .foreign(name)
    }

    /// Digits alone, and not too many of them.
    private static func number(_ text: Substring, from least: Int = 1) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int(text),
            number >= least
        else { return nil }
        return number
    }

    private static func isUUID(_ text: String) -> Bool {
        text.split(separator: "-", omittingEmptySubsequences: false).map(\.utf8.count)
            == [8, 4, 4, 4, 12]
    }

    /// What stands behind a document's stem.
    static func suffix(_ codec: MetadataCodec) -> String {
        switch codec {
        case .none: marker
        case .gzip: ".gz" + marker
        case .gzipBehind: marker + ".gz"
        }
    }
}

/// How a metadata document is stored, in the order in which engines look for it.
enum MetadataCodec: Hashable, CaseIterable {
    case none
    case gzip
    /// Older programs' way to name a compressed one.
    case gzipBehind
}

/// One document of a table kept by its folder.
struct MetadataVersion: Hashable {
    let number: Int
    let codec: MetadataCodec

    init(_ number: Int, _ codec: MetadataCodec) {
        self.number = number
        self.codec = codec
    }

    fileprivate init?(_ name: String, _ number: Int) {
        let codec = MetadataCodec.allCases.first {
            name.utf8.elementsEqual(MetadataVersion(number, $0).name.utf8)
        }
        guard let codec else { return nil }
        self.init(number, codec)
    }

    var name: String { "v\(number)" + MetadataName.suffix(codec) }
}

extension TableMetadata {
    static let codecProperty = "write.metadata.compression-codec"

    /// How the table wants its documents to be stored.
    ///
    /// - Throws: `IcebergError` `unsupported` for a codec that is not known here.
    func codec() throws -> MetadataCodec {
        switch properties[Self.codecProperty]?.lowercased() {
        case nil, "none": .none
        case "gzip": .gzip
        case let other?:
            throw IcebergError(
                .unsupported,
                "the table wants its metadata compressed by \(other) (property "
                    + "`\(Self.codecProperty)`), and none and gzip are written; set one of them"
            )
        }
    }
}
