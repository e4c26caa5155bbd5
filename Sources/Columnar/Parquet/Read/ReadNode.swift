/// One field of a file's schema as it is read: its type here, and the levels that tell its values.
final class ReadNode: Sendable {
    enum Kind: Sendable {
        case leaf(ReadLeaf)
        case structure([ReadNode])
        /// `repetition` is the level of a further element, `elementLevel` the definition level
        /// from which an element exists.
        case list(element: ReadNode, repetition: UInt8, elementLevel: UInt8)
    }

    let field: Field
    let kind: Kind
    /// The definition level from which the value is not null.
    let level: UInt8

    init(field: Field, kind: Kind, level: UInt8) {
        self.field = field
        self.kind = kind
        self.level = level
    }

    /// The leaves below, in file order.
    var leaves: [ReadLeaf] {
        switch kind {
        case .leaf(let leaf): [leaf]
        case .structure(let children): children.flatMap(\.leaves)
        case .list(let element, _, _): element.leaves
        }
    }
}

/// A column of a file: what its values are and how they become ours.
struct ReadLeaf: Sendable {
    /// Which column of a row group.
    var index: Int
    var path: String
    var physicalType: PhysicalType
    /// Bytes of a value of a fixed length.
    var typeLength: Int
    var maximumDefinition: UInt8
    var maximumRepetition: UInt8
    var conversion: ValueConversion

    /// Bytes of a value before conversion, nil for byte arrays of any kind.
    var rawWidth: Int? {
        switch physicalType {
        case .boolean: 1
        case .int32, .float: 4
        case .int64, .double: 8
        case .int96, .byteArray, .fixedLengthByteArray: nil
        }
    }

    /// Bytes of each value among byte arrays, nil if they differ.
    var fixedLength: Int? {
        switch physicalType {
        case .int96: 12
        case .fixedLengthByteArray: typeLength
        default: nil
        }
    }
}
