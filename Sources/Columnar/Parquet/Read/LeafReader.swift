#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Hands out the values of one leaf column of a row group.
///
/// Three ways: numbers of a flat column go straight into a column (`readNumbers`); byte arrays of
/// a flat column go through a window of decoded levels and views, because their size decides how
/// many rows a batch gets (`rowCount`, `readBytes`); nested columns take entry by entry from the
/// window (`definitionLevel`, `append`).
final class LeafReader {
    let leaf: ReadLeaf
    private let pages: PageReader
    /// Bytes of a converted value, nil if they differ.
    private let width: Int?
    private let repetition = ByteStorage()
    private let definition = ByteStorage()
    private let views = ByteStorage()
    /// Numbers as in the file, then converted.
    private let raw = ByteStorage()
    private let dense = ByteStorage()
    /// The value handed out last, where values repeat the beginning of it.
    private let previous = ByteStorage()
    private var usesPrefixes = false
    /// Entries of the window: all, and the next.
    private var windowCount = 0
    private var windowIndex = 0
    private var valueIndex = 0
    private var windowByteCount = 0
    /// Bytes appended for the row of a nested column.
    private(set) var rowByteCount = 0

    init(_ pages: PageReader, type: DataType) {
        self.pages = pages
        leaf = pages.leaf
        width = if case .fixed(let width) = type.storage { width } else { nil }
    }

    func failure(_ code: ParquetError.Code, _ message: String) -> ParquetError {
        pages.failure(code, message)
    }

    /// Checks that the chunk has no values left.
    func finish() throws {
        guard windowIndex == windowCount, try !pages.fill() else {
            throw failure(.corrupt, "a column has more values than its row group has rows")
        }
    }

    // MARK: Flat numbers

    /// Reads `rows` values of a flat column of booleans or numbers.
    func readNumbers(_ rows: Int, into column: ColumnBuffer) throws {
        var left = rows
        while left > 0 {
            guard try pages.fill() else {
                throw failure(.truncated, "a column has fewer values than its row group has rows")
            }
            let step = min(left, pages.valuesLeft)
            do {
                try readNumbersOfPage(step, into: column)
            } catch {
                throw pages.located(error)
            }
            pages.consume(step)
            left -= step
        }
    }

    private func readNumbersOfPage(
        _ rows: Int,
        into column: ColumnBuffer
    ) throws(ParquetError) {
        guard let width, let rawWidth = leaf.rawWidth else { return }
        let slots = column.reserveFixed(rows: rows)
        var present = rows
        if leaf.maximumDefinition > 0 {
            try pages.definition.decode(rows, into: slots.validity)
            present = Self.sum(slots.validity, count: rows)
        } else {
            slots.validity.update(repeating: 1, count: rows)
        }
        if case .none = leaf.conversion {
            try pages.fixed?.decode(present, into: slots.values)
        } else {
            raw.reserve(present * rawWidth)
            try pages.fixed?.decode(present, into: raw.base)
            try leaf.conversion.convert(raw.base, count: present, to: slots.values, width: width)
        }
        if present < rows {
            switch width {
            case 1: Self.spread(UInt8.self, slots, rows: rows, present: present)
            case 4: Self.spread(UInt32.self, slots, rows: rows, present: present)
            case 8: Self.spread(UInt64.self, slots, rows: rows, present: present)
            default: Self.spread(UInt128.self, slots, rows: rows, present: present)
            }
        }
        column.commitFixed(rows: rows, nulls: rows - present)
    }

    private static func sum(_ flags: UnsafeMutablePointer<UInt8>, count: Int) -> Int {
        var sum = 0
        for index in 0..<count { sum &+= Int(flags[index]) }
        return sum
    }

    /// Moves `present` values to the slots that are valid, from the back so that none is lost.
    private static func spread<Value: FixedWidthInteger>(
        _: Value.Type,
        _ slots: ColumnBuffer.FixedSlots,
        rows: Int,
        present: Int
    ) {
        let values = slots.values.assumingMemoryBound(to: Value.self)
        var source = present
        var index = rows
        while index > 0 {
            index &-= 1
            if slots.validity[index] != 0 {
                source &-= 1
                values[index] = values[source]
            } else {
                values[index] = 0
            }
        }
    }

