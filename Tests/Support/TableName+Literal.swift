package import Basics

/// Tests write names of tables as texts.
extension TableName: ExpressibleByStringInterpolation {
    package init(stringLiteral text: String) {
        // A text that is no name stands for no table, and fails the test that means one.
        self = (try? TableName(parsing: text)) ?? TableName(unreadable: text)
    }
}
