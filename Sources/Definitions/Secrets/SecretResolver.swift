package import Basics
import Dispatch
import Foundation
package import ObjectStorage
import Synchronization

/// Gives the secrets that references name.
package struct SecretResolver: Sendable {
    private let documents: DocumentStore<SecretDocument>
    private let key: @Sendable () async throws -> SealingKey
    private let environment: [String: String]

    /// Makes a resolver of a lake's secrets; `key` is asked for only where one has to be opened.
    package init(
        _ store: any ObjectStore,
        environment: [String: String],
        key: @escaping @Sendable () async throws -> SealingKey
    ) {
        documents = DocumentStore(store)
        self.environment = environment
        self.key = key
    }

    /// The secret of a reference.
    ///
    /// - Throws: `DefinitionError` `secret` or `notFound`, `StorageError`; none says anything of the secret.
    package func resolve(_ reference: SecretReference) async throws -> Secret {
        switch reference {
        case .sealed(let id): return try await documents.get(id).document.open(with: key())
        case .environment(let name):
            guard let value = environment[name] else {
                throw DefinitionError(.secret, "the variable \(name) is not set")
            }
            return Secret(value)
        case .file(let path):
            return try await BlockingPool.files.run { try Self.contents(ofFile: path) }
        case .command(let line): return try await Self.output(ofCommand: line)
        }
    }

    /// Requires that a sealed secret may be sent to all of some hosts.
    ///
    /// - Parameters:
    ///   - id: The secret's name.
    ///   - field: The field that says where it is sent.
    ///   - outside: Gives what is not on a list of hosts, in words; nil where all are.
    /// - Throws: `DefinitionError` `forbidden` where it is bound to others.
    package func requireHosts(
        of id: DefinitionID,
        field: String,
        outside: ([String]) -> String?
    ) async throws {
        let allowed = try await documents.get(id).document.hosts
        guard !allowed.isEmpty, let host = outside(allowed) else { return }
        throw DefinitionError(
            .forbidden,
            field: field,
            "the secret \(id) may be sent to \(allowed.joined(separator: ", ")), not to \(host)"
        )
    }

    /// What a file holds, without the end of its last line.
    ///
    /// It keeps its thread for as long as the disk does.
    package static func contents(ofFile path: String) throws(DefinitionError) -> Secret {
        guard let file = FileHandle(forReadingAtPath: path),
            let bytes = try? file.read(upToCount: Limits.secretByteCount + 1)
        else {
            // The system's own words name no more than that.
            throw DefinitionError(.secret, "the file \(path) cannot be read")
        }
        return try secret(bytes, of: "the file \(path)")
    }

    /// What a command prints; what it says on standard error is dropped, since it may hold secrets.
    package static func output(ofCommand line: String) async throws -> Secret {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", line]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        let what = "the command of exec:"
        do {
            try process.run()
        } catch {
            throw DefinitionError(.secret, "\(what) cannot be started")
        }
        let box = ProcessBox(process)
        let output: Data? = await withCheckedContinuation { continuation in
            let answer = Answer(continuation)
            DispatchQueue.global().async {
                // An end that cannot be read is an output that is empty.
                let bytes = try? pipe.fileHandleForReading.read(
                    upToCount: Limits.secretByteCount + 1
                )
                box.process.waitUntilExit()
                answer.give(bytes ?? Data())
            }
            // What the command has begun may go on; it is not waited for.
            DispatchQueue.global().asyncAfter(deadline: .now() + Limits.commandPatience.seconds) {
                if answer.give(nil) { box.process.terminate() }
            }
        }
        guard let output else {
            throw DefinitionError(
                .secret,
                "\(what) took longer than \(Limits.commandPatience.text)"
            )
        }
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw DefinitionError(.secret, "\(what) failed")
        }
        return try secret(output, of: what)
    }

    /// Gives one of several answers: the first.
    private final class Answer: Sendable {
        private let continuation: Mutex<CheckedContinuation<Data?, Never>?>

        init(_ continuation: CheckedContinuation<Data?, Never>) {
            self.continuation = Mutex(continuation)
        }

        @discardableResult
        func give(_ bytes: Data?) -> Bool {
            let waiting = continuation.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
            waiting?.resume(returning: bytes)
            return waiting != nil
        }
    }

    private static func secret(_ bytes: Data, of what: String) throws(DefinitionError) -> Secret {
        guard bytes.count <= Limits.secretByteCount else {
            throw DefinitionError(
                .secret,
                "\(what) gives more than \(Limits.secretByteCount) bytes, too many for a secret"
            )
        }
        var text = String(decoding: bytes, as: UTF8.self)[...]
        while let last = text.last, last.isNewline { text.removeLast() }
        guard !text.isEmpty else {
            throw DefinitionError(.secret, "\(what) gives nothing")
        }
        return Secret(String(text))
    }

    /// Carries a process to where it is waited for.
    private final class ProcessBox: @unchecked Sendable {
        // Safety: `Process` is told to end and waited for from any thread; nothing else is changed.
        let process: Process
        init(_ process: Process) { self.process = process }
    }
}
