import Basics
import Iceberg
import Streams

/// An attempt that was thought dead came first: what is to be published is there.
struct PublishedAlready: Error {
    let snapshotID: Int64
}

/// Says, before each try to commit, whether the run may still publish what it read.
struct CommitGuard: Sendable {
    let registry: RunRegistry
    let ledger: RunLedger
    let table: TableName
    let runID: String
    let runNumber: Int
    let occurrence: OccurrenceMark?
    /// Whether only new rows were read.
    let isPartial: Bool
    /// Whether all rows of the table give way.
    let replaces: Bool
    /// The table when the read was prepared.
    let standing: TableStanding
    let files: StagedFiles

    /// Looks at the table that the commit would be put upon, and notes in the ledger that it is tried.
    ///
    /// - Returns: The rows of the table that give way.
    /// - Throws: `PublishedAlready`; `IngestError` `superseded`, `busy`, `filesGone`.
    func check(_ head: Table?) async throws -> Int64 {
        if let snapshot = head?.metadata.snapshot(ofRun: runID) {
            throw PublishedAlready(snapshotID: snapshot.id)
        }
        if let occurrence,
            let done = head?.metadata.snapshots.last(where: { snapshot in
                OccurrenceMark(summary: snapshot.summary)?.id == occurrence.id
            })
        {
            throw PublishedAlready(snapshotID: done.id)
        }
        guard try await registry.numbers(of: table).last == runNumber else {
            throw IngestError(
                .superseded,
                "a newer run of \(table) was begun; this one publishes nothing"
            )
        }
        let present = try await TableStanding(of: head)
        try requireSame(present)
        try await files.requireAll()
        // From now on the files must stay until it is known what became of this commit.
        try await ledger.append(
            .publishing(PublishingRecord(tableVersion: head?.version ?? 0))
        )
        return replaces ? present.rowCount ?? 0 : 0
    }

    /// Requires that the table still lacks what was read, and has nothing that nobody asked about.
    private func requireSame(_ present: TableStanding) throws {
        // What was read is what the table lacked then: upon a table that was loaded or put back
        // since, it would double or miss rows.
        if isPartial, present.cursor != standing.cursor {
            throw IngestError(
                .busy,
                "\(table) was loaded or rolled back by others while its new rows were read; "
                    + "nothing was published, run it again"
            )
        }
        guard replaces, standing.filling == .empty, present.filling != .empty,
            present.origin == nil
        else { return }
        throw IngestError(
            .busy,
            "\(table) was filled by others while its rows were read (\(present.rowWords)); nothing was "
                + "published, run it again to see what can be done"
        )
    }
}
