/// Gathering the values that are present, so that encoders never meet a null.
enum Compaction {
    /// Copies fixed-width values whose validity is 1 to `out`; returns how many.
    static func fixed(
        _ source: UnsafeRawPointer,
        validity: UnsafePointer<UInt8>,
        count: Int,
        width: Int,
        into out: ByteStorage
    ) -> Int {
        out.count = 0
        out.reserve(count * width + width)
        let kept: Int
        switch width {
        case 1: kept = gather(source, validity, count, out.base, UInt8.self)
        case 4: kept = gather(source, validity, count, out.base, UInt32.self)
        case 8: kept = gather(source, validity, count, out.base, UInt64.self)
        default: kept = gather(source, validity, count, out.base, UInt128.self)
        }
        out.count = kept * width
        return kept
    }

    private static func gather<Value: FixedWidthInteger>(
        _ source: UnsafeRawPointer,
        _ validity: UnsafePointer<UInt8>,
        _ count: Int,
        _ out: UnsafeMutableRawPointer,
        _ type: Value.Type
    ) -> Int {
        let values = source.assumingMemoryBound(to: Value.self)
        let target = out.assumingMemoryBound(to: Value.self)
        var kept = 0
        // Every value is stored; a null is overwritten by the next one. No branch to mispredict.
        for index in 0..<count {
            target[kept] = values[index]
            kept &+= Int(validity[index])
        }
        return kept
    }

    /// Copies the ends of values whose validity is 1; nulls have no bytes, so those need no move.
    static func offsets(
        _ source: UnsafePointer<UInt32>,
        validity: UnsafePointer<UInt8>,
        count: Int,
        into out: ByteStorage
    ) -> Int {
        out.count = 0
        out.reserve((count + 2) * 4)
        let target = out.base.assumingMemoryBound(to: UInt32.self)
        target[0] = source[0]
        var kept = 0
        for index in 0..<count {
            target[kept &+ 1] = source[index &+ 1]
            kept &+= Int(validity[index])
        }
        out.count = (kept + 1) * 4
        return kept
    }

    /// Copies the values whose mark is 1: bytes to `out`, and for variable ones ends to `ends`.
    static func marked(
        _ values: DenseValues,
        by marks: UnsafePointer<UInt8>,
        width: Int,
        into out: ByteStorage,
        ends: ByteStorage
    ) -> DenseValues {
        guard let offsets = values.offsets else {
            let kept = fixed(
                values.base,
                validity: marks,
                count: values.count,
                width: width,
                into: out
            )
            return DenseValues(count: kept, base: out.base, offsets: nil)
        }
        out.count = 0
        ends.count = 0
        ends.reserve((values.count + 1) * 4)
        let target = ends.base.assumingMemoryBound(to: UInt32.self)
        target[0] = 0
        var kept = 0
        for index in 0..<values.count where marks[index] != 0 {
            out.append(
                UnsafeRawBufferPointer(
                    start: values.base + Int(offsets[index]),
                    count: Int(offsets[index + 1] - offsets[index])
                )
            )
            kept += 1
            target[kept] = UInt32(out.count)
        }
        return DenseValues(count: kept, base: out.base, offsets: UnsafePointer(target))
    }

    /// Copies the values at rising `indices`; for variable ones, bytes to `out` and ends to `ends`.
    static func gather(
        _ buffer: ColumnBuffer,
        at indices: [UInt32],
        into out: ByteStorage,
        ends: ByteStorage
    ) {
        out.count = 0
        ends.count = 0
        switch buffer.storage {
        case .fixed(let width):
            out.reserve(indices.count * width)
            for index in indices {
                (out.base + out.count).copyMemory(
                    from: buffer.values.base + Int(index) * width,
                    byteCount: width
                )
                out.count += width
            }
        default:
            ends.reserve((indices.count + 1) * 4)
            let target = ends.base.assumingMemoryBound(to: UInt32.self)
            target[0] = 0
            for (place, index) in indices.enumerated() {
                let range = buffer.range(at: Int(index))
                out.append(UnsafeRawBufferPointer(rebasing: buffer.values.bytes[range]))
                target[place + 1] = UInt32(out.count)
            }
            ends.count = (indices.count + 1) * 4
        }
    }
}
