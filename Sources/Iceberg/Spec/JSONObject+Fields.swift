import JSON

extension JSONValue {
    /// Reads a document that any program may have written.
    ///
    /// - Throws: `IcebergError` `corrupt` with the place at which it stops being JSON.
    init(document bytes: [UInt8]) throws {
        do {
            // A name that comes twice is taken as Jackson takes it, which other programs read with.
            try self.init(
                parsing: bytes,
                JSONLimits(depth: Limits.jsonDepth, repeatedNames: .lastWins)
            )
        } catch {
            throw IcebergError(.corrupt, "not JSON: \(error)")
        }
    }
}

extension JSONObject {
    /// A member that must be there.
    ///
    /// - Throws: `IcebergError` `corrupt`.
    func required<Value>(_ name: String, _ read: (JSONValue) -> Value?) throws -> Value {
        guard let value = try optional(name, read) else {
            throw IcebergError(.corrupt, "`\(name)` is missing")
        }
        return value
    }

    /// A member that may be missing or null, but not of another type.
    ///
    /// - Throws: `IcebergError` `corrupt`.
    func optional<Value>(_ name: String, _ read: (JSONValue) -> Value?) throws -> Value? {
        guard let member = self[name], member != .null else { return nil }
        guard let value = read(member) else {
            throw IcebergError(.corrupt, "`\(name)` is of the wrong type")
        }
        return value
    }

    /// A member that must be a 32-bit integer.
    func requiredInt(_ name: String) throws -> Int {
        guard let value = try optionalInt(name) else {
            throw IcebergError(.corrupt, "`\(name)` is missing")
        }
        return value
    }

    /// A member that may be missing, or a 32-bit integer.
    func optionalInt(_ name: String) throws -> Int? {
        guard let value = try optional(name, \.integer) else { return nil }
        guard let small = Int32(exactly: value) else {
            throw IcebergError(.corrupt, "`\(name)` is out of range")
        }
        return Int(small)
    }

    /// Members that are all text.
    func strings() throws -> [String: String] {
        var result: [String: String] = [:]
        for member in members {
            guard let value = member.value.string else {
                throw IcebergError(.corrupt, "`\(member.name)` is no text")
            }
            result[member.name] = value
        }
        return result
    }
}
