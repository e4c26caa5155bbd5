/// The name of an object in a store: segments joined by `/`, never a way out of the store.
package struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The key as it is written, for example `warehouse/shop/orders/data/1.parquet`.
    package let rawValue: String

    /// Checks a key.
    ///
    /// - Throws: `StorageError` `invalid` for an empty key or segment, `.`, `..`, a leading or
    ///   trailing `/`, a backslash, a NUL, or a segment or key that is too long.
    package init(_ rawValue: String) throws {
        func refuse(_ reason: String) -> StorageError {
            StorageError(.invalid, "\"\(rawValue)\" is no object key: \(reason)")
        }
        guard rawValue.utf8.count <= Limits.keyByteCount else {
            throw refuse("it is longer than \(Limits.keyByteCount) bytes; use shorter names")
        }
        guard !rawValue.utf8.contains(0), !rawValue.utf8.contains(UInt8(ascii: "\\")) else {
            throw refuse("it holds a NUL or a backslash")
        }
        for segment in rawValue.utf8.split(separator: 0x2F, omittingEmptySubsequences: false) {
            guard !segment.isEmpty else { throw refuse("a segment is empty; keys are relative") }
            guard !segment.elementsEqual(".".utf8), !segment.elementsEqual("..".utf8) else {
                throw refuse("`.` and `..` are not names")
            }
            guard segment.count <= Limits.segmentByteCount else {
                throw refuse("a segment is longer than \(Limits.segmentByteCount) bytes")
            }
        }
        self.rawValue = rawValue
    }

    /// The key of `path`, one or more segments, below this one.
    ///
    /// - Throws: `StorageError` `invalid`, as the initialiser does.
    package func appending(_ path: String) throws -> ObjectKey {
        try ObjectKey(rawValue + "/" + path)
    }

    /// The last segment.
    package var name: String {
        guard let slash = rawValue.utf8.lastIndex(of: 0x2F) else { return rawValue }
        return String(rawValue[rawValue.utf8.index(after: slash)...])
    }

    /// The first segment.
    package var firstSegment: String {
        guard let slash = rawValue.utf8.firstIndex(of: 0x2F) else { return rawValue }
        return String(rawValue[..<slash])
    }

    package var description: String { rawValue }

    // By bytes, as stores do: letters that Swift holds for equal may be written in two ways.

    package static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }

    package static func == (left: ObjectKey, right: ObjectKey) -> Bool {
        left.rawValue.utf8.elementsEqual(right.rawValue.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var text = rawValue
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
