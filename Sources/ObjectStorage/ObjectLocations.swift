/// How the keys of a store are written in table metadata, as absolute locations, and read back.
package struct ObjectLocations: Hashable, Sendable {
    /// What stands before `/` and the key.
    package let base: String
    /// Other ways in which programs write `base`.
    private let synonyms: [String]

    /// Makes the locations under `base`, which ends without `/`.
    package init(base: String, synonyms: [String] = []) {
        self.base = base
        self.synonyms = synonyms
    }

    /// The absolute location of an object, or of the folder of that key.
    package func location(of key: ObjectKey) -> String {
        base + "/" + key.rawValue
    }

    /// The key of a location, in whatever way it is written; nil when it lies outside of this store
    /// or is no key.
    ///
    /// Bytes decide: letters that look the same may be two names.
    package func key(at location: String) -> ObjectKey? {
        let path = location.utf8
        for base in [base] + synonyms {
            let prefix = base.utf8
            guard path.starts(with: prefix), path.count > prefix.count,
                path[path.index(path.startIndex, offsetBy: prefix.count)] == UInt8(ascii: "/")
            else { continue }
            // A location that is no key is as foreign as one elsewhere: the answer is nil.
            return try? ObjectKey(String(path.dropFirst(prefix.count + 1)) ?? "")
        }
        return nil
    }
}
