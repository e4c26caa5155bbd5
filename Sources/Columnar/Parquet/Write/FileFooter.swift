/// The footer of a file (parquet.thrift, `FileMetaData`).
///
/// Each element carries the old `ConvertedType` beside the `LogicalType`: DuckDB and fastparquet
/// read decimals as plain integers without it.
struct FileFooter {
    var schema: Schema
    var rowCount: Int64
    var rowGroups: [RowGroupRecord]
    var options: ParquetOptions

    /// The serialized footer.
    var bytes: [UInt8] {
        var writer = ThriftWriter()
        let elements = SchemaElement.elements(of: schema)
        let leafCount = elements.filter { $0.childCount == nil }.count
        writer.element { file in
            file.field(1, Int32(2))
            file.list(2, elements) { $0.write(to: &$1) }
            file.field(3, rowCount)
            file.list(4, rowGroups) { write($0, to: &$1) }
            if !options.metadata.isEmpty {
                file.list(5, options.metadata) { pair, entry in
                    entry.field(1, pair.key)
                    entry.field(2, pair.value)
                }
            }
            file.field(6, "tributary version \(Release.version) (build \(Release.version))")
            // Without column orders readers ignore every minimum and maximum.
            file.list(7, Array(repeating: 0, count: leafCount)) { _, order in
                order.structure(1) { _ in }
            }
        }
        return writer.bytes
    }

    private func write(_ group: RowGroupRecord, to writer: inout ThriftWriter) {
        writer.list(1, group.chunks) { write($0, to: &$1) }
        writer.field(2, group.chunks.reduce(0) { $0 + $1.uncompressedByteCount })
        writer.field(3, group.rowCount)
        writer.field(5, group.offset)
        writer.field(6, group.chunks.reduce(0) { $0 + $1.compressedByteCount })
    }

    private func write(_ chunk: ChunkRecord, to writer: inout ThriftWriter) {
        writer.field(2, Int64(0))
        writer.structure(3) { metadata in
            metadata.field(1, chunk.leaf.layout.physicalType.rawValue)
            metadata.list(2, chunk.encodings.union([.rle]).map(\.rawValue).sorted())
            metadata.list(3, chunk.leaf.path)
            metadata.field(4, chunk.codec.rawValue)
            metadata.field(5, chunk.valueCount)
            metadata.field(6, chunk.uncompressedByteCount)
            metadata.field(7, chunk.compressedByteCount)
            metadata.field(9, chunk.firstPageOffset)
            if let offset = chunk.dictionaryOffset { metadata.field(11, offset) }
            metadata.structure(12) { writeStatistics(of: chunk, to: &$0) }
        }
        if let index = chunk.offsetIndex {
            writer.field(4, index.offset)
            writer.field(5, Int32(index.byteCount))
        }
        if let index = chunk.columnIndex {
            writer.field(6, index.offset)
            writer.field(7, Int32(index.byteCount))
        }
    }

    private func writeStatistics(of chunk: ChunkRecord, to writer: inout ThriftWriter) {
        writer.field(3, chunk.nullCount)
        let maximum = chunk.range.maximum?.plainBytes(layout: chunk.leaf.layout)
        let minimum = chunk.range.minimum?.plainBytes(layout: chunk.leaf.layout)
        if let maximum { writer.field(5, maximum) }
        if let minimum { writer.field(6, minimum) }
        if maximum != nil { writer.field(7, chunk.range.isMaximumExact) }
        if minimum != nil { writer.field(8, chunk.range.isMinimumExact) }
    }
}

/// One node of the flattened schema tree (parquet.thrift, `SchemaElement`).
struct SchemaElement {
    var name: String
    var repetition: Repetition?
    var childCount: Int?
    var fieldID: Int?
    var type: DataType?
    var group: ConvertedType?

    /// The tree of a schema, depth first, the root before all.
    static func elements(of schema: Schema) -> [SchemaElement] {
        [SchemaElement(name: "table", childCount: schema.fields.count)]
            + schema.fields.flatMap { elements(of: $0, named: $0.name) }
    }

    private static func elements(of field: Field, named name: String) -> [SchemaElement] {
        let repetition: Repetition = field.isRequired ? .required : .optional
        var own = SchemaElement(name: name, repetition: repetition, fieldID: field.id)
        switch field.type {
        case .structure(let members):
            own.childCount = members.count
            return [own] + members.flatMap { elements(of: $0, named: $0.name) }
        case .list(let element):
            own.childCount = 1
            own.group = .list
            return [own, SchemaElement(name: "list", repetition: .repeated, childCount: 1)]
                + elements(of: element, named: "element")
        case .map(var key, let value):
            own.childCount = 1
            own.group = .map
            key.isRequired = true
            return [own, SchemaElement(name: "key_value", repetition: .repeated, childCount: 2)]
                + elements(of: key, named: "key") + elements(of: value, named: "value")
        default:
            own.type = field.type
            return [own]
        }
    }

    /// Writes the element's fields.
    func write(to writer: inout ThriftWriter) {
        let layout = type.map(LeafLayout.init)
        if let layout { writer.field(1, layout.physicalType.rawValue) }
        if let layout, layout.typeLength > 0 { writer.field(2, Int32(layout.typeLength)) }
        if let repetition { writer.field(3, repetition.rawValue) }
        writer.field(4, name)
        if let childCount { writer.field(5, Int32(childCount)) }
        if let converted = convertedType { writer.field(6, converted.rawValue) }
        if case .decimal(let precision, let scale) = type {
            writer.field(7, Int32(scale))
            writer.field(8, Int32(precision))
        }
        if let fieldID { writer.field(9, Int32(fieldID)) }
        writeLogicalType(to: &writer)
    }

    private var convertedType: ConvertedType? {
        switch type {
        case .string: .utf8
        case .decimal: .decimal
        case .date: .date
        case .time: .timeMicros
        // The old annotation means UTC; a local timestamp has none.
        case .timestamptz: .timestampMicros
        default: group
        }
    }

    private func writeLogicalType(to writer: inout ThriftWriter) {
        // The union's field ids: parquet.thrift, `LogicalType`.
        func annotate(_ id: Int16, _ body: (inout ThriftWriter) -> Void = { _ in }) {
            writer.structure(10) { $0.structure(id, body) }
        }
        func micros(isUTC: Bool) -> (inout ThriftWriter) -> Void {
            {
                $0.field(1, isUTC)
                $0.structure(2) { $0.structure(2) { _ in } }
            }
        }
        switch type {
        case .string: annotate(1)
        case .decimal(let precision, let scale):
            annotate(5) {
                $0.field(1, Int32(scale))
                $0.field(2, Int32(precision))
            }
        case .date: annotate(6)
        case .time: annotate(7, micros(isUTC: false))
        case .timestamp: annotate(8, micros(isUTC: false))
        case .timestamptz: annotate(8, micros(isUTC: true))
        case .uuid: annotate(14)
        default:
            if group == .map { annotate(2) }
            if group == .list { annotate(3) }
        }
    }
}
