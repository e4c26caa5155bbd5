/// The dictionary of one column chunk: distinct values of whatever kind the leaf has.
enum ColumnDictionary {
    case words32(FixedDictionary<UInt32>)
    case words64(FixedDictionary<UInt64>)
    case words128(FixedDictionary<UInt128>)
    case bytes(BytesDictionary)

    /// Makes an empty dictionary; nil for booleans, which gain nothing.
    init?(layout: LeafLayout) {
        switch layout.width {
        case 0: self = .bytes(BytesDictionary())
        case 4: self = .words32(FixedDictionary())
        case 8: self = .words64(FixedDictionary())
        case 16: self = .words128(FixedDictionary())
        default: return nil
        }
    }

    var count: Int {
        switch self {
        case .words32(let dictionary): dictionary.count
        case .words64(let dictionary): dictionary.count
        case .words128(let dictionary): dictionary.count
        case .bytes(let dictionary): dictionary.count
        }
    }

    /// Bytes of the dictionary page before compression, near enough.
    var byteCount: Int {
        switch self {
        case .words32(let dictionary): dictionary.values.count
        case .words64(let dictionary): dictionary.values.count
        case .words128(let dictionary): dictionary.values.count
        case .bytes(let dictionary): dictionary.bytes.count + 4 * dictionary.count
        }
    }

    /// Writes the index of each value; false when the dictionary is full.
    func index(
        _ values: DenseValues,
        into indices: UnsafeMutablePointer<UInt32>,
        byteLimit: Int
    ) -> Bool {
        switch self {
        case .words32(let dictionary):
            dictionary.index(
                values.base.assumingMemoryBound(to: UInt32.self),
                count: values.count,
                into: indices,
                limit: byteLimit / 4
            )
        case .words64(let dictionary):
            dictionary.index(
                values.base.assumingMemoryBound(to: UInt64.self),
                count: values.count,
                into: indices,
                limit: byteLimit / 8
            )
        case .words128(let dictionary):
            dictionary.index(
                values.base.assumingMemoryBound(to: UInt128.self),
                count: values.count,
                into: indices,
                limit: byteLimit / 16
            )
        case .bytes(let dictionary):
            dictionary.index(values, into: indices, byteLimit: byteLimit)
        }
    }

    /// The distinct values, to be encoded as the dictionary page.
    var values: DenseValues {
        switch self {
        case .words32(let dictionary):
            DenseValues(count: dictionary.count, base: dictionary.values.base, offsets: nil)
        case .words64(let dictionary):
            DenseValues(count: dictionary.count, base: dictionary.values.base, offsets: nil)
        case .words128(let dictionary):
            DenseValues(count: dictionary.count, base: dictionary.values.base, offsets: nil)
        case .bytes(let dictionary):
            DenseValues(
                count: dictionary.count,
                base: dictionary.bytes.base,
                offsets: UnsafePointer(dictionary.offsets.base.assumingMemoryBound(to: UInt32.self))
            )
        }
    }
}

/// Whether a dictionary is worth its bytes, judged from the first page of a chunk.
struct DictionaryEstimate {
    /// Values of the page.
    var sampled: Int
    /// Values of the dictionary after them.
    var distinct: Int
    /// Bytes of the dictionary.
    var entryByteCount: Int
    /// Bytes of the page's indices.
    var indexByteCount: Int
    /// Bytes of the page without a dictionary.
    var fallbackByteCount: Int
    /// What the codec leaves of the latter.
    var compressionRatio: Double

    /// How many distinct values a whole chunk is likely to hold, when `sampled` values held
    /// `distinct`: solves distinct = D × (1 − e^(−sampled / D)) for D, as if drawn at random.
    static func distinctCount(sampled: Int, distinct: Int) -> Double {
        let drawn = Double(sampled)
        let seen = Double(distinct)
        guard seen < 0.98 * drawn else { return .infinity }
        var low = seen
        var high = seen * 64
        for _ in 0..<40 {
            let middle = (low + high) / 2
            if middle * (1 - exponential(-drawn / middle)) < seen {
                low = middle
            } else {
                high = middle
            }
        }
        return high
    }

    /// e^x for x ≤ 0, to three digits: Columnar links no mathematics library for one estimate.
    private static func exponential(_ exponent: Double) -> Double {
        var result = 1 + exponent / 1024
        guard result > 0 else { return 0 }
        for _ in 0..<10 { result *= result }
        return result
    }

    /// Whether dictionary and indices of a chunk of `chunkValueCount` values take fewer bytes than
    /// its values themselves, all of them compressed.
    ///
    /// The values of the dictionary shrink as those of the page; packed indices hardly ever do, and
    /// grow by the bits that further values need.
    func pays(chunkValueCount: Int) -> Bool {
        let scale = Double(max(chunkValueCount, sampled)) / Double(sampled)
        let expected = min(
            Self.distinctCount(sampled: sampled, distinct: distinct),
            Double(sampled) * scale
        )
        func width(_ count: Double) -> Double {
            Double(BitPacking.width(of: UInt64(max(1, min(count, 1e9) - 1))))
        }
        let growth = width(expected) / width(Double(distinct))
        let entries = expected * Double(entryByteCount) / Double(distinct) * compressionRatio
        let cost = entries + Double(indexByteCount) * growth * scale
        return cost < Double(fallbackByteCount) * compressionRatio * scale
    }
}
