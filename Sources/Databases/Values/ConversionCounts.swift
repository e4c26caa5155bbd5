import Basics
import Streams

/// Counts the changed values of one column.
struct ConversionCounts {
    private var counts: [Conversion.Reason: (null: Int64, clamped: Int64, kept: Int64)] = [:]

    /// Counts one value, or throws where the policy is `error`.
    mutating func add(
        _ reason: Conversion.Reason,
        _ outcome: Conversion.Outcome,
        name: String,
        policy: ConversionPolicy
    ) throws(SourceError) {
        if policy == .error {
            throw SourceError(
                .badValue,
                "column \(name): a value cannot be kept (\(reason.rawValue)); let it be "
                    + "null, clamped or text with \(Remedy.policy(of: name, "null|clamp|string"))"
            )
        }
        switch outcome {
        case .null: counts[reason, default: (0, 0, 0)].null += 1
        case .clamped: counts[reason, default: (0, 0, 0)].clamped += 1
        case .kept: counts[reason, default: (0, 0, 0)].kept += 1
        }
    }

    /// The counts that are not zero.
    func conversions(column: String) -> [Conversion] {
        Conversion.Reason.allCases.flatMap { reason -> [Conversion] in
            guard let count = counts[reason] else { return [] }
            return [
                Conversion(column: column, reason: reason, outcome: .null, count: count.null),
                Conversion(column: column, reason: reason, outcome: .clamped, count: count.clamped),
                Conversion(column: column, reason: reason, outcome: .kept, count: count.kept),
            ].filter { $0.count > 0 }
        }
    }
}
