import Columnar
import Iceberg
import TestSupport
import Testing

/// A document as another writer makes it, with what is not known here.
let foreignDocument = #"""
    {"format-version":2,"table-uuid":"67a1c9c0-0000-4000-8000-000000000001",
     "location":"s3://b/pg/orders","last-sequence-number":4,"last-updated-ms":1795228114621,
     "last-column-id":13,"schemas":[{"type":"struct","schema-id":0,"identifier-field-ids":[1],
      "fields":[{"id":1,"name":"id","required":true,"type":"long","doc":"k\u00e9y \ud83d\ude00\n"},
       {"id":2,"name":"p","required":false,"type":"decimal(10,2)","initial-default":null},
       {"id":3,"name":"f","required":false,"type":"fixed[16]"},
       {"id":11,"name":"tags","required":false,"type":{"type":"list","element-id":12,
        "element":"string","element-required":false}}]},
      {"type":"struct","schema-id":1,"fields":[{"id":1,"name":"id","required":true,"type":"long"},
       {"id":4,"name":"m","required":false,"type":{"type":"map","key-id":5,"key":"string",
        "value-id":6,"value":{"type":"struct","fields":[
         {"id":7,"name":"x","required":true,"type":"timestamptz"}]},"value-required":true}}]}],
     "current-schema-id":1,"partition-specs":[{"spec-id":0,"fields":[]}],"default-spec-id":0,
     "last-partition-id":999,"sort-orders":[{"order-id":0,"fields":[]}],"default-sort-order-id":0,
     "properties":{"a":"b","c":"d"},"current-snapshot-id":9223372036854775807,
     "snapshots":[{"snapshot-id":9223372036854775806,"sequence-number":3,
       "timestamp-ms":1795228114620,"manifest-list":"s3://b/1.avro",
       "summary":{"operation":"append"},"schema-id":0},
      {"snapshot-id":9223372036854775807,"parent-snapshot-id":9223372036854775806,
       "sequence-number":4,"timestamp-ms":1795228114621,"manifest-list":"s3://b/2.avro",
       "summary":{"operation":"append","total-records":"9007199254740993"},"schema-id":1,
       "key-id":"k1"}],
     "refs":{"main":{"snapshot-id":9223372036854775807,"type":"branch","max-ref-age-ms":1},
      "old":{"snapshot-id":9223372036854775806,"type":"tag"}},
     "snapshot-log":[{"snapshot-id":9223372036854775807,"timestamp-ms":1795228114621}],
     "metadata-log":[{"metadata-file":"s3://b/v1.json","timestamp-ms":1795228114620}],
     "statistics":[{"n":1.5e3,"deep":[[],{},[null,true,false,-0.0]]}],"next-row-id":0}
    """#

@Suite struct MetadataTests {
    @Test func `a document of another writer comes back as it was`() throws {
        let metadata = try TableMetadata(parsing: Array(foreignDocument.utf8))
        let again = try TableMetadata(parsing: metadata.serialized())
        #expect(again == metadata)
        #expect(again.serialized() == metadata.serialized())
        #expect(metadata.currentSnapshotID == .max)
        #expect(metadata.currentSnapshot?.count("total-records") == 9_007_199_254_740_993)
        #expect(metadata.ancestry.map(\.id) == [.max, .max - 1])
        let text = String(decoding: metadata.serialized(), as: UTF8.self)
        for kept in [
            "9223372036854775806", "max-ref-age-ms", "\"old\"", "1.5e3", "-0.0", "key-id",
            "initial-default", "fixed[16]", "next-row-id",
        ] {
            #expect(text.contains(kept), "\(kept)")
        }
        let first = try #require(metadata.schema(0))
        #expect(first.foreignType == "fixed[16]")
        #expect(first.schema.fields[0].documentation == "kéy 😀\n")
        #expect(first.schema.fields[1].type == .decimal(precision: 10, scale: 2))
        #expect(
            metadata.currentSchema?.schema.fields[1].type
                == .map(
                    key: Field(id: 5, name: "key", type: .string, isRequired: true),
                    value: Field(
                        id: 6,
                        name: "value",
                        type: .structure([
                            Field(id: 7, name: "x", type: .timestamptz, isRequired: true)
                        ]),
                        isRequired: true
                    )
                )
        )
        #expect(metadata.obstacleToWriting == nil)
    }

    @Test(arguments: [
        (#""format-version":2"#, #""format-version":1"#, "version 1"),
        (#""format-version":2"#, #""format-version":3"#, "version 3"),
        (#""current-schema-id":1"#, #""current-schema-id":0"#, "fixed[16]"),
        (
            #"[{"spec-id":0,"fields":[]}]"#,
            #"[{"spec-id":0,"fields":[{"source-id":1,"field-id":1000,"transform":"day","name":"d"}]}]"#,
            "partitioned"
        ),
    ])
    func `what is not written here is read and said`(
        old: String,
        new: String,
        reason: String
    ) throws {
        let text = foreignDocument.split(separator: old, maxSplits: 1).joined(separator: new)
        let metadata = try TableMetadata(parsing: Array(text.utf8))
        #expect(metadata.obstacleToWriting?.contains(reason) == true)
        #expect(try TableMetadata(parsing: metadata.serialized()) == metadata)
    }

    @Test func `a document of version 1 is read`() throws {
        let text = #"""
            {"format-version":1,"location":"/t","last-updated-ms":1,"last-column-id":1,
             "schema":{"type":"struct","fields":[{"id":1,"name":"a","required":false,"type":"int"}]},
             "partition-spec":[],"current-snapshot-id":-1}
            """#
        let metadata = try TableMetadata(parsing: Array(text.utf8))
        #expect(metadata.currentSchema?.schema.fields.map(\.name) == ["a"])
        #expect(metadata.currentSnapshotID == nil)
    }

    @Test func `a chain of snapshots that bites its tail ends`() throws {
        let text = foreignDocument.split(separator: #""snapshot-id":9223372036854775806,"sequence"#)
            .joined(
                separator:
                    #""snapshot-id":9223372036854775806,"parent-snapshot-id":9223372036854775807,"sequence"#
            )
        #expect(try TableMetadata(parsing: Array(text.utf8)).ancestry.count == 2)
    }

    @Test func `a torn document is refused at every byte`() {
        let bytes = Array(foreignDocument.utf8)
        for length in 0..<bytes.count {
            #expect(throws: IcebergError.self) {
                try TableMetadata(parsing: Array(bytes.prefix(length)))
            }
        }
    }

    @Test func `a document with any bit flipped is read or refused`() {
        var refused = 0
        let bytes = Array(foreignDocument.utf8)
        for index in bytes.indices {
            for bit in 0..<8 {
                var broken = bytes
                broken[index] ^= 1 << bit
                do {
                    let metadata = try TableMetadata(parsing: broken)
                    _ = metadata.serialized()
                    _ = metadata.ancestry
                } catch is IcebergError {
                    refused += 1
                } catch {
                    Issue.record("byte \(index), bit \(bit): \(error)")
                }
            }
        }
        #expect(refused > bytes.count)
    }

    @Test func `a key is kept only where it may be one`() {
        let schema = Schema([
            Field(id: 1, name: "a", type: .long, isRequired: true),
            Field(id: 2, name: "b", type: .string),
            Field(id: 3, name: "c", type: .double, isRequired: true),
            Field(id: 4, name: "d", type: .string, isRequired: true),
        ])
        #expect(TableSchema.identifier(of: ["d", "a"], in: schema) == [1, 4])
        #expect(TableSchema.identifier(of: ["a", "b"], in: schema) == [])
        #expect(TableSchema.identifier(of: ["c"], in: schema) == [])
        #expect(TableSchema.identifier(of: ["x"], in: schema) == [])
        #expect(TableSchema.identifier(of: [], in: schema) == [])
    }
}
