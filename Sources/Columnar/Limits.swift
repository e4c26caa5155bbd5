/// Every number that bounds this target, with its reason.
package enum Limits {
    /// Memory a column keeps when a batch is reused: one huge value must not stay for the whole run.
    package static let retainedColumnBytes = 8 << 20

    /// Rows of a batch, and so of most pages: 16,384 values of 8 bytes stay in a 256 KiB L2 cache.
    package static let batchRowCount = 16_384

    /// Bytes at which a batch is handed on before it has all its rows, so that wide rows stay bounded.
    package static let batchByteCount = 8 << 20
}
