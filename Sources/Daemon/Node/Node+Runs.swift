import Ingest
package import Metastore
import Scheduling

/// How far a run has come.
package struct ProgressView: Hashable, Sendable {
    package var phase: String
    package var rowCount: Int64
    package var estimatedRowCount: Int64?
    package var bytesRead: Int64
    package var bytesWritten: Int64
    package var connectionCount: Int
}

/// What can be asked about runs.
extension Node {
    /// Runs, the newest first.
    package func runs(_ filter: OccurrenceFilter) async throws -> Page<OccurrenceRecord> {
        var wider = filter
        wider.limit = filter.limit + 1
        let found = try await metastore.runs(wider)
        let items = Array(found.prefix(filter.limit))
        let next = found.count > filter.limit ? items.last.map { String($0.sequence) } : nil
        return Page(items: items, next: next)
    }

    /// A run.
    ///
    /// - Throws: `DaemonError` `notFound`.
    package func run(_ id: String) async throws -> OccurrenceRecord {
        guard let found = try await metastore.run(id) else {
            throw DaemonError(.notFound, "there is no run \(id)")
        }
        return found
    }

    /// All attempts at a run.
    package func attempts(of id: String) async throws -> [AttemptRecord] {
        try await metastore.attempts(of: id)
    }

    /// How far a run has come that is under way in this process.
    package func progress(of id: String) -> ProgressView? {
        service.progress(of: id).map {
            ProgressView(
                phase: $0.phase.rawValue,
                rowCount: $0.rowCount,
                estimatedRowCount: $0.estimatedRowCount,
                bytesRead: $0.bytesRead,
                bytesWritten: $0.bytesWritten,
                connectionCount: $0.laneCount
            )
        }
    }

    /// Stops a run; one that waits ends at once, one that reads soon.
    ///
    /// - Throws: `DaemonError` `notFound`, and `conflict` for one that has ended.
    package func cancelRun(_ id: String, by caller: Caller) async throws -> OccurrenceRecord {
        let present = try await run(id)
        guard !present.state.isEnd else {
            throw DaemonError(
                .conflict,
                "the run \(id) has ended already: \(present.state.rawValue)"
            )
        }
        let isThere = try await service.ask { machine, now in machine.stop(id, .asked, now) }
        guard isThere else {
            throw DaemonError(.conflict, "the run \(id) ended at this moment")
        }
        await audit(caller, "run.cancel", id)
        return try await run(id)
    }
}
