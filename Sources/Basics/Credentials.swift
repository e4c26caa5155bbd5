/// The secrets that a source is opened with, by the names of the fields or parameters that they are for.
///
/// They are handed to a library by keyword, never as part of a text that is taken apart again.
package struct Credentials: Sendable {
    private var secrets: [String: Secret]
    private var others: [Secret] = []

    /// Makes credentials of secrets by their names.
    package init(_ secrets: [String: Secret] = [:]) { self.secrets = secrets }

    /// The secret of a field; nil where none was given.
    package subscript(name: String) -> Secret? { secrets[name] }

    /// Adds secrets that must not be said either, though nobody asks for them here.
    package mutating func hide(_ secrets: [Secret]) { others += secrets }

    /// All of them, each in the forms in which it could come back, the longest first: one that holds another goes
    /// as a whole.
    package var all: [Secret] {
        var forms: Set<String> = []
        for secret in secrets.values + others {
            secret.reveal { text in
                guard !text.isEmpty else { return }
                forms.formUnion([text, EncodedText(text).raw, EncodedText(raw: text).lenient])
            }
        }
        return forms.sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }.map(Secret.init)
    }

    /// A text that others wrote, without any of them.
    package func scrub(_ text: String) -> String { all.reduce(text) { $1.scrub($0) } }
}
