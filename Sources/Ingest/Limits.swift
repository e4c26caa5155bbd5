/// Every number that bounds this target, with its reason.
enum Limits {
    /// Bytes at which a data file ends and the next begins: large enough for few requests, small
    /// enough that engines read several at once.
    static let dataFileByteCount: Int64 = 512 << 20
}
