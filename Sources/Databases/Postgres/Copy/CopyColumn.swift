import Columnar
package import Streams

/// One column of a COPY stream and what to do with values that do not fit it.
package struct CopyColumn: Sendable {
    package let name: String
    package let type: CopyType
    package let policy: ConversionPolicy
    /// Whether text may hold bytes that are no UTF-8: only where the database has no encoding.
    package let validatesText: Bool

    /// Makes a column.
    package init(
        name: String,
        type: CopyType,
        policy: ConversionPolicy,
        validatesText: Bool = false
    ) {
        self.name = name
        self.type = type
        self.policy = policy
        self.validatesText = validatesText
    }
}

extension ConversionCounts {
    /// Counts one value of a column of a COPY.
    mutating func add(
        _ reason: Conversion.Reason,
        _ outcome: Conversion.Outcome,
        column: CopyColumn
    ) throws(SourceError) {
        try add(reason, outcome, name: column.name, policy: column.policy)
    }
}
