import Basics
import Streams

/// Whether rows can be merged by a column: what a source takes for equal has to be equal here too, and
/// nothing else.
enum MergeKeyForm: Hashable, Sendable {
    /// Values are equal at the source exactly where what lands of them is.
    case same
    /// They are equal exactly where what this expression of the source makes of them is.
    case expression(String)
    /// Nothing that lands tells which are equal; with the reason.
    case none(String)
}

/// The columns that a merge matches rows by.
enum MergeKey {
    /// The name of the column that holds a key's values in the form the source compares them in.
    static func columnName(_ name: String) -> String { "_tributary_key_" + name }

    /// What is said of such a column in the table.
    static func documentation(_ name: String) -> String {
        "\(name) in the form in which the source compares it; merges match rows by it"
    }

    /// Refuses a key that rows cannot be merged by.
    ///
    /// - Throws: `SourceError` `configuration`.
    static func refusal(_ name: String, _ reason: String, stream: StreamName) -> SourceError {
        SourceError(
            .configuration,
            "\(stream): rows cannot be merged by \(name): \(reason). Name other columns with "
                + "\(Remedy.primaryKey), or read it with \(Remedy.mode.to("full-refresh"))"
        )
    }

    /// The policy of a key's column: a value that cannot be kept stops the run, since two of them would
    /// become one.
    ///
    /// `failsAsText`: some values cannot be kept as text either.
    ///
    /// - Throws: `SourceError` `configuration` where null or a near value was asked for.
    static func policy(
        of name: String,
        _ request: ReadRequest,
        canFail: Bool,
        failsAsText: Bool = false
    ) throws(SourceError) -> ConversionPolicy {
        let asked = request.policies[name]
        guard canFail else { return asked ?? request.defaultPolicy ?? .error }
        switch asked {
        case .null, .clamp:
            throw refusal(
                name,
                "its policy \(asked?.rawValue ?? "") makes several values one",
                stream: request.stream
            )
        case .string where failsAsText, .error: return .error
        case .string: return .string
        case nil: return request.defaultPolicy == .string && !failsAsText ? .string : .error
        }
    }

    /// The rows of a read as SQL, those of its own condition that meet a further one.
    static func condition(_ filter: String?, _ further: String? = nil) -> String {
        // A comment at the filter's end must not take the parenthesis with it.
        let all = [filter.map { "(\($0)\n)" }, further].compactMap { $0 }
        return all.isEmpty ? "" : " WHERE " + all.joined(separator: " AND ")
    }

    /// Several rows of one key: an error of the data, which names some as the source writes them.
    static func duplicates(
        _ examples: [String],
        of key: [String],
        stream: StreamName
    ) -> SourceError {
        SourceError(
            .unusableKey,
            "\(stream): \(key.joined(separator: ", ")) is no key: several rows have the same, as "
                + examples.joined(separator: "; ")
                + ", and some of them would be lost; name columns "
                + "that tell all rows apart with \(Remedy.primaryKey), or read it with \(Remedy.mode.to("full-refresh"))"
        )
    }

    /// Rows without a key.
    static func nulls(in key: [String], stream: StreamName) -> SourceError {
        SourceError(
            .unusableKey,
            "\(stream): there are rows where one of \(key.joined(separator: ", ")) is null, which cannot be "
                + "matched; name columns without nulls with \(Remedy.primaryKey), or leave the rows out with "
                + "\(Remedy.condition)"
        )
    }
}
