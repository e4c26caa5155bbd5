/// Every number that bounds this target, with its reason.
enum Limits {
    /// Bytes of a document of Airbyte state: connectors keep 25,000 partitions at most, of less
    /// than 1 KiB each, and some connections have a hundred streams.
    static let airbyteStateByteCount = 64 << 20

    /// Nested values in such a document: messages need six, positions within partitions as many
    /// again, and the values of connectors are shallow.
    static let airbyteStateDepth = 64

    /// Values in such a document, each of which takes some 50 bytes of memory: a hundred for each
    /// of 25,000 partitions.
    static let airbyteStateValueCount = 2_500_000

    /// Bytes of a name or value that stand in an error's message.
    static let airbyteQuoteLength = 60
}
