internal import CZlib

/// Streams of zlib: deflate (RFC 1951) bare, as Avro's codec of that name wants it, or as gzip
/// (RFC 1952), as metadata documents may be.
enum Deflate {
    /// What stands around the deflated bytes.
    enum Format {
        case raw
        case gzip

        /// zlib's way to say it, with the largest window.
        var windowBits: CInt {
            switch self {
            case .raw: -15
            case .gzip: 15 + 16
            }
        }
    }

    /// Unpacks one stream at the start of `input`.
    ///
    /// What follows its end is ignored: pyiceberg leaves part of a zlib checksum there.
    ///
    /// - Throws: `IcebergError` `corrupt`, also for more than `limit` bytes.
    static func inflate(
        _ input: ArraySlice<UInt8>,
        as format: Format = .raw,
        limit: Int = Limits.avroBlockByteCount
    ) throws -> [UInt8] {
        var stream = z_stream()
        guard tributary_inflate_init(&stream, format.windowBits) == Z_OK else {
            throw IcebergError(.storage, "zlib has no memory")
        }
        defer { inflateEnd(&stream) }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var input = Array(input)
        let ended = try input.withUnsafeMutableBufferPointer { source in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(clamping: source.count)
            while true {
                let status = chunk.withUnsafeMutableBufferPointer { target in
                    stream.next_out = target.baseAddress
                    stream.avail_out = UInt32(target.count)
                    return CZlib.inflate(&stream, Z_NO_FLUSH)
                }
                output += chunk.prefix(chunk.count - Int(stream.avail_out))
                guard output.count <= limit else {
                    throw IcebergError(.corrupt, "deflated bytes unpack to over \(limit)")
                }
                if status == Z_STREAM_END { return true }
                guard status == Z_OK, stream.avail_out == 0 || stream.avail_in > 0 else {
                    return false
                }
            }
        }
        guard ended else { throw IcebergError(.corrupt, "the bytes are no stream of zlib's") }
        return output
    }

    /// Packs `input` at zlib's middle level.
    static func deflate(_ input: [UInt8], as format: Format = .raw) throws -> [UInt8] {
        var stream = z_stream()
        let level = Z_DEFAULT_COMPRESSION
        guard tributary_deflate_init(&stream, level, format.windowBits) == Z_OK else {
            throw IcebergError(.storage, "zlib has no memory")
        }
        defer { deflateEnd(&stream) }
        var input = input
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(input.count))))
        let status = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(clamping: source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(clamping: target.count)
                return CZlib.deflate(&stream, Z_FINISH)
            }
        }
        guard status == Z_STREAM_END else { throw IcebergError(.storage, "zlib cannot pack") }
        return Array(output.prefix(Int(stream.total_out)))
    }
}
