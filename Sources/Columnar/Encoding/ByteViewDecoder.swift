/// A value of a page by reference: `prefix` bytes of the value before it, then `count` bytes.
struct ByteView {
    var base: UnsafeRawPointer
    var count: UInt32
    var prefix: UInt32
}

/// Finds the values of a page of byte arrays, nulls left out, without copying them.
///
/// 16 bytes behind the data must be readable, and the data must outlive the views.
struct ByteViewDecoder {
    private enum Kind {
        case plain
        case plainFixed
        case dictionary
        case deltaLength
        case delta
        case split(stride: Int)
    }

    private let kind: Kind
    /// Bytes of each value of a fixed length.
    private let fixedLength: Int?
    private var cursor: UnsafeRawPointer
    private let end: UnsafeRawPointer
    private var runs: RunLengthDecoder?
    private var dictionary = UnsafeBufferPointer<ByteView>(start: nil, count: 0)
    private var prefixes: DeltaBinaryPackedDecoder?
    private var lengths: DeltaBinaryPackedDecoder?
    private var previousLength = 0
    /// Values of split streams handed out.
    private var joined = 0
    private let scratch: Scratch

    /// Memory that the decoders of a column share.
    final class Scratch {
        let indices = ByteStorage(capacity: Limits.windowValueCount * 4)
        let lengths = ByteStorage(capacity: Limits.windowValueCount * 4)
        /// Values put together from split streams.
        let values = ByteStorage()

        /// Room for `Limits.windowValueCount` numbers.
        var indexSlots: UnsafeMutablePointer<UInt32> {
            indices.base.assumingMemoryBound(to: UInt32.self)
        }

        /// Room for as many more.
        var lengthSlots: UnsafeMutablePointer<UInt32> {
            lengths.base.assumingMemoryBound(to: UInt32.self)
        }
    }

    /// Makes a decoder of values of any length, or of a fixed one.
    init(
        _ data: UnsafeRawBufferPointer,
        encoding: Encoding,
        fixedLength: Int?,
        dictionary: UnsafeBufferPointer<ByteView>,
        scratch: Scratch
    ) throws(ParquetError) {
        guard let base = data.baseAddress else {
            throw ParquetError(.truncated, "a page without data")
        }
        self.fixedLength = fixedLength
        self.scratch = scratch
        cursor = base
        end = base + data.count
        switch encoding {
        case .plain: kind = fixedLength == nil ? .plain : .plainFixed
        case .plainDictionary, .rleDictionary:
            kind = .dictionary
            self.dictionary = dictionary
            runs = try FixedValueDecoder.indexDecoder(data)
        case .deltaLengthByteArray:
            kind = .deltaLength
            let lengths = try DeltaBinaryPackedDecoder(data)
            self.lengths = lengths
            cursor = try lengths.dataBehind().baseAddress ?? end
        case .deltaByteArray:
            kind = .delta
            let prefixes = try DeltaBinaryPackedDecoder(data)
            let lengths = try DeltaBinaryPackedDecoder(try prefixes.dataBehind())
            self.prefixes = prefixes
            self.lengths = lengths
            cursor = try lengths.dataBehind().baseAddress ?? end
        case .byteStreamSplit:
            guard let fixedLength else {
                throw ParquetError(.unsupported, "\(encoding) of byte arrays is not read")
            }
            kind = .split(stride: data.count / fixedLength)
        default: throw ParquetError(.unsupported, "\(encoding) of byte arrays is not read")
        }
    }

    /// Whether values repeat the beginning of those before them.
    var usesPrefixes: Bool { prefixes != nil }

    /// Finds the next `count` values, at most `Limits.windowValueCount`.
    ///
    /// Views of split values hold until the next call.
    mutating func decode(
        _ count: Int,
        into views: UnsafeMutablePointer<ByteView>
    ) throws(ParquetError) {
        switch kind {
        case .plain: try plain(count, into: views)
        case .plainFixed:
            let length = fixedLength ?? 0
            guard count * length <= end - cursor else { throw Self.endsEarly }
            for index in 0..<count {
                views[index] = ByteView(base: cursor, count: UInt32(length), prefix: 0)
                cursor += length
            }
        case .dictionary:
            let indices = scratch.indexSlots
            try runs?.decode(count, into: indices)
            try FixedValueDecoder.check(indices, count: count, dictionarySize: dictionary.count)
            for index in 0..<count { views[index] = dictionary[Int(indices[index])] }
        case .deltaLength:
            try lengths?.decode(count, into: scratch.lengthSlots)
            try suffixes(count, into: views)
        case .delta:
            try prefixes?.decode(count, into: scratch.indexSlots)
            try lengths?.decode(count, into: scratch.lengthSlots)
            try suffixes(count, into: views)
            try joinPrefixes(count, into: views)
        case .split(let stride): try join(count, stride: stride, into: views)
        }
        guard let fixedLength else { return }
        for index in 0..<count where Int(views[index].count + views[index].prefix) != fixedLength {
            throw ParquetError(.corrupt, "a value has not got the \(fixedLength) bytes of its type")
        }
    }

    private mutating func plain(
        _ count: Int,
        into views: UnsafeMutablePointer<ByteView>
    ) throws(ParquetError) {
        for index in 0..<count {
            guard end - cursor >= 4 else { throw Self.endsEarly }
            let length = cursor.loadUnaligned(as: UInt32.self)
            guard Int(length) <= end - cursor - 4 else { throw Self.endsEarly }
            views[index] = ByteView(base: cursor + 4, count: length, prefix: 0)
            cursor += 4 + Int(length)
        }
    }

    private mutating func suffixes(
        _ count: Int,
        into views: UnsafeMutablePointer<ByteView>
    ) throws(ParquetError) {
        let lengths = scratch.lengthSlots
        for index in 0..<count {
            guard Int(lengths[index]) <= end - cursor else { throw Self.endsEarly }
            views[index] = ByteView(base: cursor, count: lengths[index], prefix: 0)
            cursor += Int(lengths[index])
        }
    }

    private mutating func joinPrefixes(
        _ count: Int,
        into views: UnsafeMutablePointer<ByteView>
    ) throws(ParquetError) {
        let prefixes = scratch.indexSlots
        for index in 0..<count {
            guard Int(prefixes[index]) <= previousLength else {
                throw ParquetError(.corrupt, "a value repeats more than the value before it has")
            }
            views[index].prefix = prefixes[index]
            // Suffixes add up to the page, so a value cannot be longer than one.
            previousLength = Int(prefixes[index]) + Int(views[index].count)
        }
    }

    private mutating func join(
        _ count: Int,
        stride: Int,
        into views: UnsafeMutablePointer<ByteView>
    ) throws(ParquetError) {
        let length = fixedLength ?? 0
        guard count <= stride - joined else { throw Self.endsEarly }
        scratch.values.removeAll()
        scratch.values.reserve(count * length)
        let target = scratch.values.base
        for index in 0..<count {
            for byte in 0..<length {
                let part = (cursor + (byte * stride + joined + index)).load(as: UInt8.self)
                target.storeBytes(of: part, toByteOffset: index * length + byte, as: UInt8.self)
            }
            views[index] = ByteView(
                base: target + index * length,
                count: UInt32(length),
                prefix: 0
            )
        }
        joined += count
    }

    private static let endsEarly = ParquetError(.truncated, "the byte arrays of a page end early")
}
