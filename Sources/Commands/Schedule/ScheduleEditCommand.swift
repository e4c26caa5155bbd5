import ArgumentParser
import Definitions
import Foundation
import JSON
import Server

/// `tributary schedule edit`.
struct ScheduleEditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit",
        abstract: "Change a schedule's definition.",
        discussion: "With --set fields are changed; without it the definition opens in $EDITOR."
    )

    @Argument(help: "The schedule's id.") var id: String
    @Option(
        help: ArgumentHelp(
            "A field to change, as in trigger=@hourly; trigger= takes its default.",
            valueName: "field=value"
        )
    )
    var set: [String] = []
    @OptionGroup var control: ControlOptions

    func run() async throws {
        var patch: JSONObject = [:]
        for text in set { try FieldEdit(text).apply(to: &patch) }
        let changes = JSONValue.object(patch)
        try await control.withClient { client in
            let path = "/schedules/\(APIClient.escaped(id))"
            let answer: JSONValue
            if set.isEmpty {
                let view = try await client.send(.get, path)
                let edited = try Self.edit(view["definition"] ?? .null)
                let tag = view["etag"]?.string ?? "*"
                answer = try await client.send(.put, path, headers: ["if-match": tag], edited)
            } else {
                answer = try await client.send(.patch, path, changes)
            }
            try control.show(answer, Answers.showSchedule)
        }
    }

    /// Has a person change a document.
    private static func edit(_ document: JSONValue) throws -> JSONValue {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("tributary-\(UUID().uuidString).json")
        guard
            FileManager.default.createFile(
                atPath: file.path,
                contents: Data(document.bytes(.pretty)),
                attributes: [.posixPermissions: 0o600]
            )
        else { throw SettingsError("\(file.path) cannot be written") }
        let editor = Process()
        editor.executableURL = URL(filePath: "/bin/sh")
        let program = ProcessInfo.processInfo.environment["EDITOR"] ?? "vi"
        editor.arguments = ["-c", "\(program) \"$0\"", file.path]
        try editor.run()
        editor.waitUntilExit()
        guard editor.terminationStatus == 0 else {
            throw SettingsError("\(program) failed; nothing was changed")
        }
        do {
            let edited = try JSONValue(document: Data(contentsOf: file))
            // A copy that stays in the temporary folder holds no secret.
            try? FileManager.default.removeItem(at: file)
            return edited
        } catch {
            throw SettingsError(
                "\(file.path): \(error); nothing was changed, the file is still there"
            )
        }
    }
}
