#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Decodes the values of a page of booleans or of numbers of 4 or 8 bytes, nulls left out.
///
/// 16 bytes behind the data must be readable.
struct FixedValueDecoder {
    private enum Kind {
        case plain
        case plainBits
        case runs
        case dictionary
        case delta
        case split(stride: Int)
    }

    private let kind: Kind
    private let width: Int
    private let base: UnsafeRawPointer
    private let byteCount: Int
    /// Values handed out.
    private var position = 0
    private var runs: RunLengthDecoder?
    private var delta: DeltaBinaryPackedDecoder?
    private var dictionary = UnsafeRawBufferPointer(start: nil, count: 0)
    private var indices: UnsafeMutablePointer<UInt32>?

    /// Makes a decoder of values of `width` bytes; booleans have 1.
    ///
    /// `indices` has room for `Limits.windowValueCount` numbers, `dictionary` the plain values of
    /// the dictionary page.
    init(
        _ data: UnsafeRawBufferPointer,
        encoding: Encoding,
        width: Int,
        isInteger: Bool,
        dictionary: UnsafeRawBufferPointer,
        indices: UnsafeMutablePointer<UInt32>
    ) throws(ParquetError) {
        guard let base = data.baseAddress else {
            throw ParquetError(.truncated, "a page without data")
        }
        self.base = base
        self.width = width
        byteCount = data.count
        switch encoding {
        case .plain: kind = width == 1 ? .plainBits : .plain
        case .rle where width == 1:
            kind = .runs
            runs = try RunLengthDecoder(try Self.lengthPrefixed(data), width: 1)
        case .plainDictionary, .rleDictionary:
            guard width > 1 else {
                throw ParquetError(.unsupported, "a dictionary of booleans is not read")
            }
            kind = .dictionary
            self.dictionary = dictionary
            self.indices = indices
            runs = try Self.indexDecoder(data)
        case .deltaBinaryPacked where isInteger:
            kind = .delta
            delta = try DeltaBinaryPackedDecoder(data)
        case .byteStreamSplit where width > 1: kind = .split(stride: data.count / width)
        default:
            throw ParquetError(.unsupported, "\(encoding) of values of \(width) bytes is not read")
        }
    }

    /// The bytes behind a length of 4 bytes.
    static func lengthPrefixed(
        _ data: UnsafeRawBufferPointer
    ) throws(ParquetError) -> UnsafeRawBufferPointer {
        guard data.count >= 4 else { throw ParquetError(.truncated, "a page ends early") }
        let length = Int(data.loadUnaligned(as: UInt32.self))
        guard length <= data.count - 4 else { throw ParquetError(.truncated, "a page ends early") }
        return UnsafeRawBufferPointer(rebasing: data[4..<4 + length])
    }

    /// The decoder of dictionary indices: a byte of width, then runs; nothing if all is null.
    static func indexDecoder(
        _ data: UnsafeRawBufferPointer
    ) throws(ParquetError) -> RunLengthDecoder {
        guard let width = data.first else { return try RunLengthDecoder(data, width: 0) }
        return try RunLengthDecoder(UnsafeRawBufferPointer(rebasing: data[1...]), width: Int(width))
    }

    /// Decodes `count` values to `target`, `width` bytes each.
    mutating func decode(
        _ count: Int,
        into target: UnsafeMutableRawPointer
    ) throws(ParquetError) {
        defer { position += count }
        switch kind {
        case .plain:
            try require(count, of: byteCount / width)
            memcpy(target, base + position * width, count * width)
        case .plainBits:
            try require(count, of: byteCount * 8)
            let out = target.assumingMemoryBound(to: UInt8.self)
            for index in 0..<count {
                let bit = position + index
                out[index] = ((base + (bit >> 3)).load(as: UInt8.self) >> UInt8(bit & 7)) & 1
            }
        case .runs: try runs?.decode(count, into: target.assumingMemoryBound(to: UInt8.self))
        case .dictionary: try gather(count, into: target)
        case .delta:
            if width == 4 {
                try delta?.decode(count, into: target.assumingMemoryBound(to: Int32.self))
            } else {
                try delta?.decode(count, into: target.assumingMemoryBound(to: Int64.self))
            }
        case .split(let stride):
            try require(count, of: stride)
            if width == 4 {
                join(count, stride: stride, into: target.assumingMemoryBound(to: UInt32.self))
            } else {
                join(count, stride: stride, into: target.assumingMemoryBound(to: UInt64.self))
            }
        }
    }

    private func require(_ count: Int, of available: Int) throws(ParquetError) {
        guard count <= available - position else {
            throw ParquetError(.truncated, "the values of a page end early")
        }
    }

    private func join<Word: FixedWidthInteger>(
        _ count: Int,
        stride: Int,
        into target: UnsafeMutablePointer<Word>
    ) {
        for index in 0..<count {
            var word: Word = 0
            for byte in 0..<Word.bitWidth / 8 {
                let part = (base + (byte * stride + position + index)).load(as: UInt8.self)
                word |= Word(truncatingIfNeeded: part) << Word(truncatingIfNeeded: byte * 8)
            }
            target[index] = word
        }
    }

    private mutating func gather(
        _ count: Int,
        into target: UnsafeMutableRawPointer
    ) throws(ParquetError) {
        guard let indices, let values = dictionary.baseAddress else {
            guard count == 0 else { throw ParquetError(.corrupt, "an empty dictionary is used") }
            return
        }
        let size = dictionary.count / width
        var done = 0
        while done < count {
            let step = min(count - done, Limits.windowValueCount)
            try runs?.decode(step, into: indices)
            try Self.check(indices, count: step, dictionarySize: size)
            if width == 4 {
                let out = (target + done * 4).assumingMemoryBound(to: UInt32.self)
                let words = values.assumingMemoryBound(to: UInt32.self)
                for index in 0..<step { out[index] = words[Int(indices[index])] }
            } else {
                let out = (target + done * 8).assumingMemoryBound(to: UInt64.self)
                let words = values.assumingMemoryBound(to: UInt64.self)
                for index in 0..<step { out[index] = words[Int(indices[index])] }
            }
            done += step
        }
    }

    /// Checks that all indices lie in the dictionary.
    static func check(
        _ indices: UnsafeMutablePointer<UInt32>,
        count: Int,
        dictionarySize: Int
    ) throws(ParquetError) {
        var highest: UInt32 = 0
        for index in 0..<count { highest = max(highest, indices[index]) }
        guard count == 0 || Int(highest) < dictionarySize else {
            throw ParquetError(
                .corrupt,
                "index \(highest) into a dictionary of \(dictionarySize) values"
            )
        }
    }
}
