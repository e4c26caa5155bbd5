/// One leaf of a schema: where it lies and what its levels mean
/// (the "column striping" of Dremel, VLDB 2010).
struct Leaf {
    /// One step from a top-level column down to the leaf.
    struct Step {
        /// Adds a definition level when the value is present.
        var isOptional: Bool
        /// A list or map: adds a repetition level and the definition level of "not empty".
        var isRepeated: Bool
        /// Which child of the buffer the next step is.
        var child: Int
    }

    var field: Field
    /// Names from the root, with the groups that lists and maps add.
    var path: [String]
    /// From the top-level column to the leaf, which is the last and has no child.
    var steps: [Step]
    var layout: LeafLayout
    var maxDefinitionLevel: Int
    var maxRepetitionLevel: Int

    /// A top-level column: no shredding is needed.
    var isFlat: Bool { steps.count == 1 }

    /// The leaves of a top-level column, in file order.
    static func leaves(of field: Field) -> [Leaf] {
        var leaves: [Leaf] = []
        collect(field, Walk(), into: &leaves)
        return leaves
    }

    /// How far the walk from a top-level column has come.
    private struct Walk {
        var path: [String] = []
        var steps: [Step] = []
        var definition = 0
        var repetition = 0

        /// One level down: through the groups named and the steps taken.
        func down(_ names: [String], _ steps: [Step], isRepeated: Bool) -> Walk {
            Walk(
                path: path + names,
                steps: self.steps + steps,
                definition: definition + (isRepeated ? 1 : 0),
                repetition: repetition + (isRepeated ? 1 : 0)
            )
        }
    }

    private static func collect(_ field: Field, _ walk: Walk, into leaves: inout [Leaf]) {
        var walk = walk
        walk.path.append(field.name)
        walk.definition += field.isRequired ? 0 : 1
        var step = Step(isOptional: !field.isRequired, isRepeated: false, child: 0)
        switch field.type {
        case .structure(let members):
            for (index, member) in members.enumerated() {
                step.child = index
                collect(member, walk.down([], [step], isRepeated: false), into: &leaves)
            }
        case .list(var element):
            step.isRepeated = true
            element.name = "element"
            collect(element, walk.down(["list"], [step], isRepeated: true), into: &leaves)
        case .map(var key, var value):
            step.isRepeated = true
            (key.name, value.name) = ("key", "value")
            key.isRequired = true
            // The entry itself is never null: a structure without a level of its own.
            for (index, member) in [key, value].enumerated() {
                let entry = Step(isOptional: false, isRepeated: false, child: index)
                collect(
                    member,
                    walk.down(["key_value"], [step, entry], isRepeated: true),
                    into: &leaves
                )
            }
        default:
            leaves.append(
                Leaf(
                    field: field,
                    path: walk.path,
                    steps: walk.steps + [step],
                    layout: LeafLayout(type: field.type),
                    maxDefinitionLevel: walk.definition,
                    maxRepetitionLevel: walk.repetition
                )
            )
        }
    }
}

/// The levels of a nested leaf and which of its values they stand for.
struct ShreddedLeaf {
    /// One per value or place of a missing one.
    var definitionLevels: [UInt8] = []
    var repetitionLevels: [UInt8] = []
    /// Indices of the present values in the leaf's buffer, rising.
    var present: [UInt32] = []

    /// Walks `column` down to `leaf`, for all its rows.
    init(_ column: ColumnBuffer, leaf: Leaf) {
        // An entry is a row or element that may still be found present further down.
        // `index` < 0: it ended higher up, and its definition level says where.
        var indices = (0..<Int32(column.count)).map { $0 }
        definitionLevels = [UInt8](repeating: 0, count: column.count)
        repetitionLevels = definitionLevels
        var buffer = column
        var depth: UInt8 = 0
        for step in leaf.steps {
            if step.isOptional {
                for place in indices.indices where indices[place] >= 0 {
                    if buffer.isValid(Int(indices[place])) {
                        definitionLevels[place] += 1
                    } else {
                        indices[place] = -1
                    }
                }
            }
            if step.isRepeated {
                depth += 1
                expand(&indices, list: buffer, depth: depth)
                buffer = buffer.children[0]
            } else if !buffer.children.isEmpty {
                buffer = buffer.children[step.child]
            }
        }
        present = indices.filter { $0 >= 0 }.map { UInt32($0) }
    }

    /// Replaces every list by its elements; empty ones stay as one ended entry.
    private mutating func expand(_ indices: inout [Int32], list: ColumnBuffer, depth: UInt8) {
        var expanded: [Int32] = []
        var definitions: [UInt8] = []
        var repetitions: [UInt8] = []
        expanded.reserveCapacity(indices.count * 2)
        definitions.reserveCapacity(indices.count * 2)
        repetitions.reserveCapacity(indices.count * 2)
        for place in indices.indices {
            let range = indices[place] >= 0 ? list.range(at: Int(indices[place])) : 0..<0
            if range.isEmpty {
                expanded.append(-1)
                definitions.append(definitionLevels[place])
                repetitions.append(repetitionLevels[place])
            }
            for element in range {
                expanded.append(Int32(element))
                definitions.append(definitionLevels[place] + 1)
                repetitions.append(
                    element == range.lowerBound ? repetitionLevels[place] : depth
                )
            }
        }
        indices = expanded
        definitionLevels = definitions
        repetitionLevels = repetitions
    }
}
