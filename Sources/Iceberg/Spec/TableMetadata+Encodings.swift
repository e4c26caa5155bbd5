package import Columnar

extension TableMetadata {
    /// The property of a table that keeps its choice of encodings.
    package static let encodingsProperty = "tributary.encodings"

    /// Which encodings the table's files use; nil in a table that does not say.
    ///
    /// - Throws: `IcebergError` `unsupported` for a word that is no choice.
    package func encodings() throws -> EncodingChoice? {
        guard let word = properties[Self.encodingsProperty] else { return nil }
        guard let choice = EncodingChoice(rawValue: word) else {
            let words = EncodingChoice.allCases.map(\.rawValue).joined(separator: ", ")
            throw IcebergError(
                .unsupported,
                "the table's property `\(Self.encodingsProperty)` is \"\(word)\"; it takes one of: "
                    + words
            )
        }
        return choice
    }
}

extension TableTransaction {
    /// Has the table's files of this commit and later ones use other encodings.
    package mutating func setEncodings(_ choice: EncodingChoice) {
        setProperties([TableMetadata.encodingsProperty: choice.rawValue])
    }
}
