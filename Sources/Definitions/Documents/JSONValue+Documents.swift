package import FoundationEssentials
package import JSON

extension JSONValue {
    /// Reads a value that somebody sent or left.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - limit: The most bytes it may have.
    /// - Throws: `DefinitionError` `malformed` for what is too long, too deep or no JSON.
    package init(
        document bytes: Data,
        limit: Int = Limits.documentByteCount
    ) throws(DefinitionError) {
        do {
            try self.init(
                parsing: Array(bytes),
                JSONLimits(byteCount: limit, depth: Limits.documentDepth)
            )
        } catch {
            throw DefinitionError(.malformed, "it is no JSON document: \(error)")
        }
    }
}
