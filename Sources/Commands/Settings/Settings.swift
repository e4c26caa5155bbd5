import Basics
import Daemon
import FoundationEssentials

/// The settings of a call: flags before variables before the files.
struct Settings: Sendable {
    private let flags: [String: String]
    private let environment: [String: String]
    /// The one that counts first comes first.
    private let files: [SettingsFile]

    /// The file that is read where none is named.
    static let usualFile = "tributary.yaml"

    /// Reads the settings files.
    ///
    /// One that is named, by `--config` or its variable, is the only one, and has to be there. Else the file of
    /// the current folder counts before the user's, and that before the system's. What a folder holds is not
    /// always what its user put there: the first of the three may name no commands and files to read secrets
    /// from, and no server elsewhere to send a token to.
    ///
    /// - Throws: `SettingsError` for a file that cannot be read, and for fields there are not.
    init(flags: [String: String], environment: [String: String], file path: String?) throws {
        self.flags = flags
        self.environment = environment
        if let named = path ?? environment["TRIBUTARY_CONFIG"] {
            guard let file = try SettingsFile(named) else {
                throw SettingsError("\(named): the settings cannot be read: there is no such file")
            }
            files = [file]
            return
        }
        let own = try SettingsFile(Self.usualFile)
        try own?.requireHarmless()
        let folders = [ConfigurationFolder.user(environment), ConfigurationFolder.system]
        files =
            try [own].compactMap { $0 }
            + folders.compactMap { try $0.flatMap { try SettingsFile("\($0)/\(Self.usualFile)") } }
    }

    /// A setting's text; nil where nothing sets it.
    func text(_ setting: Setting) -> String? {
        flags[setting.name] ?? environment[setting.variable]
            ?? files.lazy.compactMap { $0.values[setting.name] }.first
    }

    /// A setting that is a number.
    ///
    /// - Throws: `SettingsError` for anything else, saying where it comes from.
    func number(_ setting: Setting, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = text(setting) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw SettingsError(
                "\(origin(of: setting)): it is a number from \(range.lowerBound) to \(range.upperBound), "
                    + "not \(text)"
            )
        }
        return number
    }

    /// Where a setting's value comes from.
    func origin(of setting: Setting) -> String {
        if flags[setting.name] != nil { return "--\(setting.name)" }
        if environment[setting.variable] != nil { return setting.variable }
        let file = files.first { $0.values[setting.name] != nil }
        return "\(setting.name) in \(file?.path ?? Self.usualFile)"
    }
}

/// Why a setting cannot be used.
struct SettingsError: Failure {
    /// The class of a failure.
    enum Code: String, FailureCode {
        /// Its value, or the file it stands in, is not what it may be.
        case invalid

        var failureClass: FailureClass { .configuration }
    }

    let message: String

    init(_ message: String) { self.message = message }

    var code: Code { .invalid }
    var domain: FailureDomain { .request }
}
