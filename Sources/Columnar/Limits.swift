/// Every number that bounds this target, with its reason.
package enum Limits {
    /// Memory a column keeps when a batch is reused: one huge value must not stay for the whole run.
    package static let retainedColumnBytes = 8 << 20

    /// Rows of a batch, and so of most pages: 16,384 values of 8 bytes stay in a 256 KiB L2 cache.
    package static let batchRowCount = 16_384

    /// Bytes at which a batch is handed on before it has all its rows, so that wide rows stay bounded.
    package static let batchByteCount = 8 << 20
}

extension Limits {
    /// Rows of a row group: what engines parallelise over, and what bounds a dictionary's gain.
    package static let rowGroupRowCount = 1 << 20

    /// Bytes of values of a row group before encoding: Parquet's customary 128 MiB.
    package static let rowGroupByteCount = 128 << 20

    /// Compressed bytes of a row group held in memory until its columns can be written one after
    /// the other: half of what the writer may use when nothing compresses.
    package static let rowGroupBufferedByteCount = 64 << 20

    /// Bytes of a page: what a reader decompresses to get at one value.
    package static let pageByteCount = 1 << 20

    /// Bytes of all pending pages of a file; a page of one of 1,000 columns gets 32 KiB of it.
    package static let pendingByteCount = 32 << 20

    /// Bytes of a column's dictionary: where Iceberg's own writer gives one up.
    package static let dictionaryByteCount = 2 << 20

    /// Bytes of all dictionaries of a file; each of 1,000 columns gets 32 KiB of it.
    package static let dictionaryTotalByteCount = 32 << 20

    /// Bytes of a smallest or largest value in statistics: enough to skip by, small in a footer.
    package static let statisticsByteCount = 64

    /// Bytes of a first page that is large enough to judge by whether its chunk is compressed.
    static let codecSampleByteCount = 4 << 10

    /// Bytes of a dictionary, after the first page, that may stay uncompressed beside indices that do
    /// not shrink: of 64 pages it is a part of a hundredth.
    static let codecDictionaryByteCount = 16 << 10

    /// The share of its bytes, as 1 in so many, that compressing a chunk has to save.
    static let codecGainShare = 25

    /// Numbers between the least and the most of a first page that are found by their distance: with
    /// room on both sides their table takes 2 MiB, which a dictionary of them may have too.
    static let dictionaryNearCount = 1 << 18

    /// The most of these numbers for each value of the page: of few rows a table of many numbers
    /// would cost more to make than it saves.
    static let dictionaryNearShare = 16

    /// A dictionary of fewer values than this share of the first page is taken untried: indices of
    /// 8 bits.
    static let dictionarySureShare = 64

    /// Bytes of the first page that the codec tries: enough to know the share it leaves, an eighth
    /// of the work of a page.
    static let dictionarySampleByteCount = 32 << 10

    /// Shortest match that zstd looks for among numbers: the upper bytes of a number of 8 bytes.
    static let zstdWordMatchLength = 5

    /// Shortest match that zstd looks for in text: shorter ones cost more to say than they save.
    static let zstdTextMatchLength = 7

    /// Bits of zstd's index of numbers already seen: what a page repeats is seldom far away.
    static let zstdWordIndexBits = 11

    /// Bits of zstd's index of text already seen: the largest that stays in a core's own cache.
    static let zstdTextIndexBits = 15
}
