import CLZ4
import CSnappy
import CZlib
import CZstd

/// Compresses pages with one codec; keeps the codec's working memory from page to page.
final class Compressor {
    let codec: CompressionCodec
    private let zstd: OpaquePointer?

    /// Makes a compressor; `level` is zstd's and gzip's.
    init(codec: CompressionCodec, level: Int) {
        self.codec = codec
        guard codec == .zstd else {
            zstd = nil
            self.level = level
            return
        }
        guard let context = ZSTD_createCCtx() else { preconditionFailure("out of memory: zstd") }
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
        zstd = context
        self.level = level
    }

    private let level: Int

    deinit { ZSTD_freeCCtx(zstd) }

    /// Adds the compressed form of `source` to `out`; the caller knows both sizes from the counts.
    func compress(_ source: UnsafeRawBufferPointer, into out: ByteStorage) {
        guard let bytes = source.baseAddress, !source.isEmpty || codec != .uncompressed else {
            return
        }
        switch codec {
        case .uncompressed: out.append(source)
        case .zstd:
            let bound = ZSTD_compressBound(source.count)
            out.reserve(bound)
            let size = ZSTD_compress2(zstd, out.base + out.count, bound, bytes, source.count)
            precondition(
                ZSTD_isError(size) == 0,
                "zstd: \(String(cString: ZSTD_getErrorName(size)))"
            )
            out.count += size
        case .snappy:
            var size = snappy_max_compressed_length(source.count)
            out.reserve(size)
            let status = snappy_compress(
                bytes.assumingMemoryBound(to: CChar.self),
                source.count,
                (out.base + out.count).assumingMemoryBound(to: CChar.self),
                &size
            )
            precondition(status == SNAPPY_OK, "snappy could not compress \(source.count) bytes")
            out.count += size
        case .lz4Raw:
            let bound = LZ4_compressBound(Int32(source.count))
            out.reserve(Int(bound))
            let size = LZ4_compress_default(
                bytes.assumingMemoryBound(to: CChar.self),
                (out.base + out.count).assumingMemoryBound(to: CChar.self),
                Int32(source.count),
                bound
            )
            precondition(size > 0, "lz4 could not compress \(source.count) bytes")
            out.count += Int(size)
        case .gzip: gzip(source, into: out)
        }
    }

    private func gzip(_ source: UnsafeRawBufferPointer, into out: ByteStorage) {
        var stream = z_stream()
        // 15 bits of window and a gzip header.
        precondition(tributary_deflate_init(&stream, Int32(level), 15 + 16) == Z_OK, "zlib")
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, UInt(source.count))) + 32
        out.reserve(bound)
        stream.next_in = UnsafeMutablePointer(
            mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self)
        )
        stream.avail_in = UInt32(source.count)
        stream.next_out = (out.base + out.count).assumingMemoryBound(to: UInt8.self)
        stream.avail_out = UInt32(bound)
        let status = deflate(&stream, Z_FINISH)
        precondition(status == Z_STREAM_END, "zlib could not compress \(source.count) bytes")
        out.count += bound - Int(stream.avail_out)
    }
}
