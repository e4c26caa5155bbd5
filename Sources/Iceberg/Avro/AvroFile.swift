import JSON

/// An Avro object container file (specification 1.11, "Object Container Files").
///
///     "Obj" 1 | metadata: map of bytes | sync: 16 bytes
///     then blocks: item count | byte count | items, maybe deflated | sync
struct AvroFile {
    static let magic: [UInt8] = [0x4F, 0x62, 0x6A, 0x01]

    let metadata: [String: [UInt8]]
    let records: [AvroRecord]

    /// Reads a whole file of records.
    ///
    /// - Throws: `IcebergError` `corrupt`; `unsupported` for a codec other than null and deflate.
    init(parsing bytes: [UInt8]) throws {
        var decoder = AvroDecoder(bytes[...])
        guard try decoder.readRaw(4).elementsEqual(Self.magic) else {
            throw IcebergError(.corrupt, "the file is no Avro file")
        }
        var metadata: [String: [UInt8]] = [:]
        try decoder.readBlocks { metadata[try $0.readString()] = Array(try $0.readBytes()) }
        self.metadata = metadata
        let sync = try decoder.readRaw(16)
        let schema = try AvroSchema(parsing: metadata["avro.schema"] ?? [])
        let codec = String(decoding: metadata["avro.codec"] ?? [], as: UTF8.self)
        guard ["", "null", "deflate"].contains(codec) else {
            throw IcebergError(.unsupported, "Avro files with the codec \(codec) are not read")
        }
        var records: [AvroRecord] = []
        var total = 0
        while !decoder.isAtEnd {
            let count = try decoder.readLong()
            let raw = try decoder.readBytes()
            let block = codec == "deflate" ? try Deflate.inflate(raw)[...] : raw
            total += block.count
            guard total <= Limits.avroFileByteCount else {
                throw IcebergError(.corrupt, "an Avro file unpacks to over a gigabyte")
            }
            // As in blocks of arrays: items of no bytes could repeat for ever.
            guard count >= 0, count <= Int64(block.count) else {
                throw IcebergError(
                    .corrupt,
                    "an Avro block of \(count) items in \(block.count) bytes"
                )
            }
            var items = AvroDecoder(block)
            for _ in 0..<count {
                guard case .record(let record) = try items.readValue(schema) else {
                    throw IcebergError(.corrupt, "an Avro file holds something else than records")
                }
                records.append(record)
            }
            guard items.isAtEnd, try decoder.readRaw(16).elementsEqual(sync) else {
                throw IcebergError(.corrupt, "an Avro block ends in the wrong place")
            }
        }
        self.records = records
    }
}

/// Writes an Avro object container file, deflated.
struct AvroFileWriter {
    private var file = AvroEncoder()
    private var block = AvroEncoder()
    private var blockItemCount = 0
    private let sync: [UInt8]

    /// Starts a file; `sync` is 16 random bytes.
    init(schema: JSONValue, metadata: [(String, [UInt8])], sync: [UInt8]) {
        self.sync = sync
        file.append(AvroFile.magic)
        let entries =
            [("avro.schema", schema.bytes()), ("avro.codec", Array("deflate".utf8))] + metadata
        file.write(array: entries) { encoder, entry in
            encoder.write(entry.0)
            encoder.write(entry.1)
        }
        file.append(sync)
    }

    /// Adds an item.
    mutating func append(_ write: (inout AvroEncoder) -> Void) throws {
        write(&block)
        blockItemCount += 1
        if block.bytes.count >= Limits.avroBlockTargetByteCount { try closeBlock() }
    }

    private mutating func closeBlock() throws {
        guard blockItemCount > 0 else { return }
        file.write(blockItemCount)
        file.write(try Deflate.deflate(block.bytes))
        file.append(sync)
        block.removeAll()
        blockItemCount = 0
    }

    /// The whole file.
    mutating func finish() throws -> [UInt8] {
        try closeBlock()
        return file.bytes
    }
}
