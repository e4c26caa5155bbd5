/// A text that nobody shall read by accident: printing, interpolating, encoding or reflecting it gives
/// `<secret>`.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let value: String

    /// Wraps a secret.
    package init(_ value: String) { self.value = value }

    /// Lends the secret to whoever needs it itself: a connection, a cipher.
    package func reveal<Result, Failure: Error>(
        _ body: (String) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(value)
    }

    /// Replaces the secret wherever it stands in a text that others wrote.
    package func scrub(_ text: String) -> String {
        // Something so short stands in texts that have nothing to do with it.
        guard value.utf8.count >= 4 else { return text }
        return text.split(separator: value, omittingEmptySubsequences: false)
            .joined(separator: "<secret>")
    }

    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
    package var customMirror: Mirror { Mirror(reflecting: "<secret>") }
}
