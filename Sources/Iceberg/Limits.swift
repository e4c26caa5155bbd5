import Basics

/// Every number that bounds this target, with its reason.
package enum Limits {
    /// Nested values in a JSON document: a schema of 30 nested types needs 100.
    package static let jsonDepth = 200

    /// Bytes of a metadata document: 100,000 snapshots of 1 KiB, with room.
    package static let metadataByteCount = 256 << 20

    /// Nested types in an Avro schema: a manifest has four.
    package static let avroDepth = 32

    /// Values read for each byte of an Avro block: a value has a byte or is a record of such.
    package static let avroValuesPerByte = 4

    /// Values read of an Avro block of any length.
    package static let avroValuesBase = 1_024

    /// Bytes of an Avro block after inflating: writers make blocks of 16 KiB to some MiB.
    package static let avroBlockByteCount = 256 << 20

    /// Bytes of an Avro file: a manifest of 100,000 files of 100 columns has about 400 MB.
    package static let avroFileByteCount = 1 << 30

    /// Bytes gathered before an Avro block is closed: what fast readers like and memory ignores.
    package static let avroBlockTargetByteCount = 1 << 18

    /// Code points of a text bound and bytes of a binary one: what every Iceberg writer keeps.
    package static let boundLength = 16

    /// How long a commit is tried while others are first: maintenance of a large table commits
    /// every few seconds for minutes, and holds no reader up.
    package static let commitPatience = Duration.seconds(300)

    /// Wait after a first lost commit; it doubles with each.
    package static let commitBackOffFirst = Duration.milliseconds(20)

    /// Longest wait between two commits: a commit takes some milliseconds.
    package static let commitBackOffLast = Duration.seconds(2)

    /// Versions probed upward from the hint, which trails by a few commits at most, before the
    /// folder is listed instead.
    package static let versionProbes = 64

    /// Times the hint is written again because others committed meanwhile; the last one's stays.
    package static let hintAttempts = 8

    /// Old metadata files kept in the log when the table does not say how many: Iceberg's default.
    package static let previousMetadataCount = 100

    /// Files of deleted positions that a file of rows has before they become one: readers open all of
    /// them, and each time they become one a manifest is written again, which may name thousands.
    package static let deleteFilesPerFile = 4

    /// Snapshots that the old documents of a log list together: at 700 bytes each, 28 MB.
    package static let loggedSnapshotCount = 40_000

    /// Old documents that a log names whatever their size: what a reader that is slow may still open.
    package static let leastPreviousMetadataCount = 10

    /// Bytes of a namespace's or table's name as a folder: file systems allow 255 for a name.
    package static let pathNameByteCount = 200

    /// Bytes of a longer name that its folder begins with, to be known by.
    package static let shortNameByteCount = 60

    /// For how long a document that left the log stays, for readers that opened the table
    /// by it.
    package static let documentAge = Duration.hours(1)

    /// Bytes of all documents up to which that holds: a table that is committed to all the time
    /// would keep thousands of them.
    package static let documentByteCount = 32 << 20

    /// Documents removed behind one commit, so that a table that kept all of them until now does
    /// not hold its commit up.
    package static let documentRemovals = 200

    /// Snapshots of this program whose summaries stand whole in the document: more than a run that
    /// was cut off, or a rollback by hand, looks back.
    package static let wholeSummaryCount = 50

    /// Small manifests that stand together until they are packed, when the table does not say:
    /// Iceberg's default.
    package static let manifestMergeCount = 100

    /// Bytes of a packed manifest, when the table does not say: Iceberg's default.
    package static let manifestByteCount: Int64 = 8 << 20

    /// Nested fields of a schema, which recursion follows.
    package static let typeDepth = 50
}

extension Limits {
    /// Bytes of new keys in memory at a time: two million keys of 8 bytes with their index.
    package static let mergeKeyByteCount = 64 << 20

    /// Rows of the files whose marked positions are in memory together: 32 MiB of bits.
    package static let mergeGroupRowCount: Int64 = 1 << 28

    /// Rows of one file that positions are marked in: 512 MiB of bits; files here end at 512 MiB
    /// of values, so one has fewer even of its narrowest rows.
    package static let mergeFileRowCount: Int64 = 1 << 32

    /// Times the new keys are split in two before they count as too much alike: keys that share
    /// this many bits of a seeded hash do not occur by chance.
    package static let mergeSplitDepth = 40

    /// Bytes of a row group's key columns, which are fetched at once: a row group here ends at
    /// 128 MiB of values.
    package static let mergeFetchByteCount: Int64 = 256 << 20

    /// Bytes read at a file's end to get at its footer: enough for some 300 column chunks.
    package static let footerReadByteCount: Int64 = 64 << 10

    /// Pieces of a footer asked for one after the other: its length is at its end.
    package static let footerReads = 4
}
