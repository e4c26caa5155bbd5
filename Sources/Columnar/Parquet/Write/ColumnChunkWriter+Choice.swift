// What a chunk decides by its first page with values: encoding and codec.

extension ColumnChunkWriter {
    // MARK: Encoding

    /// Encodes the values of a page to the end of `body`.
    func encodeValues(_ values: DenseValues, compressor: Compressor) -> Encoding {
        guard isDictionaryOpen, let dictionary else {
            return encodeFallback(values, compressor, into: body)
        }
        indices.count = 0
        indices.reserve(values.count * 4)
        let indexBase = indices.base.assumingMemoryBound(to: UInt32.self)
        let start = body.count
        guard dictionary.index(values, into: indexBase, byteLimit: dictionaryByteLimit) else {
            closeDictionary()
            return encodeFallback(values, compressor, into: body)
        }
        let width = BitPacking.width(of: UInt64(max(dictionary.count - 1, 0)))
        body.append(UInt8(width))
        RunLengthEncoder.encode(
            UnsafePointer(indexBase),
            count: values.count,
            width: width,
            into: body
        )
        if isDictionaryJudged || values.count == 0 { return .rleDictionary }
        isDictionaryJudged = true
        let choice = judge(dictionary, values, body.count - start, compressor)
        if choice != .rleDictionary {
            body.count = start
            body.append(scratchTrial.bytes)
            closeDictionary()
        }
        return choice
    }

    /// Gives the dictionary up for the pages behind, and for good where no page uses it.
    private func closeDictionary() {
        isDictionaryOpen = false
        if !pages.contains(where: { $0.encoding == .rleDictionary }) { dictionary = nil }
    }

    /// The encoding of the first page with values: that of its dictionary, or the one it leaves in
    /// `scratchTrial`.
    private func judge(
        _ dictionary: ColumnDictionary,
        _ values: DenseValues,
        _ indexByteCount: Int,
        _ compressor: Compressor
    ) -> Encoding {
        // So few values are worth a dictionary whatever else they would take.
        if dictionary.count <= values.count / Limits.dictionarySureShare { return .rleDictionary }
        scratchTrial.count = 0
        let encoding = encodeFallback(values, compressor, into: scratchTrial)
        let estimate = DictionaryEstimate(
            sampled: values.count,
            distinct: dictionary.count,
            entryByteCount: dictionary.byteCount,
            indexByteCount: indexByteCount,
            fallbackByteCount: scratchTrial.count,
            compressionRatio: compressionRatio(of: scratchTrial, compressor)
        )
        // A short first page is the whole chunk: rows come in pages that are full.
        let isWhole = values.count < options.pageRowCount / 2
        let chunkValueCount = isWhole ? values.count : options.rowGroupRowCount
        return estimate.pays(chunkValueCount: chunkValueCount) ? .rleDictionary : encoding
    }

    /// What the codec leaves of the beginning of some bytes, and so of all.
    private func compressionRatio(of bytes: ByteStorage, _ compressor: Compressor) -> Double {
        let sample = UnsafeRawBufferPointer(
            rebasing: bytes.bytes.prefix(Limits.dictionarySampleByteCount)
        )
        guard !sample.isEmpty else { return 1 }
        compressed.count = 0
        compressor.compress(sample, of: content, into: compressed)
        return min(1, Double(compressed.count) / Double(sample.count))
    }

    private func encodeFallback(
        _ values: DenseValues,
        _ compressor: Compressor,
        into out: ByteStorage
    ) -> Encoding {
        switch leaf.layout.physicalType {
        case .int32, .int64:
            guard options.encodings.packsIntegers else { break }
            ValueEncoder.encodeDelta(values, width: leaf.layout.width, into: out)
            return .deltaBinaryPacked
        case .byteArray:
            guard options.encodings.splitsValues else { break }
            ValueEncoder.encodeDeltaLength(values, into: out)
            return .deltaLengthByteArray
        case .float, .double:
            guard options.encodings.splitsValues, shouldSplit(values, compressor) else { break }
            ValueEncoder.encodeByteStreamSplit(values, width: leaf.layout.width, into: out)
            return .byteStreamSplit
        default: break
        }
        ValueEncoder.encodePlain(values, layout: leaf.layout, into: out)
        return .plain
    }

    /// Whether floats shrink more as planes of bytes: those of a few decimals do not.
    private func shouldSplit(_ values: DenseValues, _ compressor: Compressor) -> Bool {
        if let splitsFloats { return splitsFloats }
        guard values.count > 0 else { return false }
        let trial = ByteStorage()
        ValueEncoder.encodeByteStreamSplit(values, width: leaf.layout.width, into: trial)
        let split = wholeByteCount(of: trial, compressor)
        trial.count = 0
        ValueEncoder.encodePlain(values, layout: leaf.layout, into: trial)
        let isSmaller = split < wholeByteCount(of: trial, compressor)
        splitsFloats = isSmaller
        return isSmaller
    }

    private func wholeByteCount(of bytes: ByteStorage, _ compressor: Compressor) -> Int {
        compressed.count = 0
        compressor.compress(bytes.bytes, of: content, into: compressed)
        return compressed.count
    }

    // MARK: Codec

    /// What the codec meets in this column.
    var content: Compressor.Content {
        leaf.layout.physicalType == .byteArray ? .text : .words
    }

    /// Compresses `body` but its levels, which stand before, into `compressed`.
    ///
    /// The first page decides whether the chunk is compressed at all: packed bits hardly ever
    /// shrink, and trying costs more than encoding them did.
    func compressBody(_ encoding: Encoding, levelByteCount: Int, compressor: Compressor) {
        compressed.count = 0
        compressed.append(UnsafeRawBufferPointer(rebasing: body.bytes[..<levelByteCount]))
        let values = UnsafeRawBufferPointer(rebasing: body.bytes[levelByteCount...])
        guard codec != .uncompressed else { return compressed.append(values) }
        if storesIndices, encoding == .rleDictionary {
            return compressor.store(values, of: content, into: compressed)
        }
        compressor.compress(values, of: content, into: compressed)
        let gain = body.count - compressed.count
        guard pages.isEmpty, values.count >= Limits.codecSampleByteCount,
            gain * Limits.codecGainShare < values.count
        else { return }
        if isCodecDispensable {
            codec = .uncompressed
            compressed.count = levelByteCount
            compressed.append(values)
        } else {
            // What else the chunk has may shrink: its dictionary, or values behind a full one.
            storesIndices = true
        }
    }

    /// Whether nothing but pages like the first is to come: no large dictionary, no values behind
    /// one that was given up.
    private var isCodecDispensable: Bool {
        guard isDictionaryOpen, let dictionary else { return true }
        return dictionary.byteCount <= Limits.codecDictionaryByteCount
    }
}
