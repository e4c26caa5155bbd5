/// The values of one column in one batch: typed storage and validity.
///
/// | storage | `values` | `offsets` | `children` |
/// |---|---|---|---|
/// | fixed | `count` × width bytes, little-endian | - | - |
/// | variable | the bytes, end to end | `count` + 1 × `UInt32` | - |
/// | list | - | `count` + 1 × `UInt32` into the child | one |
/// | structure | - | - | one per field, each `count` long |
///
/// `validity` is one byte per value, 1 = present. A null takes a slot: zero bytes of a fixed
/// width, nothing in a variable one, an empty list, a null in every child of a structure.
///
/// Two ways to fill it: value by value with `append…`, or in bulk through the slots of
/// `reserveFixed` and `reserveVariable`, which hand out raw memory for a tight loop.
package final class ColumnBuffer: @unchecked Sendable {
    // Safety: a buffer is owned by one stage of a run at a time; batches are handed over, not shared.

    package let type: DataType
    package let storage: DataType.Storage
    /// Values held, nulls included.
    @exclusivity(unchecked)
    package private(set) var count = 0
    @exclusivity(unchecked)
    package private(set) var nullCount = 0
    package let validity: ByteStorage
    package let values: ByteStorage
    package let offsets: ByteStorage
    /// The element of a list, the fields of a structure; a map has one structure of key and value.
    package let children: [ColumnBuffer]

    /// Makes an empty column with room for `capacity` values.
    package init(type: DataType, capacity: Int = 0) {
        self.type = type
        storage = type.storage
        validity = ByteStorage(capacity: capacity)
        switch type {
        case .list(let element):
            children = [ColumnBuffer(type: element.type, capacity: capacity)]
        case .structure(let fields):
            children = fields.map { ColumnBuffer(type: $0.type, capacity: capacity) }
        case .map(let key, let value):
            children = [ColumnBuffer(type: .structure([key, value]), capacity: capacity)]
        default:
            children = []
        }
        switch storage {
        case .fixed(let width):
            values = ByteStorage(capacity: capacity * width)
            offsets = ByteStorage()
        case .variable, .list:
            values = ByteStorage()
            offsets = ByteStorage(capacity: (capacity + 1) * 4)
        case .structure:
            values = ByteStorage()
            offsets = ByteStorage()
        }
        resetOffsets()
    }

    private func resetOffsets() {
        switch storage {
        case .variable, .list:
            offsets.base.storeBytes(of: 0, as: UInt32.self)
            offsets.count = 4
        case .fixed, .structure: break
        }
    }

    /// Empties the column; memory past `Limits.retainedColumnBytes` is given back.
    package func removeAll() {
        count = 0
        nullCount = 0
        validity.removeAll()
        values.removeAll(keeping: Limits.retainedColumnBytes)
        offsets.removeAll()
        resetOffsets()
        for child in children { child.removeAll() }
    }

    /// Bytes of memory in use, children included.
    package var byteCount: Int {
        validity.count + values.count + offsets.count
            + children.reduce(0) { $0 + $1.byteCount }
    }

    /// Whether the value at `index` is present.
    package func isValid(_ index: Int) -> Bool {
        validity.base.load(fromByteOffset: index, as: UInt8.self) != 0
    }

    /// Where value `index` begins in `values` or in the child, and where it ends.
    package func range(at index: Int) -> Range<Int> {
        let from = offsets.base.load(fromByteOffset: index * 4, as: UInt32.self)
        let to = offsets.base.load(fromByteOffset: index * 4 + 4, as: UInt32.self)
        return Int(from)..<Int(to)
    }

    // MARK: Bulk

    /// Raw memory for values of a fixed width; `commitFixed` makes them count.
    package struct FixedSlots {
        package let values: UnsafeMutableRawPointer
        package let validity: UnsafeMutablePointer<UInt8>
    }

    /// Hands out memory for `rows` more values of a fixed width.
    ///
    /// The caller writes every validity byte (0 or 1) and every value; nulls as zero.
    package func reserveFixed(rows: Int) -> FixedSlots {
        guard case .fixed(let width) = storage else {
            preconditionFailure("\(type) has no fixed width")
        }
        values.reserve(rows * width)
        validity.reserve(rows)
        return FixedSlots(
            values: values.base + values.count,
            validity: (validity.base + validity.count).assumingMemoryBound(to: UInt8.self)
        )
    }

    /// Makes `rows` values written through `reserveFixed` part of the column.
    package func commitFixed(rows: Int, nulls: Int) {
        guard case .fixed(let width) = storage else {
            preconditionFailure("\(type) has no fixed width")
        }
        values.count += rows * width
        validity.count += rows
        count += rows
        nullCount += nulls
    }

    /// Raw memory for values of any length; `commitVariable` makes them count.
    package struct VariableSlots {
        /// Where the next byte goes.
        package let bytes: UnsafeMutablePointer<UInt8>
        /// Where the end of the next value goes, counted from `firstOffset`.
        package let ends: UnsafeMutablePointer<UInt32>
        package let validity: UnsafeMutablePointer<UInt8>
        /// The offset of the first new byte.
        package let firstOffset: UInt32
    }

    /// Hands out memory for `rows` more values of `byteCount` bytes together.
    package func reserveVariable(rows: Int, byteCount: Int) -> VariableSlots {
        precondition(storage == .variable, "\(type) is not of variable length")
        precondition(values.count + byteCount <= Int(UInt32.max), "a batch column past 4 GiB")
        values.reserve(byteCount)
        validity.reserve(rows)
        offsets.reserve(rows * 4)
        return VariableSlots(
            bytes: (values.base + values.count).assumingMemoryBound(to: UInt8.self),
            ends: (offsets.base + offsets.count).assumingMemoryBound(to: UInt32.self),
            validity: (validity.base + validity.count).assumingMemoryBound(to: UInt8.self),
            firstOffset: UInt32(values.count)
        )
    }

    /// Makes `rows` values written through `reserveVariable` part of the column.
    package func commitVariable(rows: Int, byteCount: Int, nulls: Int) {
        values.count += byteCount
        offsets.count += rows * 4
        validity.count += rows
        count += rows
        nullCount += nulls
    }

    // MARK: Value by value

    /// Adds a null.
    package func appendNull() {
        validity.append(0)
        count += 1
        nullCount += 1
        switch storage {
        case .fixed(let width):
            values.reserve(width)
            (values.base + values.count).initializeMemory(
                as: UInt8.self,
                repeating: 0,
                count: width
            )
            values.count += width
        case .variable: appendOffset(values.count)
        case .list: appendOffset(children[0].count)
        case .structure: for child in children { child.appendNull() }
        }
    }

    /// Adds a boolean.
    package func append(_ value: Bool) {
        precondition(storage == .fixed(width: 1), "\(type) is not boolean")
        validity.append(1)
        values.append(value ? 1 : 0)
        count += 1
    }

    /// Adds a value of 4 bytes: int, date, float (as bits), decimal up to 9 digits.
    package func append(_ value: Int32) {
        precondition(storage == .fixed(width: 4), "\(type) is not 4 bytes wide")
        appendFixed(value, width: 4)
    }

    /// Adds a value of 8 bytes: long, time, timestamps, double (as bits), decimal up to 18 digits.
    package func append(_ value: Int64) {
        precondition(storage == .fixed(width: 8), "\(type) is not 8 bytes wide")
        appendFixed(value, width: 8)
    }

    /// Adds a float.
    package func append(_ value: Float) { append(Int32(bitPattern: value.bitPattern)) }

    /// Adds a double.
    package func append(_ value: Double) { append(Int64(bitPattern: value.bitPattern)) }

    /// Adds a decimal as its unscaled value; it must fit the precision of the column.
    package func append(unscaled value: Int128) {
        guard case .fixed(let width) = storage else { preconditionFailure("\(type) is no decimal") }
        switch width {
        case 4: appendFixed(Int32(truncatingIfNeeded: value), width: 4)
        case 8: appendFixed(Int64(truncatingIfNeeded: value), width: 8)
        default: appendFixed(value, width: 16)
        }
    }

    /// Adds bytes: string, binary, or the 16 bytes of a uuid.
    package func append(_ bytes: UnsafeRawBufferPointer) {
        if storage == .variable {
            precondition(values.count + bytes.count <= Int(UInt32.max), "a batch column past 4 GiB")
            values.append(bytes)
            validity.append(1)
            count += 1
            appendOffset(values.count)
        } else {
            precondition(storage == .fixed(width: 16) && bytes.count == 16, "\(type): wrong length")
            values.append(bytes)
            validity.append(1)
            count += 1
        }
    }

    /// Adds text.
    package func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Ends a list or map whose elements were appended to the child since the last end.
    package func appendList() {
        precondition(storage == .list, "\(type) is no list")
        validity.append(1)
        count += 1
        appendOffset(children[0].count)
    }

    /// Ends a structure of which one value was appended to every child.
    package func appendStructure() {
        precondition(storage == .structure, "\(type) is no structure")
        validity.append(1)
        count += 1
    }

    private func appendFixed<Value>(_ value: Value, width: Int) {
        values.reserve(width)
        values.base.storeBytes(of: value, toByteOffset: values.count, as: Value.self)
        values.count += width
        validity.append(1)
        count += 1
    }

    private func appendOffset(_ end: Int) {
        offsets.reserve(4)
        offsets.base.storeBytes(of: UInt32(end), toByteOffset: offsets.count, as: UInt32.self)
        offsets.count += 4
    }

    /// Copies all values of `other`, which has the same type, to the end.
    package func append(contentsOf other: ColumnBuffer) {
        precondition(other.type.storage == storage, "\(other.type) into \(type)")
        validity.append(other.validity.bytes)
        switch storage {
        case .fixed: values.append(other.values.bytes)
        case .variable:
            appendOffsets(of: other, shift: UInt32(values.count))
            values.append(other.values.bytes)
        case .list:
            appendOffsets(of: other, shift: UInt32(children[0].count))
        case .structure: break
        }
        for (child, source) in zip(children, other.children) { child.append(contentsOf: source) }
        count += other.count
        nullCount += other.nullCount
    }

    private func appendOffsets(of other: ColumnBuffer, shift: UInt32) {
        offsets.reserve(other.count * 4)
        let target = offsets.base + offsets.count
        for index in 0..<other.count {
            let end = other.offsets.base.load(fromByteOffset: index * 4 + 4, as: UInt32.self)
            target.storeBytes(of: end + shift, toByteOffset: index * 4, as: UInt32.self)
        }
        offsets.count += other.count * 4
    }
}
