/// Where to go on in a slice.
///
/// A position says where reading stands and never that it is over: zero, the empty text and an
/// empty list are positions like any other. Only `Step.done` ends a slice.
package enum Position: Hashable, Sendable, Codable {
    /// Behind the row of that id.
    case row(id: Int64)
    /// Behind the row whose key has these values, as the source writes them.
    case key(values: [String])
    /// A page of an API, and what the page before it held.
    case page(PagePosition)
    /// Spans of the cursor that are read to their end, and the highest value seen.
    case windows(closed: [ClosedWindow], highest: String?)
    /// What a connector gave back and alone understands.
    case opaque(String)
    /// A place in a log of changes.
    case log(String)
}

/// A page of an API by number, offset, token or address.
package struct PagePosition: Hashable, Sendable, Codable {
    /// How the API finds the page.
    package enum Pointer: Hashable, Sendable, Codable {
        case number(Int64)
        case offset(Int64)
        case token(String)
        case link(String)
    }

    package var pointer: Pointer
    /// The page before: it is fetched again and compared before reading goes on, since pages shift
    /// when records come and go.
    package var guardPage: GuardPage?

    /// Makes a position.
    package init(_ pointer: Pointer, guardPage: GuardPage? = nil) {
        self.pointer = pointer
        self.guardPage = guardPage
    }

    /// What a page held when it was read.
    package struct GuardPage: Hashable, Sendable, Codable {
        package var pointer: Pointer
        package var firstKey: String?
        package var lastKey: String?
        /// A digest of the page's records.
        package var digest: String

        /// Makes the facts of a page.
        package init(pointer: Pointer, firstKey: String?, lastKey: String?, digest: String) {
            self.pointer = pointer
            self.firstKey = firstKey
            self.lastKey = lastKey
            self.digest = digest
        }
    }
}

/// A span of the cursor that was read to its end.
package struct ClosedWindow: Hashable, Sendable, Codable {
    package var start: String
    package var end: String

    /// Makes a span; `end` belongs to the next one.
    package init(start: String, end: String) {
        self.start = start
        self.end = end
    }
}

/// What follows a page.
package enum Step: Hashable, Sendable, Codable {
    /// There is more, from this position on.
    case more(Position)
    /// The slice is read to its end.
    case done
}

/// What a stream promises to a read that resumes where another was cut off.
package enum ResumeGuarantee: String, Hashable, Sendable {
    /// The read starts again from the beginning.
    case none
    /// Resumes behind the last row, if nobody wrote to the file meanwhile; else it starts again.
    case rowRange = "row-range"
    /// Resumes where pages are missing: pages that are there are proven unchanged or read again.
    case heapRange = "heap-range"
    /// Resumes behind the last key, exact while rows do not change behind it.
    case keyset
    /// Resumes at the next page; the page before it is compared first.
    case page
    /// Resumes as the connector promises.
    case connector

    /// The promise in words, for a plan.
    package var words: String {
        switch self {
        case .none: "starts again from the beginning"
        case .rowRange: "goes on behind the last row while the file is unchanged"
        case .heapRange: "goes on; pages already read are proven unchanged or read again"
        case .keyset: "goes on behind the last key; rows that changed before it are not seen"
        case .page: "goes on at the next page after comparing the last one"
        case .connector: "goes on as the connector promises"
        }
    }
}
