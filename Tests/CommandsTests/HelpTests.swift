import Commands
import Testing

/// Every command says what it does, in a terminal as narrow as they come.
@Suite struct HelpTests {
    private static let help = CommandLineProbe.help(columns: 80)

    @Test func `every command has a help that fits 80 columns`() {
        #expect(Self.help.count > 40)
        #expect(Self.help.contains { $0.words == "schedule create" })
        for (words, text) in Self.help {
            // The argument parser writes the usage in one line, which terminals break.
            for line in text.split(separator: "\n") where !line.hasPrefix("USAGE:") {
                #expect(line.count <= 80, "\(words): \(line)")
            }
        }
    }

    @Test func `every command says in a sentence what it does`() {
        for (words, text) in Self.help {
            let overview = text.split(separator: "\n").first ?? ""
            #expect(overview.hasPrefix("OVERVIEW: "), "\(words): \(overview)")
            #expect(overview.count > 20, "\(words): \(overview)")
        }
    }

    @Test func `every argument and option says what it is`() {
        var count = 0
        for (words, text) in Self.help {
            var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
            while let line = lines.popFirst() {
                guard line.contains(/^  (-|<)\S/) else { continue }
                count += 1
                // What it is stands behind it, or in the next line.
                let rest = line.replacing(#/^  \S+(, --\S+)?( <[^>]+>)?/#, with: "")
                let isSaid = !rest.isEmpty || lines.first?.hasPrefix("          ") == true
                #expect(isSaid, "\(words): \(line)")
            }
        }
        #expect(count > 200)
    }

    @Test(
        arguments: [
            ["nothing"], ["sync"], ["sync", "--nothing"], ["schedule", "create", "--catch-up"],
            ["plan"], ["dataset", "show"], ["run", "show", "a", "b"], ["serve", "--port"],
        ]
    )
    func `a command line that is wrong ends with 64, before anything is done`(_ line: [String]) {
        #expect(CommandLineProbe.refusal(of: line) == 64, "\(line)")
    }

    @Test(arguments: [
        ["sync", "--help"], ["--help"], ["--version"], ["help", "schedule", "create"],
    ])
    func `help is no failure`(_ line: [String]) {
        #expect(CommandLineProbe.refusal(of: line) ?? 0 == 0, "\(line)")
    }
}
