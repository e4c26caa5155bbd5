import ArgumentParser
import Definitions
import JSON
import Server

/// Follows a run to its end.
struct RunWatch: Sendable {
    let client: APIClient
    let isQuiet: Bool

    /// Shows the run's progress until it ends, and gives the run.
    func follow(_ id: String) async throws -> JSONValue {
        let path = "/runs/\(APIClient.escaped(id))"
        let showsStatus = Terminal.showsStatus && !isQuiet
        while true {
            let run = try await client.send(.get, path)
            guard ["pending", "running"].contains(run["state"]?.string) else {
                if showsStatus { Terminal.status("") }
                return run
            }
            if showsStatus { Terminal.status(line(run)) }
            try await ContinuousClock().sleep(for: Limits.watchInterval)
        }
    }

    private func line(_ run: JSONValue) -> String {
        guard let progress = run["progress"] else { return Answers.text(run["state"]) }
        return "\(Answers.text(progress["phase"])): \(Answers.text(progress["rows"])) rows"
    }

    /// Fails where a run did not succeed.
    static func requireSuccess(_ run: JSONValue) throws {
        guard run["state"]?.string != "succeeded" else { return }
        throw ExitStatus.failure.code
    }
}
