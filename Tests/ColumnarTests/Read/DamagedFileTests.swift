import Columnar
import FoundationEssentials
import TestSupport
import Testing

@Suite struct DamagedFileTests {
    /// Rows after which a damaged file has shown that it does not trap.
    private let rowLimit = 200_000

    /// Reads a damaged file: it may give rows or throw an error of ours, nothing else.
    private func survive(_ bytes: [UInt8], _ comment: Comment) {
        do {
            try Samples.readAll(bytes, rowLimit: rowLimit)
        } catch is ParquetError {
            // The expected answer to damage.
        } catch {
            Issue.record("\(comment): \(error)")
        }
    }

    @Test func `the committed samples are whole`() throws {
        let files = try Samples.corpus()
        #expect(files.count > 20)
        for url in files {
            let rows = try Samples.readAll([UInt8](Data(contentsOf: url)))
            #expect(rows > 0 || url.lastPathComponent == "empty.parquet")
        }
    }

    @Test func `a file cut off anywhere is refused`() throws {
        for url in try Samples.corpus() {
            let bytes = try [UInt8](Data(contentsOf: url))
            for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
                #expect(throws: ParquetError.self, "\(url.lastPathComponent) at \(length)") {
                    try Samples.readAll(Array(bytes[..<length]))
                }
            }
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `flipped bits are answered by an error or by rows`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for url in try Samples.corpus() {
            let bytes = try [UInt8](Data(contentsOf: url))
            for turn in 0..<25 {
                var damaged = bytes
                for _ in 0...Int.random(in: 0..<4, using: &random) {
                    damaged[Int.random(in: 4..<bytes.count - 8, using: &random)] ^=
                        1 << UInt8.random(in: 0..<8, using: &random)
                }
                survive(damaged, "\(url.lastPathComponent) seed \(seed) turn \(turn)")
            }
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `overwritten stretches are answered by an error or by rows`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for url in try Samples.corpus() {
            let bytes = try [UInt8](Data(contentsOf: url))
            for turn in 0..<15 {
                var damaged = bytes
                let start = Int.random(in: 4..<bytes.count - 8, using: &random)
                let value: UInt8 = [0x00, 0xFF, 0x7F, 0x80].randomElement(using: &random) ?? 0
                for index in start..<min(start + 9, bytes.count - 8) { damaged[index] = value }
                survive(damaged, "\(url.lastPathComponent) seed \(seed) turn \(turn)")
            }
        }
    }

    @Test func `a wrong checksum is refused with the place of the page`() throws {
        let url = try #require(
            try Samples.corpus().first { $0.path().contains("dictionary-v1-none") }
        )
        var bytes = try [UInt8](Data(contentsOf: url))
        let header = try #require(
            try ParquetFile(bytes: bytes).pageHeaders(rowGroup: 0, column: 0).last
        )
        #expect(header.checksum != nil)
        bytes[Int(header.offset) + header.headerByteCount] ^= 1
        let error = #expect(throws: ParquetError.self) { try Samples.readAll(bytes) }
        #expect(error?.code == .corrupt)
        #expect(error?.offset == header.offset)
    }

    @Test func `hostile files are refused`() throws {
        let files = try Samples.files(
            in: Samples.folder("Tests/Fixtures/bad_data"),
            extension: "parquet"
        )
        #expect(files.count > 30)
        for url in files {
            #expect(throws: ParquetError.self, "\(url.lastPathComponent)") {
                try Samples.readAll([UInt8](Data(contentsOf: url)))
            }
        }
    }
}
