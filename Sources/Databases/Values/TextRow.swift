/// A row of a server's answer as texts.
///
/// A column that the server did not send is null: what is at the other end need not be the server it says
/// it is, and may not bring the program down.
struct TextRow: RandomAccessCollection, Hashable, Sendable {
    private let texts: [String?]

    init(_ texts: [String?]) { self.texts = texts }

    var startIndex: Int { 0 }
    var endIndex: Int { texts.count }

    subscript(column: Int) -> String? { texts.indices.contains(column) ? texts[column] : nil }
}

extension [TextRow] {
    /// The row of an answer that has one; without columns where it has none.
    var only: TextRow { first ?? TextRow([]) }
}
