/// Builds the fields of a file from its flattened schema.
///
/// Lists and maps are recognised in the three-level layout and in the older ones
/// (parquet-format, LogicalTypes.md, "Backward-compatibility rules").
struct SchemaReader {
    private typealias Element = ParquetFile.SchemaElement

    /// A schema element with the ones below it.
    private struct Tree {
        var element: Element
        var repetition: Repetition
        var children: [Tree]
        var definition: UInt8
        var repetitionLevel: UInt8
        var path: String
        /// Which column it is; 0 for groups.
        var leafIndex: Int
    }

    private let elements: [ParquetFile.SchemaElement]
    private var position = 0
    private(set) var leafCount = 0

    private init(_ elements: [ParquetFile.SchemaElement]) {
        self.elements = elements
    }

    /// The top-level fields and the number of columns.
    static func read(
        _ elements: [ParquetFile.SchemaElement]
    ) throws(ParquetError) -> (nodes: [ReadNode], leafCount: Int) {
        guard elements.count <= Limits.schemaElementCountMax else {
            throw ParquetError(.tooLarge, "the schema has \(elements.count) elements")
        }
        guard let root = elements.first else {
            throw ParquetError(.corrupt, "the footer has no schema")
        }
        var reader = SchemaReader(elements)
        reader.position = 1
        var nodes: [ReadNode] = []
        for _ in 0..<min(root.childCount, elements.count) {
            let tree = try reader.tree(depth: 1, definition: 0, repetition: 0, path: "")
            nodes.append(try node(tree))
        }
        guard reader.position == elements.count, root.childCount == nodes.count else {
            throw ParquetError(.corrupt, "the schema has elements that belong to none")
        }
        return (nodes, reader.leafCount)
    }

    private mutating func tree(
        depth: Int,
        definition: UInt8,
        repetition: UInt8,
        path: String
    ) throws(ParquetError) -> Tree {
        guard depth <= Limits.schemaDepthMax else {
            throw ParquetError(.tooLarge, "the schema is nested too deeply")
        }
        guard position < elements.count else {
            throw ParquetError(.corrupt, "the schema ends early")
        }
        let element = elements[position]
        position += 1
        let kind = element.repetition.map(Repetition.init(rawValue:)) ?? .required
        guard let kind else { throw ParquetError(.corrupt, "\(element.name) repeats strangely") }
        var tree = Tree(
            element: element,
            repetition: kind,
            children: [],
            definition: definition + (kind == .required ? 0 : 1),
            repetitionLevel: repetition + (kind == .repeated ? 1 : 0),
            path: path.isEmpty ? element.name : path + "." + element.name,
            leafIndex: 0
        )
        if element.physicalType != nil {
            guard element.childCount == 0 else {
                throw ParquetError(.corrupt, "\(tree.path) is both a column and a group")
            }
            tree.leafIndex = leafCount
            leafCount += 1
            return tree
        }
        guard element.childCount > 0 else {
            throw ParquetError(.unsupported, "\(tree.path) is a group without fields")
        }
        for _ in 0..<element.childCount {
            tree.children.append(
                try self.tree(
                    depth: depth + 1,
                    definition: tree.definition,
                    repetition: tree.repetitionLevel,
                    path: tree.path
                )
            )
        }
        return tree
    }

    // MARK: Meaning

    /// The node of an element; a repeated one outside of a list or map is a list by itself.
    private static func node(_ tree: Tree) throws(ParquetError) -> ReadNode {
        guard tree.repetition == .repeated else { return try single(tree) }
        let element = try single(tree)
        let field = Field(
            id: element.field.id,
            name: tree.element.name,
            type: .list(element: element.field),
            isRequired: true
        )
        return ReadNode(
            field: field,
            kind: .list(
                element: element,
                repetition: tree.repetitionLevel,
                elementLevel: tree.definition
            ),
            level: tree.definition - 1
        )
    }

    /// The node of an element as if it did not repeat.
    private static func single(_ tree: Tree) throws(ParquetError) -> ReadNode {
        guard !tree.children.isEmpty else { return try leaf(tree) }
        let element = tree.element
        if tree.children.count == 1, tree.children[0].repetition == .repeated {
            let annotation = element.convertedType.flatMap(ConvertedType.init(rawValue:))
            if element.logicalType == .map || annotation == .map || annotation == .mapKeyValue,
                tree.children[0].children.count == 2
            {
                return try map(tree)
            }
            if element.logicalType == .list || element.logicalType == .map || annotation == .list
                || annotation == .map
            {
                return try list(tree)
            }
        }
        var children: [ReadNode] = []
        for child in tree.children { children.append(try node(child)) }
        return ReadNode(
            field: field(tree, .structure(children.map(\.field))),
            kind: .structure(children),
            level: tree.definition
        )
    }

    private static func field(_ tree: Tree, _ type: DataType) -> Field {
        Field(
            id: Int(tree.element.fieldID ?? 0),
            name: tree.element.name,
            type: type,
            isRequired: tree.repetition != .optional
        )
    }

    private static func list(_ tree: Tree) throws(ParquetError) -> ReadNode {
        let repeated = tree.children[0]
        let isElement =
            repeated.children.count != 1 || repeated.children[0].repetition == .repeated
            || repeated.element.name == "array"
            || repeated.element.name == tree.element.name + "_tuple"
        let element = isElement ? try single(repeated) : try node(repeated.children[0])
        return ReadNode(
            field: field(tree, .list(element: element.field)),
            kind: .list(
                element: element,
                repetition: repeated.repetitionLevel,
                elementLevel: repeated.definition
            ),
            level: tree.definition
        )
    }

    private static func map(_ tree: Tree) throws(ParquetError) -> ReadNode {
        let repeated = tree.children[0]
        let key = try node(repeated.children[0])
        let value = try node(repeated.children[1])
        let entry = ReadNode(
            field: Field(
                name: repeated.element.name,
                type: .structure([key.field, value.field]),
                isRequired: true
            ),
            kind: .structure([key, value]),
            level: repeated.definition
        )
        return ReadNode(
            field: field(tree, .map(key: key.field, value: value.field)),
            kind: .list(
                element: entry,
                repetition: repeated.repetitionLevel,
                elementLevel: repeated.definition
            ),
            level: tree.definition
        )
    }

    private static func leaf(_ tree: Tree) throws(ParquetError) -> ReadNode {
        let element = tree.element
        guard let number = element.physicalType, let physical = PhysicalType(rawValue: number)
        else { throw ParquetError(.unsupported, "\(tree.path) has an unknown type") }
        let length = Int(element.typeLength)
        if physical == .fixedLengthByteArray {
            guard 1...Limits.pageByteCountMax ~= length else {
                throw ParquetError(.unsupported, "\(tree.path) has values of \(length) bytes")
            }
        }
        let (type, conversion) = try LeafType.of(
            element,
            physical: physical,
            length: length,
            path: tree.path
        )
        let leaf = ReadLeaf(
            index: tree.leafIndex,
            path: tree.path,
            physicalType: physical,
            typeLength: length,
            maximumDefinition: tree.definition,
            maximumRepetition: tree.repetitionLevel,
            conversion: conversion
        )
        return ReadNode(field: field(tree, type), kind: .leaf(leaf), level: tree.definition)
    }
}