    // MARK: Window

    private var viewSlots: UnsafeMutablePointer<ByteView> {
        views.base.assumingMemoryBound(to: ByteView.self)
    }

    private var definitionLevels: UnsafeMutablePointer<UInt8> {
        definition.base.assumingMemoryBound(to: UInt8.self)
    }

    /// Decodes the next window if all of the last was used; false at the end of the chunk.
    private func fillWindow() throws -> Bool {
        if windowIndex < windowCount { return true }
        windowIndex = 0
        windowCount = 0
        valueIndex = 0
        guard try pages.fill() else { return false }
        let count = min(pages.valuesLeft, Limits.windowValueCount)
        do {
            try decodeWindow(count)
        } catch {
            throw pages.located(error)
        }
        pages.consume(count)
        windowCount = count
        return true
    }

    private func decodeWindow(_ count: Int) throws(ParquetError) {
        var present = count
        if leaf.maximumRepetition > 0 {
            repetition.reserve(Limits.windowValueCount)
            try pages.repetition.decode(
                count,
                into: repetition.base.assumingMemoryBound(to: UInt8.self)
            )
        }
        if leaf.maximumDefinition > 0 {
            definition.reserve(Limits.windowValueCount)
            let levels = definitionLevels
            try pages.definition.decode(count, into: levels)
            present = 0
            for index in 0..<count where levels[index] == leaf.maximumDefinition { present += 1 }
        }
        if let rawWidth = leaf.rawWidth {
            dense.reserve(Limits.windowValueCount * 16)
            if case .none = leaf.conversion {
                try pages.fixed?.decode(present, into: dense.base)
            } else {
                raw.reserve(Limits.windowValueCount * rawWidth)
                try pages.fixed?.decode(present, into: raw.base)
                try leaf.conversion.convert(
                    raw.base,
                    count: present,
                    to: dense.base,
                    width: width ?? 0
                )
            }
            return
        }
        views.reserve(Limits.windowValueCount * MemoryLayout<ByteView>.stride)
        try pages.views?.decode(present, into: viewSlots)
        usesPrefixes = pages.views?.usesPrefixes ?? false
        windowByteCount = 0
        for index in 0..<present {
            windowByteCount += Int(viewSlots[index].count) + Int(viewSlots[index].prefix)
        }
    }

    /// The bytes of the value `index` of the window; values must be asked for in order.
    private func bytes(at index: Int) -> UnsafeRawBufferPointer {
        let view = viewSlots[index]
        let suffix = UnsafeRawBufferPointer(start: view.base, count: Int(view.count))
        guard usesPrefixes else { return suffix }
        previous.count = Int(view.prefix)
        previous.append(suffix)
        return previous.bytes
    }

    // MARK: Flat byte arrays

    /// Rows, up to `limit`, that can be read at once with at most `byteLimit` bytes; at least one.
    func rowCount(upTo limit: Int, byteLimit: Int) throws -> Int {
        guard try fillWindow() else {
            throw failure(.truncated, "a column has fewer values than its row group has rows")
        }
        let most = min(limit, windowCount - windowIndex)
        guard width == nil, windowByteCount > byteLimit else { return most }
        var value = valueIndex
        var total = 0
        for row in 0..<most where isPresent(windowIndex + row) {
            total += Int(viewSlots[value].count) + Int(viewSlots[value].prefix)
            value += 1
            if total > byteLimit { return max(row, 1) }
        }
        return most
    }

    private func isPresent(_ index: Int) -> Bool {
        leaf.maximumDefinition == 0 || definitionLevels[index] == leaf.maximumDefinition
    }

