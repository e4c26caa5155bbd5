import FoundationEssentials
import Glibc

/// How a process ended and what it wrote.
package struct ProcessResult: Sendable {
    /// The way a process comes to its end.
    package enum End: Hashable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    package let end: End
    package let standardOutput: String
    package let standardError: String

    /// Whether it ended with exit code 0.
    package var succeeded: Bool { end == .exited(0) }

    /// Both outputs, for the message of a failed expectation.
    package var transcript: String {
        "\(end)\n--- stdout\n\(standardOutput.suffix(4000))\n--- stderr\n\(standardError.suffix(4000))"
    }
}

/// A process that was started and has to be waited for.
///
/// Its output goes to files, so that a full pipe can never stop it.
package struct ChildProcess: Sendable {
    package let processID: Int32
    private let outputFolder: String

    /// Runs a process to its end.
    ///
    /// A process that is not through at the deadline is killed.
    ///
    /// - Parameters:
    ///   - executable: A path, or a name to be found on the PATH.
    ///   - arguments: What follows the name.
    ///   - environment: Variables to set on top of those of the tests; nil takes one away.
    ///   - deadline: How long it may take.
    /// - Returns: How it ended, whatever its exit code.
    /// - Throws: `TestSupportError` when it cannot start or misses the deadline.
    package static func run(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String?] = [:],
        deadline: Duration = .hang
    ) async throws -> ProcessResult {
        try await withStarted(executable, arguments, environment: environment) { child in
            try await child.wait(deadline: deadline)
        }
    }

    /// Starts a process and lends it; what still runs when `body` is through is killed.
    package static func withStarted<Result>(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String?] = [:],
        _ body: (ChildProcess) async throws -> Result
    ) async throws -> Result {
        try await withScratchDirectory { folder in
            let child = try start(executable, arguments, environment, outputFolder: folder)
            defer {
                // Already reaped where `wait` was called: then neither call finds it.
                if waitpid(child.processID, nil, WNOHANG) == 0 {
                    kill(child.processID, SIGKILL)
                    waitpid(child.processID, nil, 0)
                }
            }
            return try await body(child)
        }
    }

    /// Sends a signal.
    package func signal(_ number: Int32) {
        kill(processID, number)
    }

    /// Waits for the end, and kills the process at the deadline.
    ///
    /// - Throws: `TestSupportError` when the deadline is missed, with what was written so far.
    package func wait(deadline: Duration = .hang) async throws -> ProcessResult {
        let clock = ContinuousClock()
        let limit = clock.now + deadline
        var status: Int32 = 0
        var wasKilled = false
        while true {
            let reaped = waitpid(processID, &status, WNOHANG)
            if reaped == processID { break }
            guard reaped == 0 else {
                throw TestSupportError("process \(processID) cannot be waited for: error \(errno)")
            }
            if clock.now > limit, !wasKilled {
                kill(processID, SIGKILL)
                wasKilled = true
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        let signal = status & 0x7f
        let result = ProcessResult(
            end: signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal),
            standardOutput: try Self.text(of: outputFolder + "/stdout"),
            standardError: try Self.text(of: outputFolder + "/stderr")
        )
        if wasKilled {
            throw TestSupportError("not through after \(deadline): \(result.transcript)")
        }
        return result
    }

    private static func text(of path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    private static func start(
        _ executable: String,
        _ arguments: [String],
        _ environment: [String: String?],
        outputFolder: String
    ) throws -> ChildProcess {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let write = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputFolder + "/stdout", write, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, outputFolder + "/stderr", write, 0o600)

        var variables = ProcessInfo.processInfo.environment
        for (name, value) in environment { variables[name] = value }
        var argumentPointers = ([executable] + arguments).map { strdup($0) }
        var variablePointers = variables.map { strdup("\($0.key)=\($0.value)") }
        defer {
            for pointer in argumentPointers + variablePointers { free(pointer) }
        }
        argumentPointers.append(nil)
        variablePointers.append(nil)
        var processID: pid_t = 0
        let failure = posix_spawnp(
            &processID,
            executable,
            &actions,
            nil,
            argumentPointers,
            variablePointers
        )
        guard failure == 0 else {
            throw TestSupportError("cannot start \(executable): error \(failure)")
        }
        return ChildProcess(processID: processID, outputFolder: outputFolder)
    }
}
