package import Definitions
import FoundationEssentials
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The operator's key for secrets, read when it is first needed.
package final class KeyRing: Sendable {
    private let setting: String?
    private let environment: [String: String]
    private let known = Mutex<SealingKey?>(nil)

    init(_ settings: NodeSettings) {
        setting = settings.key
        environment = settings.environment
    }

    /// The file that holds the key where no setting names another place.
    var defaultFile: String {
        let folder =
            environment["XDG_CONFIG_HOME"] ?? environment["HOME"].map { "\($0)/.config" } ?? "/etc"
        return "\(folder)/tributary/key"
    }

    /// Reads the key where it is kept elsewhere than in a file; to be called before it is needed.
    package func load() async throws {
        guard let setting, let reference = SecretReference(parsing: setting) else {
            guard setting == nil else {
                throw DaemonError(
                    .configuration,
                    "the key is named as env:NAME, file:/path or exec:command"
                )
            }
            return
        }
        let text: Secret
        switch reference {
        case .sealed:
            throw DaemonError(.configuration, "the key of all secrets cannot be a secret itself")
        case .environment(let name):
            guard let value = environment[name] else {
                throw DaemonError(.configuration, "the variable \(name), the key, is not set")
            }
            text = Secret(value)
        case .file(let path): text = try SecretResolver.contents(ofFile: path)
        case .command(let line): text = try await SecretResolver.output(ofCommand: line)
        }
        let key = try SealingKey(parsing: text)
        known.withLock { $0 = key }
    }

    /// The key, to open what was sealed.
    ///
    /// - Throws: `DefinitionError` `secret` where there is none.
    package func key() throws(DefinitionError) -> SealingKey {
        if let key = known.withLock({ $0 }) { return key }
        guard access(defaultFile, F_OK) == 0 else {
            throw DefinitionError(
                .secret,
                "there is no key to open secrets with: it was in \(defaultFile), or name another place "
                    + "with --key"
            )
        }
        let key = try SealingKey(parsing: SecretResolver.contents(ofFile: defaultFile))
        known.withLock { $0 = key }
        return key
    }

    /// The key, to seal; one is made where there is none yet.
    ///
    /// - Throws: `DefinitionError` `secret` where it can be neither read nor written.
    func sealingKey() throws(DefinitionError) -> SealingKey {
        if setting != nil || access(defaultFile, F_OK) == 0 { return try key() }
        let made = SealingKey()
        let isWritten = made.text.reveal { PrivateFile.write($0 + "\n", to: defaultFile) }
        guard isWritten else {
            // Somebody else may have made it at this moment.
            guard access(defaultFile, F_OK) == 0 else {
                throw DefinitionError(
                    .secret,
                    "the key for secrets cannot be written to \(defaultFile); name another place with --key"
                )
            }
            return try key()
        }
        known.withLock { $0 = made }
        return made
    }
}

/// Files that only their owner may read.
enum PrivateFile {
    /// Writes a new file, with the folders above it; tells whether it did.
    static func write(_ text: String, to path: String) -> Bool {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
        // If it cannot be made, the file cannot be either.
        try? FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else {
                unlink(path)
                return false
            }
            bytes = bytes.dropFirst(count)
        }
        return fsync(file) == 0
    }
}
