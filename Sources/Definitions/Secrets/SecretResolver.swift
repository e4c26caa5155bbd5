import Dispatch
import Foundation
package import ObjectStorage

/// Gives the secrets that references name.
package struct SecretResolver: Sendable {
    private let documents: DocumentStore<SecretDocument>
    private let key: @Sendable () throws(DefinitionError) -> SealingKey
    private let environment: [String: String]

    /// Makes a resolver of a lake's secrets; `key` is asked for only where one has to be opened.
    package init(
        _ store: any ObjectStore,
        environment: [String: String],
        key: @escaping @Sendable () throws(DefinitionError) -> SealingKey
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
        case .file(let path): return try Self.contents(ofFile: path)
        case .command(let line): return try await Self.output(ofCommand: line)
        }
    }

    /// The whole address with its secrets in place, and all secrets that are in it.
    package func address(_ address: SourceAddress) async throws -> (dsn: Secret, parts: [Secret]) {
        if let whole = SecretReference(parsing: address.dsn) {
            let secret = try await resolve(whole)
            let password = secret.reveal { AddressParts($0).password.map(Secret.init) }
            return (secret, [secret] + (password.map { [$0] } ?? []))
        }
        guard let written = AddressParts(address.dsn).password,
            let reference = SecretReference(parsing: written)
        else { return (Secret(address.dsn), []) }
        let password = try await resolve(reference)
        let quoted = password.reveal { value in
            value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        }
        let dsn = address.dsn.replacing(":\(written)@", with: ":\(quoted)@", maxReplacements: 1)
        return (Secret(dsn), [password, Secret(quoted)])
    }

    /// What a file holds, without the end of its last line.
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
        let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + .seconds(Limits.commandSeconds))
        let box = ProcessBox(process)
        timer.setEventHandler {
            box.process.terminate()
        }
        timer.resume()
        defer { timer.cancel() }
        let bytes = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                // An end that cannot be read is an output that is empty.
                let bytes = try? pipe.fileHandleForReading.read(
                    upToCount: Limits.secretByteCount + 1
                )
                box.process.waitUntilExit()
                continuation.resume(returning: bytes ?? Data())
            }
        }
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw DefinitionError(
                .secret,
                "\(what) failed, or took longer than \(Limits.commandSeconds) s"
            )
        }
        return try secret(bytes, of: what)
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
