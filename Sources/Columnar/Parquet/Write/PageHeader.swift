/// Page headers (parquet.thrift, `PageHeader`).
enum PageHeader {
    /// The header of a data page whose body is `page.bytes`.
    static func data(
        _ page: EncodedPage,
        leaf: Leaf,
        isV2: Bool,
        definitionByteCount: Int,
        repetitionByteCount: Int
    ) -> [UInt8] {
        var writer = ThriftWriter()
        writer.element { header in
            header.field(1, (isV2 ? PageType.dataV2 : .data).rawValue)
            header.field(2, Int32(page.uncompressedByteCount))
            header.field(3, Int32(page.bytes.count))
            if isV2 {
                header.structure(8) { data in
                    data.field(1, Int32(page.valueCount))
                    data.field(2, Int32(page.nullCount))
                    data.field(3, Int32(page.rowCount))
                    data.field(4, page.encoding.rawValue)
                    data.field(5, Int32(definitionByteCount))
                    data.field(6, Int32(repetitionByteCount))
                }
            } else {
                header.structure(5) { data in
                    data.field(1, Int32(page.valueCount))
                    data.field(2, page.encoding.rawValue)
                    data.field(3, Encoding.rle.rawValue)
                    data.field(4, Encoding.rle.rawValue)
                }
            }
        }
        return writer.bytes
    }

    /// The header of a dictionary page whose body is `page.bytes`.
    static func dictionary(_ page: EncodedPage) -> [UInt8] {
        var writer = ThriftWriter()
        writer.element { header in
            header.field(1, PageType.dictionary.rawValue)
            header.field(2, Int32(page.uncompressedByteCount))
            header.field(3, Int32(page.bytes.count))
            header.structure(7) { dictionary in
                dictionary.field(1, Int32(page.valueCount))
                dictionary.field(2, Encoding.plain.rawValue)
            }
        }
        return writer.bytes
    }
}
