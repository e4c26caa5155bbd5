package import Columnar

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// What a source's own statistics say of a column.
package struct ColumnStatistics: Hashable, Sendable {
    /// Different values in all rows.
    package var distinctCount: Double
    /// The share of nulls.
    package var nullFraction: Double
    /// Bytes of a value as the source keeps it.
    package var averageByteCount: Double
    /// Whether the rows lie in the order of the column.
    package var isClustered: Bool
    /// How many numbers lie between the least and the most, in the units a file holds them in; nil
    /// where the source does not tell.
    package var span: Double?

    /// Makes the statistics of a column.
    package init(
        distinctCount: Double,
        nullFraction: Double,
        averageByteCount: Double,
        isClustered: Bool,
        span: Double?
    ) {
        self.distinctCount = distinctCount
        self.nullFraction = nullFraction
        self.averageByteCount = averageByteCount
        self.isClustered = isClustered
        self.span = span
    }
}

extension ReadPlan {
    /// About how many bytes the data files of a table with all rows take under each choice of
    /// encodings; nil where the source's statistics do not tell of every column.
    package var estimatedFileByteCounts: [EncodingChoice: Int64]? {
        guard let rowCount = estimatedRowCount, rowCount > 0, !columns.isEmpty else { return nil }
        var sizes: [EncodingChoice: Double] = [:]
        for column in columns {
            guard let known = statistics[column.name] else { return nil }
            let estimate = ColumnSizeEstimate(column.type, known, rowCount: Double(rowCount))
            for choice in EncodingChoice.allCases {
                sizes[choice, default: 0] += estimate.byteCount(choice)
            }
        }
        return sizes.mapValues { Int64($0) }
    }
}

/// About how many bytes one column takes in data files.
///
/// The numbers are those of measured columns (docs/performance.md, "Encodings"): what zstd leaves of
/// numbers and texts, and how many bits differences take.
struct ColumnSizeEstimate {
    private let type: DataType
    private let known: ColumnStatistics
    /// Values that are not null.
    private let count: Double
    private let distinct: Double
    private let groupCount: Double

    init(_ type: DataType, _ known: ColumnStatistics, rowCount: Double) {
        self.type = type
        self.known = known
        count = rowCount * (1 - known.nullFraction)
        distinct = min(max(1, known.distinctCount), max(1, count))
        groupCount = min(max(1, count), Double(Columnar.Limits.rowGroupRowCount))
    }

    func byteCount(_ choice: EncodingChoice) -> Double {
        count * min(dictionaryByteCount, valueByteCount(choice))
    }

    /// Bytes of a value in memory; of a text with its length.
    private var width: Double {
        switch type.storage {
        case .fixed(let width): Double(width)
        case .variable: known.averageByteCount + 4
        case .list, .structure: known.averageByteCount
        }
    }

    /// Bits of the numbers' range.
    private var rangeBits: Double {
        known.span.map { log2($0 + 1) } ?? width * 8 * 0.6
    }

    /// Bits of the step from one row to the next, where rows lie in the column's order.
    private var stepBits: Double { max(0, rangeBits - log2(max(1, count))) }

    private var isPackable: Bool {
        switch type {
        case .int, .long, .date, .time, .timestamp, .timestamptz: true
        case .decimal(let precision, _): precision <= 18
        default: false
        }
    }

    /// What a value takes in a chunk without a dictionary.
    private func valueByteCount(_ choice: EncodingChoice) -> Double {
        switch type {
        case .boolean: return 0.125
        case .float, .double, .uuid: return width * 0.95
        case .string, .binary:
            let plain = width * (width < 16 ? 0.45 : 0.31)
            // The length stands in the way of what repeats.
            return choice == .compact ? max(plain - 1, plain * 0.75) : plain
        case _ where !isPackable: return width * 0.6
        case _ where known.isClustered:
            return choice == .compatible
                ? min(width, 0.1 + (0.9 + stepBits / 8) * distinct / max(1, count))
                : min(width, 0.05 + (stepBits + 1) / 8)
        default:
            return choice == .compatible
                ? min(width, rangeBits / 8 + 0.9) : min(width, (rangeBits + 1) / 8 + 0.05)
        }
    }

    /// What a value takes in a chunk with one, its share of the dictionary included.
    private var dictionaryByteCount: Double {
        guard type != .boolean, !type.isNested else { return .infinity }
        let met =
            known.isClustered
            ? max(1, distinct * groupCount / max(1, count))
            : distinct * (1 - exp(-groupCount / distinct))
        guard met * width <= Double(Columnar.Limits.dictionaryByteCount) else { return .infinity }
        let entry = min(width, isPackable ? rangeBits / 8 + 0.9 : width * 0.4)
        return max(1, log2(met).rounded(.up)) / 8 + met * entry / groupCount
    }
}
