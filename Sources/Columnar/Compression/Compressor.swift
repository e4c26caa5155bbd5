import CLZ4
import CSnappy
import CZlib
import CZstd

/// Compresses pages with one codec; keeps the codec's working memory from page to page.
final class Compressor {
    /// What is compressed, as far as zstd looks at it in another way.
    enum Content {
        /// Numbers, and indices of a dictionary.
        case words
        /// Texts and other bytes of any length.
        case text
    }

    let codec: CompressionCodec
    private let zstd: OpaquePointer?
    /// What `zstd` is set up for.
    private var content: Content?

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
    func compress(
        _ source: UnsafeRawBufferPointer,
        of content: Content,
        into out: ByteStorage
    ) {
        guard let bytes = source.baseAddress, !source.isEmpty || codec != .uncompressed else {
            return
        }
        switch codec {
        case .uncompressed: out.append(source)
        case .zstd:
            prepare(for: content)
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

    /// Adds what does not shrink to `out`, in the form of compressed bytes but as it is.
    ///
    /// Of zstd's format (RFC 8878): a frame of one segment with its size, and blocks of raw bytes.
    func store(_ source: UnsafeRawBufferPointer, of content: Content, into out: ByteStorage) {
        guard codec == .zstd, source.count <= Int(UInt32.max) else {
            return compress(source, of: content, into: out)
        }
        let blockByteCount = 128 << 10
        out.reserve(source.count + 9 + 3 * (source.count / blockByteCount + 1))
        Self.append(UInt32(0xFD2F_B528), count: 4, to: out)
        out.append(0xA0)
        Self.append(UInt32(source.count), count: 4, to: out)
        var start = 0
        repeat {
            let end = min(start + blockByteCount, source.count)
            let isLast: UInt32 = end == source.count ? 1 : 0
            Self.append(UInt32(end - start) << 3 | isLast, count: 3, to: out)
            out.append(UnsafeRawBufferPointer(rebasing: source[start..<end]))
            start = end
        } while start < source.count
    }

    private static func append(_ value: UInt32, count: Int, to out: ByteStorage) {
        for place in 0..<count { out.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * place))) }
    }

    /// Looks for what pages of that kind repeat, at level 1, whose own choice is by size alone.
    private func prepare(for content: Content) {
        guard level == 1, content != self.content else { return }
        self.content = content
        let isText = content == .text
        let matchLength = isText ? Limits.zstdTextMatchLength : Limits.zstdWordMatchLength
        ZSTD_CCtx_setParameter(zstd, ZSTD_c_minMatch, Int32(matchLength))
        let indexBits = isText ? Limits.zstdTextIndexBits : Limits.zstdWordIndexBits
        ZSTD_CCtx_setParameter(zstd, ZSTD_c_hashLog, Int32(indexBits))
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
