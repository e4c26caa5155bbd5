package import Columnar
import ObjectStorage

/// What `Columnar` has written goes to a store as it is: `ParquetWriter` gives it away.
extension ByteStorage: ByteChunk {
    package var byteCount: Int { count }

    package func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try body(bytes)
    }
}
