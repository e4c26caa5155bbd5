internal import CZlib

/// Raw deflate (RFC 1951), as Avro's codec of that name wants it.
enum Deflate {
    /// No zlib header and the largest window.
    private static let windowBits: CInt = -15

    /// Unpacks one stream at the start of `input`.
    ///
    /// What follows its end is ignored: pyiceberg leaves part of a zlib checksum there.
    ///
    /// - Throws: `IcebergError` `corrupt`.
    static func inflate(_ input: ArraySlice<UInt8>) throws -> [UInt8] {
        var stream = z_stream()
        guard tributary_inflate_init(&stream, windowBits) == Z_OK else {
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
                guard output.count <= Limits.avroBlockByteCount else {
                    throw IcebergError(
                        .corrupt,
                        "an Avro block unpacks to over \(Limits.avroBlockByteCount) bytes"
                    )
                }
                if status == Z_STREAM_END { return true }
                guard status == Z_OK, stream.avail_out == 0 || stream.avail_in > 0 else {
                    return false
                }
            }
        }
        guard ended else { throw IcebergError(.corrupt, "an Avro block is no deflate stream") }
        return output
    }

    /// Packs `input` at zlib's middle level.
    static func deflate(_ input: [UInt8]) throws -> [UInt8] {
        var stream = z_stream()
        guard tributary_deflate_init(&stream, Z_DEFAULT_COMPRESSION, windowBits) == Z_OK else {
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
