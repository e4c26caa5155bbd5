package import Basics

/// How far a slice was read.
package enum SliceState: Hashable, Sendable, Codable {
    case notStarted
    case inProgress(at: Position)
    case complete

    /// The state behind a page that `step` follows.
    package init(after step: Step) {
        switch step {
        case .more(let position): self = .inProgress(at: position)
        case .done: self = .complete
        }
    }
}

/// How far a stream was read in one generation.
package struct StreamState: Hashable, Sendable, Codable {
    /// The form of this record; another one is refused.
    package static let currentVersion = 1

    package var version: Int
    /// The full read this state is of.
    package var generation: String
    /// What the rows look like: another look makes the state worthless.
    package var fingerprint: String
    /// Slices that are not named were not started.
    package var slices: [SliceKey: SliceState]

    /// Makes the state of a generation of which nothing was read.
    package init(generation: String, fingerprint: String) {
        version = Self.currentVersion
        self.generation = generation
        self.fingerprint = fingerprint
        slices = [:]
    }

    /// Refuses a state that is not of this read.
    ///
    /// - Throws: `StateError` saying what differs.
    package func require(generation: String, fingerprint: String) throws(StateError) {
        guard version == Self.currentVersion else {
            throw StateError(
                .version,
                "the state has form \(version), this program knows \(Self.currentVersion); use the "
                    + "program that wrote it, or start again with \(Remedy.restart)"
            )
        }
        guard self.generation == generation else {
            throw StateError(
                .generation,
                "the state is of the read \(self.generation), not of \(generation)"
            )
        }
        guard self.fingerprint == fingerprint else {
            throw StateError(.fingerprint, "the stream has changed since the state was written")
        }
    }
}

/// Why a state cannot be gone on from.
package struct StateError: Failure {
    /// The class of a failure.
    package enum Code: String, FailureCode {
        case version
        case generation
        case fingerprint
        /// A page came back with the position it was asked for.
        case stuckPosition = "stuck-position"
        /// A page of a slice nobody was asked to read, or behind its end.
        case unexpectedPage = "unexpected-page"

        package var failureClass: FailureClass {
            switch self {
            case .version, .generation, .fingerprint, .stuckPosition, .unexpectedPage: .data
            }
        }
    }

    package let code: Code
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var domain: FailureDomain { .source }
}
