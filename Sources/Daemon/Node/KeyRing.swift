import Basics
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

    /// The file that holds the key: the one that is named, or the one of the user's configuration folder; nil
    /// where it is kept elsewhere, or there is no such folder.
    private var file: String? {
        guard let setting else { return ConfigurationFolder.user(environment).map { "\($0)/key" } }
        guard case .file(let path)? = SecretReference(parsing: setting) else { return nil }
        return path
    }

    /// Reads the key where it is kept elsewhere than in a file; to be called before it is needed.
    package func load() async throws {
        guard let setting else { return }
        let text: Secret
        switch SecretReference(parsing: setting) {
        case nil:
            throw DaemonError(
                .configuration,
                "the key is named as env:NAME, file:/path or exec:command"
            )
        case .sealed?:
            throw DaemonError(.configuration, "the key of all secrets cannot be a secret itself")
        case .environment(let name)?:
            guard let value = environment[name] else {
                throw DaemonError(.configuration, "the variable \(name), the key, is not set")
            }
            text = Secret(value)
        // It is made where it is not there, when the first secret is put.
        case .file?: return
        case .command(let line)?: text = try await SecretResolver.output(ofCommand: line)
        }
        let key = try SealingKey(parsing: text)
        known.withLock { $0 = key }
    }

    /// The key, to open what was sealed.
    ///
    /// - Throws: `DefinitionError` `secret` where there is none.
    package func key() async throws -> SealingKey {
        if let key = known.withLock({ $0 }) { return key }
        return try await BlockingPool.files.run { try self.read() }
    }

    private func read() throws(DefinitionError) -> SealingKey {
        if let key = known.withLock({ $0 }) { return key }
        let file = try place()
        guard access(file, F_OK) == 0 else {
            throw DefinitionError(
                .secret,
                "there is no key to open secrets with: \(file) is not there; name the key's place with \(Remedy.key)"
            )
        }
        let key = try SealingKey(parsing: SecretResolver.contents(ofFile: file))
        known.withLock { $0 = key }
        return key
    }

    /// The key, to seal; one is made where there is none yet.
    ///
    /// - Parameter others: The keys that other secrets of the lake are sealed with, by their ids: there is one
    ///   for all of a lake, wherever it is looked for.
    /// - Returns: The key.
    /// - Throws: `DefinitionError` `secret` where it can be neither read nor written, or is another one.
    func sealingKey(besides others: Set<String>) async throws -> SealingKey {
        try await BlockingPool.files.run { try self.find(besides: others) }
    }

    private func find(besides others: Set<String>) throws(DefinitionError) -> SealingKey {
        let names = others.sorted().joined(separator: ", ")
        if known.withLock({ $0 }) != nil || file.map({ access($0, F_OK) == 0 }) ?? false {
            let key = try read()
            guard others.isEmpty || others.contains(key.id) else {
                throw DefinitionError(
                    .secret,
                    "the secrets of this lake are sealed with the key \(names), and \(shownPlace) holds the "
                        + "key \(key.id); name the place of the first with \(Remedy.key)"
                )
            }
            return key
        }
        let file = try place()
        guard others.isEmpty else {
            throw DefinitionError(
                .secret,
                "the secrets of this lake are sealed with the key \(names), and \(file) is not there; name "
                    + "the key's place with \(Remedy.key)"
            )
        }
        return try make(in: file)
    }

    private func make(in file: String) throws(DefinitionError) -> SealingKey {
        let made = SealingKey()
        let isWritten = made.text.reveal { PrivateFile.write($0 + "\n", to: file) }
        guard isWritten else {
            // Somebody else may have made it at this moment.
            guard access(file, F_OK) == 0 else {
                throw DefinitionError(
                    .secret,
                    "the key for secrets cannot be written to \(file); name another place with \(Remedy.key)"
                )
            }
            return try read()
        }
        known.withLock { $0 = made }
        return made
    }

    private func place() throws(DefinitionError) -> String {
        guard let file else {
            throw DefinitionError(
                .secret,
                "there is no place for the key of secrets: the user has no home; name one with \(Remedy.key)"
            )
        }
        return file
    }

    /// Where the key is, for messages: a command by its name.
    private var shownPlace: String {
        guard let setting else { return file ?? "" }
        return SecretReference(parsing: setting)?.shown ?? "\(Remedy.key)"
    }
}

/// Files that only their owner may read.
enum PrivateFile {
    /// Writes a new file, with the folders above it; tells whether it did.
    ///
    /// It keeps its thread for as long as the disk does.
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
