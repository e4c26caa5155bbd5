import CLZ4
import CSnappy
import CZlib
import CZstd

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Decompresses pages of one codec; the size of the result is known from the page's header.
final class Decompressor {
    let codec: CompressionCodec
    private let zstd: OpaquePointer?

    /// Makes a decompressor of one codec.
    init(codec: CompressionCodec) {
        self.codec = codec
        zstd = codec == .zstd ? ZSTD_createDCtx() : nil
    }

    deinit { ZSTD_freeDCtx(zstd) }

    /// Adds the `size` bytes that `source` stands for to `out`.
    ///
    /// - Throws: `ParquetError` when the bytes are damaged or stand for another number of bytes.
    func decompress(
        _ source: UnsafeRawBufferPointer,
        size: Int,
        into out: ByteStorage
    ) throws(ParquetError) {
        try check(size: size, from: source.count)
        out.reserve(size)
        let target = out.base + out.count
        guard let bytes = source.baseAddress, !source.isEmpty else {
            guard size == 0 else { throw damaged() }
            return
        }
        switch codec {
        case .uncompressed: memcpy(target, bytes, size)
        case .zstd:
            let written = ZSTD_decompressDCtx(zstd, target, size, bytes, source.count)
            guard ZSTD_isError(written) == 0, written == size else { throw damaged() }
        case .snappy:
            let input = bytes.assumingMemoryBound(to: CChar.self)
            var written = 0
            guard snappy_uncompressed_length(input, source.count, &written) == SNAPPY_OK,
                written == size,
                snappy_uncompress(
                    input,
                    source.count,
                    target.assumingMemoryBound(to: CChar.self),
                    &written
                )
                    == SNAPPY_OK, written == size
            else { throw damaged() }
        case .lz4Raw:
            let written = LZ4_decompress_safe(
                bytes.assumingMemoryBound(to: CChar.self),
                target.assumingMemoryBound(to: CChar.self),
                Int32(source.count),
                Int32(size)
            )
            guard Int(written) == size else { throw damaged() }
        case .gzip: try inflate(source, size: size, to: target)
        }
        out.count += size
    }

    private func check(size: Int, from compressed: Int) throws(ParquetError) {
        guard size <= Limits.pageByteCountMax, compressed <= Limits.pageByteCountMax else {
            throw ParquetError(.tooLarge, "a page claims \(size) bytes")
        }
        if codec == .uncompressed {
            guard size == compressed else {
                throw ParquetError(.corrupt, "a page of \(compressed) bytes claims \(size)")
            }
            return
        }
        let ratio = Limits.decompressionRatioMax(codec)
        let (possible, overflow) = compressed.multipliedReportingOverflow(by: ratio)
        guard size <= Limits.decompressedByteCountFree || overflow || size <= possible else {
            throw ParquetError(
                .corrupt,
                "\(compressed) bytes of \(codec) cannot stand for \(size) bytes"
            )
        }
    }

    private func damaged() -> ParquetError {
        ParquetError(.corrupt, "the \(codec) data of a page is damaged")
    }

    private func inflate(
        _ source: UnsafeRawBufferPointer,
        size: Int,
        to target: UnsafeMutableRawPointer
    ) throws(ParquetError) {
        var stream = z_stream()
        // 15 bits of window; 32 tells gzip and zlib headers apart.
        guard tributary_inflate_init(&stream, 15 + 32) == Z_OK else { throw damaged() }
        defer { inflateEnd(&stream) }
        stream.next_in = UnsafeMutablePointer(
            mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self)
        )
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = UInt32(size)
        while true {
            let status = CZlib.inflate(&stream, Z_FINISH)
            guard status == Z_STREAM_END else { throw damaged() }
            if stream.avail_in == 0 || stream.avail_out == 0 { break }
            // Members may be concatenated.
            guard inflateReset(&stream) == Z_OK else { throw damaged() }
        }
        guard stream.avail_out == 0 else { throw damaged() }
    }
}
