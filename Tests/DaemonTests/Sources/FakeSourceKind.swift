import Basics
import Streams

/// A kind that is added by this file and one line of a list.
struct FakeSourceKind: SourceKind {
    struct Settings: SourceSettings {
        var host: String?
        var token: SecretReference?

        static let fields: [SettingField<Settings>] = [
            .text("host", \.host, isRequired: true, "Where it is."),
            .secret("token", \.token, "What it is asked with."),
        ]
    }

    let profile = SourceProfile(
        name: "fake",
        example: "fake://host",
        variables: LibraryVariables(prefixes: ["FAKE_"])
    )

    func settings(from address: Address) throws(SourceError) -> Settings? {
        guard address.scheme == "fake", let host = address.hosts.first?.name.strict else {
            return nil
        }
        var settings = Settings()
        settings.host = host
        settings.token = address.password?.reference
        return settings
    }

    func reach(of settings: Settings) -> Reach {
        var reach = Reach()
        reach.add(host: settings.host ?? "")
        return reach
    }

    func location(of settings: Settings) -> SourceLocation {
        SourceLocation(kind: "fake", place: settings.host ?? "", defaultNamespace: nil)
    }

    func open(
        _ settings: Settings,
        _ credentials: Credentials,
        _ use: SourceUse
    ) throws(SourceError) -> any Source {
        FakeSource(
            location: location(of: settings),
            token: credentials["token"] ?? credentials["password"]
        )
    }

    func ambientSecrets(_ settings: Settings, environment: [String: String]) -> [Secret] { [] }
}

/// A source that says its secret when it is asked.
struct FakeSource: Source {
    let location: SourceLocation
    let token: Secret?

    func check() async throws -> SourceCheck {
        SourceCheck(
            version: "token \(token?.reveal { $0 } ?? "none")",
            facts: [],
            warnings: [],
            streamCount: 0
        )
    }

    func discover() async throws -> [StreamDescriptor] { [] }

    func plan(_ request: ReadRequest) async throws -> ReadPlan {
        throw SourceError(.notFound, "there is nothing to read")
    }

    func read<Result: Sendable>(
        _ request: ReadRequest,
        _ body: (any StreamReader) async throws -> Result
    ) async throws -> Result {
        throw SourceError(.notFound, "there is nothing to read")
    }
}
