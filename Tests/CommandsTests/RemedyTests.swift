import Basics
import Commands
import FoundationEssentials
import TestSupport
import Testing

/// What a message tells people to do can be done.
@Suite struct RemedyTests {
    /// One command as the program describes itself.
    private struct Command: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable {
                var kind: String
                var name: String
            }
            var names: [Name]?
        }
        var commandName: String
        var subcommands: [Command]?
        var arguments: [Argument]?

        var options: Set<String> {
            Set(
                (arguments ?? []).flatMap { $0.names ?? [] }.filter { $0.kind == "long" }.map(
                    \.name
                )
            )
        }

        /// All options by the words of their commands, without the program's name.
        func all(_ path: [String] = []) -> [[String]: Set<String>] {
            var found = [path: options]
            for command in subcommands ?? [] {
                found.merge(command.all(path + [command.commandName])) { own, _ in own }
            }
            return found
        }
    }

    private struct Dump: Decodable { var command: Command }

    private static func commands() throws -> [[String]: Set<String>] {
        let dump = Data(CommandLineProbe.description.utf8)
        return try JSONDecoder().decode(Dump.self, from: dump).command.all()
    }

    /// The lines of the product's sources that hold texts, with where they stand.
    private static func lines() throws -> [(place: String, text: String)] {
        let root = "\(TestEnvironment.packageRoot)/Sources"
        return try FileManager.default.subpathsOfDirectory(atPath: root)
            .filter { $0.hasSuffix(".swift") }.sorted().flatMap { path in
                let text = try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
                return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
                    .map { (place: "\(path):\($0.offset + 1)", text: String($0.element)) }
                    .filter { !$0.text.drop { $0 == " " }.hasPrefix("//") }
            }
    }

    @Test func `every option that a message names is one`() throws {
        let known = try Self.commands().values.reduce(into: Set<String>()) { $0.formUnion($1) }
        #expect(known.contains("lookback") && known.contains("lake"))
        // Of the argument parser itself.
        let others: Set<String> = ["help", "version"]
        var count = 0
        for line in try Self.lines() where line.text.contains("--") {
            for match in line.text.matches(of: /(?:^|[^\w-])--([a-z][a-z0-9-]*)/) {
                count += 1
                let name = String(match.1)
                #expect(known.contains(name) || others.contains(name), "\(line.place): --\(name)")
            }
        }
        #expect(count > 50, "the messages were not found")
    }

    @Test func `every command that a message names is one, and takes what follows`() throws {
        let commands = try Self.commands()
        var count = 0
        for line in try Self.lines() where line.text.contains("`") {
            for match in line.text.matches(of: /`((?:tributary )?[a-z]+(?: [^`]*)?)`/) {
                var words = match.1.split(separator: " ").map(String.init)
                let isNamed = words.first == "tributary"
                if isNamed { words.removeFirst() }
                guard let first = words.first, isNamed || commands[[first]] != nil else { continue }
                // In a sentence a word such as `plan` is one by itself.
                guard isNamed || words.count > 1 else { continue }
                count += 1
                var path: [String] = []
                while let word = words.first, commands[path + [word]] != nil {
                    path.append(word)
                    words.removeFirst()
                }
                #expect(!path.isEmpty, "\(line.place): \(match.1)")
                for word in words where word.hasPrefix("--") {
                    let name = String(word.dropFirst(2).prefix { $0 != "=" })
                    #expect(commands[path]?.contains(name) == true, "\(line.place): \(match.1)")
                }
            }
        }
        #expect(count > 5, "the messages were not found")
    }

    // MARK: Remedies

    private func quoted(_ text: String) -> String { Remedy.spelled(text, \.quoted) }

    @Test func `each remedy that a message names is spelled, and nothing else`() {
        for remedy in Remedy.all {
            #expect(quoted("do \(remedy), or not") == "do \(remedy.quoted), or not")
            #expect(quoted("\(remedy.to("x"))") == remedy.to("x").quoted)
        }
        #expect(Remedy.policy(of: "a: b", "string").policyColumn == "a: b")
        for text in [
            "", "‹", "›", "‹›", "a ‹b› c", "‹columns", "columns›", "`columns`", "›columns‹",
        ] {
            #expect(quoted(text) == text)
        }
    }

    @Test func `each remedy is an option of some command`() throws {
        let known = try Self.commands().values.reduce(into: Set<String>()) { $0.formUnion($1) }
        for remedy in Remedy.all + [.policy(of: "a", "string")] {
            let option = remedy.option.prefix { $0 != " " }
            #expect(
                option.hasPrefix("--") && known.contains(String(option.dropFirst(2))),
                "\(option)"
            )
        }
        #expect(Remedy.policy(of: "a", "null").option == "--policy a=null")
        #expect(Remedy.onConflict.to("merge").option == "--on-conflict merge")
        #expect(Remedy.restart.option == "--restart" && Remedy.dataset.option == "--into")
    }
}
