/// Every number that bounds this target, with its reason.
enum Limits {
    /// Bytes at which a data file ends and the next begins: large enough for few requests, small
    /// enough that engines read several at once.
    static let dataFileByteCount: Int64 = 512 << 20

    /// Compressed bytes of unfinished row groups in memory, over all lanes of a read: with the
    /// batches and dictionaries beside them a run stays below 256 MiB.
    static let bufferedByteCount = 64 << 20

    /// The least of it a lane gets: row groups that engines still read well.
    static let bufferedByteCountMin = 8 << 20
}
