/// Why a trigger cannot be understood, or would never fire.
package struct TriggerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong: the field and the text at fault, and what would be right.
    package let message: String

    /// Makes an error.
    package init(_ message: String) {
        self.message = message
    }

    package var description: String { message }
}
