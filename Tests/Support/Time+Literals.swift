package import Basics

/// Tests write moments as milliseconds since 1970.
extension Instant: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int64) { self.init(milliseconds: value) }
}

/// Tests write spans as milliseconds.
extension Duration: @retroactive ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) { self = .milliseconds(value) }
}
