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

    /// The key of a location; nil when it lies outside of this store or is no key.
    package func key(at location: String) -> ObjectKey? {
        for base in [base] + synonyms where location.hasPrefix(base + "/") {
            let path = location.dropFirst(base.count + 1)
            // A location that is no key is as foreign as one elsewhere: the answer is nil.
            return try? ObjectKey(String(path))
        }
        return nil
    }
}
