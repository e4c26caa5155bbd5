package import Basics
package import Iceberg
package import Streams

/// One step of a run, written once and never changed.
package struct LedgerEntry: Hashable, Sendable, Codable {
    /// The form of this record; another one is refused.
    package static let currentVersion = 1

    package var version = Self.currentVersion
    /// The attempt that wrote it: the number of the entry it began with.
    package var attempt: Int
    /// When; to be shown, never to decide by.
    package var at: Instant
    package var event: Event

    /// What happened.
    package enum Event: Hashable, Sendable {
        /// The run, and its first attempt.
        case begun(RunRecord)
        /// A further attempt, which takes the run over from whoever had it.
        case resumed(ResumedRecord)
        /// Durable files and how far the stream is read with them.
        case checkpoint(CheckpointRecord)
        /// From here on the attempt may make the table's next version.
        case publishing(PublishingRecord)
        case published(PublishedRecord)
        /// Nobody resumes the run.
        case abandoned(AbandonedRecord)
    }
}

/// What a run was to do, and who began it.
package struct RunRecord: Hashable, Sendable, Codable {
    package var runID: String
    package var stream: String
    package var source: String
    /// A digest of what was asked for: an unfinished run of another request is not resumed.
    package var request: String
    /// What the rows look like, and the table they were encoded for.
    package var fingerprint: String
    package var mark: SourceMark
    package var owner: ProcessIdentity
    /// Nil where nobody asked for the table's rows to be replaced.
    package var restart: RestartRecord?
}

/// That the rows of a table were to be replaced, whoever wrote them.
package struct RestartRecord: Hashable, Sendable, Codable {
    /// The occurrence that was told to; nil for one of the command line.
    package var occurrence: String?
    /// The table's snapshot whose rows were to go; nil where it had none.
    package var snapshotID: Int64?
}

/// What a further attempt found and keeps.
package struct ResumedRecord: Hashable, Sendable, Codable {
    package var mark: SourceMark
    /// The entries whose files stay.
    package var kept: [Int]
    /// Whether they are proven to be what the new snapshot holds.
    package var isProven: Bool
    package var reason: String?
    package var owner: ProcessIdentity
}

/// A checkpoint: data files and what they cover are one object, so neither is there without the
/// other.
package struct CheckpointRecord: Hashable, Sendable, Codable {
    package var files: [DataFile]
    package var part: CommittedPart
    package var progress: ReadProgress
}

/// The table's version that a commit is put upon; 0 where there is no table yet.
package struct PublishingRecord: Hashable, Sendable, Codable {
    package var tableVersion: Int
}

/// What a run published.
package struct PublishedRecord: Hashable, Sendable, Codable {
    /// nil when there was nothing new to publish.
    package var snapshotID: Int64?
    package var rowCount: Int64
}

/// Why nobody resumes a run.
package struct AbandonedRecord: Hashable, Sendable, Codable {
    package var reason: String
}

extension LedgerEntry.Event: Codable {
    private enum Kind: String, CodingKey {
        case begun, resumed, checkpoint, publishing, published, abandoned
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Kind.self)
        guard let kind = container.allKeys.first, container.allKeys.count == 1 else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: container.codingPath,
                    debugDescription: "an entry tells one event"
                )
            )
        }
        self =
            switch kind {
            case .begun: .begun(try container.decode(RunRecord.self, forKey: kind))
            case .resumed: .resumed(try container.decode(ResumedRecord.self, forKey: kind))
            case .checkpoint: .checkpoint(try container.decode(CheckpointRecord.self, forKey: kind))
            case .publishing: .publishing(try container.decode(PublishingRecord.self, forKey: kind))
            case .published: .published(try container.decode(PublishedRecord.self, forKey: kind))
            case .abandoned: .abandoned(try container.decode(AbandonedRecord.self, forKey: kind))
            }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Kind.self)
        switch self {
        case .begun(let record): try container.encode(record, forKey: .begun)
        case .resumed(let record): try container.encode(record, forKey: .resumed)
        case .checkpoint(let record): try container.encode(record, forKey: .checkpoint)
        case .publishing(let record): try container.encode(record, forKey: .publishing)
        case .published(let record): try container.encode(record, forKey: .published)
        case .abandoned(let record): try container.encode(record, forKey: .abandoned)
        }
    }
}
