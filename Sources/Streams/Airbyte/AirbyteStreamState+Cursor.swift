import JSON

extension AirbyteStreamState {
    /// Where an incremental read by `column` goes on from here; nil when the state says nothing of
    /// that column.
    ///
    /// Rows with the value itself are read again: Airbyte delivers at least once.
    package func cursor(column: String) -> CursorState? {
        let value: JSONValue?
        switch position {
        case .cursor(let path, let found) where path.last == column: value = found
        case .cursorBased(let state) where state.cursorFields.last == column: value = state.cursor
        // An ordered load that has not ended lacks rows below its cursor.
        default: return nil
        }
        switch value {
        case .string(let text): return CursorState(column: column, highest: text)
        case .integer(let number): return CursorState(column: column, highest: String(number))
        case .number(let text): return CursorState(column: column, highest: text)
        default: return nil
        }
    }

    /// The text of SQLite's `CAST(X'…' AS TEXT)`; nil for anything else, and for what is no UTF-8.
    private static func text(ofCast literal: String) -> String? {
        guard literal.hasPrefix("CAST(X'"), literal.hasSuffix("' AS TEXT)") else { return nil }
        let digits = Array(literal.dropFirst(7).dropLast(10))
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The state of a stream that was read by a cursor; nil where no value of it is kept.
    package init?(stream: StreamName, cursor: CursorState) {
        guard var highest = cursor.highest else { return nil }
        // SQLite's cursors are literals.
        if highest.count > 1, highest.hasPrefix("'"), highest.hasSuffix("'") {
            highest = String(highest.dropFirst().dropLast().replacing("''", with: "'"))
        }
        if let text = Self.text(ofCast: highest) { highest = text }
        let value: JSONValue = Int64(highest).map { .integer($0) } ?? .string(highest)
        self.init(
            stream: stream,
            position: .cursorBased(
                AirbyteCursorBased(field: cursor.column, cursor: value, stream: stream)
            )
        )
    }
}