    /// Reads `rows` values, at most as many as `rowCount` said.
    func readBytes(_ rows: Int, into column: ColumnBuffer) throws {
        precondition(rows <= windowCount - windowIndex, "more rows than the window has")
        if let width {
            do {
                try readConverted(rows, width: width, into: column)
            } catch {
                throw pages.located(error)
            }
        } else {
            readVariable(rows, into: column)
        }
        windowIndex += rows
    }

    private func readVariable(_ rows: Int, into column: ColumnBuffer) {
        let views = viewSlots
        var (total, value) = (0, valueIndex)
        for row in 0..<rows where isPresent(windowIndex + row) {
            total += Int(views[value].count) + Int(views[value].prefix)
            value += 1
        }
        let slots = column.reserveVariable(rows: rows, byteCount: total)
        var position = 0
        var nulls = 0
        for row in 0..<rows {
            if isPresent(windowIndex + row) {
                let bytes = bytes(at: valueIndex)
                valueIndex += 1
                if let base = bytes.baseAddress {
                    memcpy(slots.bytes + position, base, bytes.count)
                }
                position += bytes.count
                slots.validity[row] = 1
            } else {
                slots.validity[row] = 0
                nulls += 1
            }
            slots.ends[row] = slots.firstOffset + UInt32(position)
        }
        column.commitVariable(rows: rows, byteCount: total, nulls: nulls)
    }

    private func readConverted(
        _ rows: Int,
        width: Int,
        into column: ColumnBuffer
    ) throws(ParquetError) {
        let slots = column.reserveFixed(rows: rows)
        var nulls = 0
        for row in 0..<rows {
            if isPresent(windowIndex + row) {
                slots.validity[row] = 1
                let bytes = bytes(at: valueIndex)
                valueIndex += 1
                try leaf.conversion.convert(bytes, to: slots.values, index: row, width: width)
            } else {
                slots.validity[row] = 0
                memset(slots.values + row * width, 0, width)
                nulls += 1
            }
        }
        column.commitFixed(rows: rows, nulls: nulls)
    }

    // MARK: Entry by entry

    /// Whether an entry is left.
    func hasEntry() throws -> Bool { try fillWindow() }

    /// The definition level of the next entry, which must exist.
    var definitionLevel: UInt8 {
        leaf.maximumDefinition == 0 ? 0 : definitionLevels[windowIndex]
    }

    /// The repetition level of the next entry, which must exist.
    var repetitionLevel: UInt8 {
        guard leaf.maximumRepetition > 0 else { return 0 }
        return repetition.base.load(fromByteOffset: windowIndex, as: UInt8.self)
    }

    /// Starts to count the bytes of a row.
    func beginRow() { rowByteCount = 0 }

    /// Passes over the next entry, which stands for a null or empty group above.
    func skip() throws {
        try count(1)
        windowIndex += 1
    }

    private func count(_ bytes: Int) throws {
        // 16 bytes for a number and some for its place in lists and structures.
        rowByteCount += bytes + 24
        guard rowByteCount <= Limits.nestedRowByteCountMax else {
            throw failure(.tooLarge, "a row has more than \(Limits.nestedRowByteCountMax) bytes")
        }
    }

    /// Adds the next entry, a value or a null, to `column`.
    func append(to column: ColumnBuffer) throws {
        guard isPresent(windowIndex) else {
            try skip()
            column.appendNull()
            return
        }
        let index = valueIndex
        valueIndex += 1
        if leaf.rawWidth != nil, let width {
            try count(width)
            let slots = column.reserveFixed(rows: 1)
            memcpy(slots.values, dense.base + index * width, width)
            slots.validity[0] = 1
            column.commitFixed(rows: 1, nulls: 0)
        } else {
            let bytes = bytes(at: index)
            try count(bytes.count)
            if let width {
                let slots = column.reserveFixed(rows: 1)
                slots.validity[0] = 1
                do {
                    try leaf.conversion.convert(bytes, to: slots.values, index: 0, width: width)
                } catch {
                    throw pages.located(error)
                }
                column.commitFixed(rows: 1, nulls: 0)
            } else {
                column.append(bytes)
            }
        }
        windowIndex += 1
    }
}
