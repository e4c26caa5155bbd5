internal import Columnar

/// One column of a merge's key: how its values compare, whatever width a file holds them in.
struct KeyColumn: Hashable, Sendable {
    /// What values are compared as.
    enum Kind: Hashable, Sendable {
        case boolean
        /// int, long, date, time, timestamps: as 64-bit numbers.
        case integer
        /// float and double: by the number, 0 and -0 being one.
        case double
        /// Unscaled numbers of one scale, as 128-bit numbers.
        case decimal(scale: Int)
        case uuid
        /// string and binary: by their bytes.
        case bytes
    }

    let fieldID: Int
    let name: String
    let type: DataType
    let kind: Kind

    /// Finds a column of a key in the schema of its table.
    ///
    /// - Throws: `IcebergError` `unsupported` when there is none of that id or its type is nested.
    init(fieldID: Int, in schema: Schema) throws {
        guard let field = schema.fields.first(where: { $0.id == fieldID }) else {
            throw IcebergError(
                .unsupported,
                "the table has no column of id \(fieldID) for a key; choose other key columns"
            )
        }
        self.fieldID = fieldID
        name = field.name
        type = field.type
        switch field.type {
        case .boolean: kind = .boolean
        case .int, .long, .date, .time, .timestamp, .timestamptz: kind = .integer
        case .float, .double: kind = .double
        case .decimal(_, let scale): kind = .decimal(scale: scale)
        case .uuid: kind = .uuid
        case .string, .binary: kind = .bytes
        case .list, .structure, .map:
            throw IcebergError(
                .unsupported,
                "the column \(field.name) is a \(field.type), which cannot be part of a key; "
                    + "choose other key columns"
            )
        }
    }

    /// Whether values of a file's column can be compared with those of the table.
    func holds(_ other: DataType) -> Bool {
        switch (type, other) {
        case (.long, .int), (.double, .float): true
        case (.timestamp, .timestamptz), (.timestamptz, .timestamp): true
        case (.string, .binary), (.binary, .string): true
        case (.decimal(_, let scale), .decimal(_, let otherScale)): scale == otherScale
        default: type == other
        }
    }

    /// Bytes of a value as part of a key; without those of a text or binary.
    var fixedByteCount: Int {
        switch kind {
        case .boolean, .integer, .double: 8
        case .decimal, .uuid: 16
        case .bytes: 4
        }
    }
}
