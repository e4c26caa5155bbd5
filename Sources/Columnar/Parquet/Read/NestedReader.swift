/// Puts lists, structures and maps together from the levels of their leaf columns, row by row.
///
/// Every leaf has an entry for each innermost element, and one for each null or empty group
/// above. The first leaf of a node decides; the others must agree with it.
final class NestedReader {
    private indirect enum Kind {
        case leaf
        case structure([NestedReader])
        case list(element: NestedReader, repetition: UInt8, elementLevel: UInt8)
    }

    private let kind: Kind
    private let level: UInt8
    let leaves: [LeafReader]

    /// Makes the reader of a node; `leaf` opens its columns.
    init(_ node: ReadNode, leaf open: (ReadLeaf, DataType) throws -> LeafReader) throws {
        level = node.level
        switch node.kind {
        case .leaf(let leaf):
            kind = .leaf
            leaves = [try open(leaf, node.field.type)]
        case .structure(let nodes):
            let children = try nodes.map { try NestedReader($0, leaf: open) }
            kind = .structure(children)
            leaves = children.flatMap(\.leaves)
        case .list(let element, let repetition, let elementLevel):
            let reader = try NestedReader(element, leaf: open)
            kind = .list(element: reader, repetition: repetition, elementLevel: elementLevel)
            leaves = reader.leaves
        }
    }

    /// Adds the value of the next row and tells its bytes.
    func readRow(into column: ColumnBuffer) throws -> Int {
        for leaf in leaves {
            leaf.beginRow()
            guard try leaf.hasEntry() else {
                throw leaf.failure(.truncated, "a column has fewer rows than its row group")
            }
            guard leaf.repetitionLevel == 0 else {
                throw leaf.failure(.corrupt, "a row begins inside a list")
            }
        }
        try append(to: column)
        var bytes = 0
        for leaf in leaves { bytes += leaf.rowByteCount }
        return bytes
    }

    private func append(to column: ColumnBuffer) throws {
        switch kind {
        case .leaf: try leaves[0].append(to: column)
        case .structure(let children):
            guard leaves[0].definitionLevel >= level else {
                try skipAll(below: level)
                column.appendNull()
                return
            }
            for (index, child) in children.enumerated() {
                // A leaf that shows this structure as null disagrees with the first.
                for leaf in child.leaves where leaf.definitionLevel < level {
                    throw leaf.failure(.corrupt, "the columns of a structure disagree on nulls")
                }
                try child.append(to: column.children[index])
            }
            column.appendStructure()
        case .list(let element, let repetition, let elementLevel):
            let definition = leaves[0].definitionLevel
            guard definition >= elementLevel else {
                try skipAll(below: elementLevel)
                if definition < level { column.appendNull() } else { column.appendList() }
                return
            }
            try appendElements(
                of: element,
                repetition: repetition,
                elementLevel: elementLevel,
                to: column.children[0]
            )
            column.appendList()
        }
    }

    private func appendElements(
        of element: NestedReader,
        repetition: UInt8,
        elementLevel: UInt8,
        to column: ColumnBuffer
    ) throws {
        while true {
            for leaf in leaves where leaf.definitionLevel < elementLevel {
                throw leaf.failure(.corrupt, "the columns of a list disagree on its elements")
            }
            try element.append(to: column)
            var goesOn = 0
            for leaf in leaves where try leaf.hasEntry() {
                guard leaf.repetitionLevel <= repetition else {
                    throw leaf.failure(.corrupt, "a list goes on inside an element that ended")
                }
                if leaf.repetitionLevel == repetition { goesOn += 1 }
            }
            guard goesOn > 0 else { return }
            guard goesOn == leaves.count else {
                throw leaves[0].failure(.corrupt, "the columns of a list disagree on its length")
            }
        }
    }

    private func skipAll(below limit: UInt8) throws {
        let definition = leaves[0].definitionLevel
        for leaf in leaves {
            guard leaf.definitionLevel < limit, leaf.definitionLevel == definition else {
                throw leaf.failure(.corrupt, "the columns of a group disagree on nulls")
            }
            try leaf.skip()
        }
    }
}
