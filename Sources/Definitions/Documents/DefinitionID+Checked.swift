package import Basics

extension DefinitionID {
    /// Checks a name.
    ///
    /// - Throws: `DefinitionError` `invalid`.
    package init(_ text: String, field: String = "id") throws(DefinitionError) {
        guard let id = DefinitionID(rawValue: text) else {
            throw DefinitionError(
                .invalid,
                field: field,
                "a name has 1 to \(Self.maximumLength) lowercase letters, digits, - and _, and begins with "
                    + "a letter or digit"
            )
        }
        self = id
    }
}
