import ArgumentParser
import Basics
import Commands
import Testing

/// How remedies are named by messages, and spelled by a surface.
@Suite struct RemedyTests {
    private func quoted(_ text: String) -> String { Remedy.spelled(text, \.quoted) }

    @Test func `each remedy that a message names is spelled, and nothing else`() {
        for remedy in Remedy.all {
            #expect(quoted("do \(remedy), or not") == "do \(remedy.quoted), or not")
            #expect(quoted("\(remedy.to("x"))") == remedy.to("x").quoted)
        }
        let policy = Remedy.policy(of: "a: b", "string")
        #expect(policy.policyColumn == "a: b")
        for text in [
            "", "‹", "›", "‹›", "a ‹b› c", "‹columns", "columns›", "`columns`", "›columns‹",
        ] {
            #expect(quoted(text) == text)
        }
    }

    @Test func `each remedy is an option of some command`() {
        func helps(_ command: any ParsableCommand.Type) -> [String] {
            let inner = command.configuration.subcommands.flatMap(helps)
            return inner + [Tributary.helpMessage(for: command)]
        }
        let words = Set(
            Tributary.configuration.subcommands.flatMap(helps).flatMap { help in
                help.matches(of: #/--[a-z-]+/#).map { String($0.0) }
            }
        )
        for remedy in Remedy.all + [.policy(of: "a", "string")] {
            let option = remedy.option.prefix { $0 != " " }
            #expect(words.contains(String(option)), "\(option)")
        }
        #expect(Remedy.policy(of: "a", "null").option == "--policy a=null")
        #expect(Remedy.onConflict.to("merge").option == "--on-conflict merge")
        #expect(Remedy.restart.option == "--restart" && Remedy.dataset.option == "--into")
    }
}
