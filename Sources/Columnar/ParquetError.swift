/// Why a Parquet file could not be read: what failed and at which byte.
package struct ParquetError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The class of a failure.
    package enum Code: String, Sendable, CaseIterable {
        /// The bytes contradict the format or themselves.
        case corrupt
        /// The bytes end before what they announce.
        case truncated
        /// The file uses a part of the format that is not read here.
        case unsupported
        /// A count or size is past what `Limits` allows.
        case tooLarge = "too-large"
        /// A value cannot be held exactly by the type it is read as.
        case inexact
        /// The column or row group asked for does not exist.
        case notFound = "not-found"
    }

    package let code: Code
    package private(set) var message: String
    /// Where in the file: of the page when the failure lies in compressed bytes; nil if unknown.
    package private(set) var offset: Int64?

    /// Makes an error; `offset` counts from the start of the file.
    package init(_ code: Code, _ message: String, offset: Int64? = nil) {
        self.code = code
        self.message = message
        self.offset = offset
    }

    package var description: String {
        guard let offset else { return message }
        return "\(message) (at byte \(offset))"
    }

    /// The same error with the place it happened in, if it has none yet.
    func located(in place: String, offset: Int64) -> ParquetError {
        guard self.offset == nil else { return self }
        var copy = self
        copy.message = "\(place): \(message)"
        copy.offset = offset
        return copy
    }
}
