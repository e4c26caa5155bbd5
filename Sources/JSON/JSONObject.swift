/// The members of a JSON object, in order.
///
/// Names are told apart by their bytes. Two objects are equal when they have equal members, in whatever order.
package struct JSONObject: Sendable {
    /// A name and its value.
    package typealias Member = (name: String, value: JSONValue)

    /// The members as they are written.
    package private(set) var members: [Member] = []

    /// Makes an object without members.
    package init() {}

    /// Makes an object of members, of which no two have the same name.
    package init(_ members: some Sequence<(String, JSONValue)>) {
        self.members = members.map { (name: $0.0, value: $0.1) }
    }

    /// Makes an object of text members, in the order of their names.
    package init(strings: [String: String]) {
        self.init(strings.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
    }

    /// The names of all members, in order.
    package var names: [String] { members.map(\.name) }

    /// The member of that name; setting nil removes it, a new name comes last.
    package subscript(name: String) -> JSONValue? {
        get { index(of: name).map { members[$0].value } }
        set {
            switch (index(of: name), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((name, value))
            case (nil, nil): break
            }
        }
    }

    /// The values of all members, in order.
    package var values: [JSONValue] { members.map(\.value) }

    /// Takes the member of that name out; nil where there is none.
    package mutating func remove(_ name: String) -> JSONValue? {
        index(of: name).map { members.remove(at: $0).value }
    }

    /// Adds a member whose name is known not to be there, without looking.
    package mutating func append(_ name: String, _ value: JSONValue) {
        members.append((name, value))
    }

    /// The object with those members of another that it does not have behind its own.
    package func merging(_ other: JSONObject) -> JSONObject {
        var all = self
        for member in other where all[member.name] == nil { all.append(member.name, member.value) }
        return all
    }

    /// The object with its members in the order of their names.
    package var sorted: JSONObject {
        JSONObject(
            members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }.map { ($0, $1) }
        )
    }

    private func index(of name: String) -> Int? {
        members.firstIndex { Self.areSame($0.name, name) }
    }

    /// Whether two names have the same bytes; most that have not differ in length.
    fileprivate static func areSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8)
    }
}

extension JSONObject: Hashable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        let inOrder = zip(left.members, right.members).allSatisfy { areSame($0.name, $1.name) }
        let (one, other) = inOrder ? (left, right) : (left.sorted, right.sorted)
        return one.members.elementsEqual(other.members) {
            areSame($0.name, $1.name) && $0.value == $1.value
        }
    }

    package func hash(into hasher: inout Hasher) {
        for member in sorted.members {
            var name = member.name
            name.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
            hasher.combine(member.value)
        }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// The members, in order; no two of them have the same name.
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}

extension JSONObject: RandomAccessCollection {
    /// The place of the first member.
    package var startIndex: Int { 0 }
    /// The place behind the last member.
    package var endIndex: Int { members.count }
    /// The member at a place.
    package subscript(position: Int) -> Member { members[position] }
}
