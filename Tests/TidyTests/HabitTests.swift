import TestSupport
import Testing

/// What does not stand in the code, or only with its reason beside it.
@Suite struct HabitTests {
    /// Files that may print: the terminal's own, and the tests' note of a folder left behind.
    private static let printing: Set<String> = [
        "Sources/Commands/Output/Terminal.swift", "Sources/Commands/Output/TextTable.swift",
        "Tests/Support/ScratchDirectory.swift",
    ]

    private func forbid(
        _ pattern: some RegexComponent,
        in files: [SourceFile],
        _ why: String,
        unless isAllowed: (SourceFile, Int) -> Bool = { _, _ in false }
    ) {
        for file in files {
            for (index, line) in file.code.enumerated() where line.contains(pattern) {
                #expect(isAllowed(file, index), "\(file.place(index)): \(why)")
            }
        }
    }

    /// Errors that steer a few lines, or are an answer by themselves: no surface ever asks for their class.
    private static let steering: Set<String> = [
        "PublishedAlready", "EverythingIsNeeded", "UnknownOutcome", "Missing", "Refusal",
        "QuarantineError", "Problem",
        // Columnar stands on nothing; Iceberg says what its errors mean.
        "ParquetError",
    ]

    @Test func `every error says what is to be done about it`() {
        forbid(#/\b(struct|enum|class)\s+\w+:.*\bError\b/#, in: SourceFile.product, "no Failure") {
            file,
            index in
            let words = file.code[index].split { !$0.isLetter && !$0.isNumber }
            return words.contains { Self.steering.contains(String($0)) }
        }
    }

    @Test func `only the commands speak of options`() {
        for file in SourceFile.product where file.target != "Commands" {
            for (index, line) in file.lines.enumerated() where line.contains(/[^-]--[a-z][a-z-]+/) {
                let isComment = line.drop { $0 == " " }.hasPrefix("//")
                #expect(isComment, "\(file.place(index)): an option of the command; see `Remedy`")
            }
        }
    }

    @Test func `a database's own words for kinds of relations stand in one file`() {
        let words = #/relkind(::text)?\s*(=|<>|IN)\s*\(?'|"(VIEW|BASE TABLE|SYSTEM VERSIONED)"/#
        for file in SourceFile.product where !file.path.hasSuffix("Relation+Kind.swift") {
            for (index, line) in file.lines.enumerated() where line.contains(words) {
                Issue.record("\(file.place(index)): spell it by the database's `Kind`")
            }
        }
    }

    @Test func `work is structured: no loose tasks`() {
        forbid(#/\bTask\s*\x7B/#, in: SourceFile.all, "a task outside of any scope")
        forbid(#/\bTask\s*\(/#, in: SourceFile.all, "a task outside of any scope")
        forbid(#/Task\.detached/#, in: SourceFile.all, "a detached task")
    }

    @Test func `an error that is dropped has a reason beside it`() {
        forbid(#/\btry\?/#, in: SourceFile.product, "`try?` without its reason") { file, index in
            file.hasComment(near: index)
                || (index + 2 < file.lines.count
                    && file.lines[index...(index + 2)].contains { $0.contains("//") })
        }
        forbid(#/catch\s*\{\s*\}/#, in: SourceFile.all, "an error that nobody sees")
    }

    @Test func `nothing prints but the terminal`() {
        forbid(#/(^|[^\w.])print\(/#, in: SourceFile.all, "only the terminal prints") { file, _ in
            Self.printing.contains(file.path)
        }
    }

    @Test func `unchecked sendability says why it is safe`() {
        forbid(#/@unchecked Sendable/#, in: SourceFile.product, "no `Safety:` comment") {
            file,
            index in
            // The reason is the first thing inside the type, or its line above.
            file.lines[max(0, index - 1)...min(index + 1, file.lines.count - 1)].contains {
                $0.contains("// Safety:")
            }
        }
    }

    @Test func `nothing traps on what it is given`() {
        forbid(#/\btry!/#, in: SourceFile.all, "`try!`")
        forbid(#/\bas!/#, in: SourceFile.all, "`as!`")
        forbid(#/\bfatalError\b/#, in: SourceFile.all, "`fatalError`")
        forbid(#/[\w\)\]]!([\s.,)\]\[]|$)/#, in: SourceFile.product, "a forced value")
    }

    @Test func `nothing is public and nothing is imported for testing`() {
        forbid(
            /\b(public|open) (func|var|let|struct|class|enum|init)/,
            in: SourceFile.all,
            "public"
        ) { file, _ in
            // What the standard library's type has of its protocol is as public as those two.
            file.path == "Tests/Support/Time+Literals.swift"
        }
        forbid(#/@test[a]ble/#, in: SourceFile.all, "tests use what the targets share")
    }

    @Test func `time has a type: no number is named after its unit`() {
        forbid(
            #/[a-z](Milliseconds|Seconds)\b|\b(milliseconds|seconds)\??: U?Int/#,
            in: SourceFile.product,
            "a number of seconds or milliseconds: take `Duration` or `Instant`"
        ) { file, index in
            // Calendars, and values of sources, are numbers of seconds.
            file.path.hasPrefix("Sources/Basics/Time/") || file.path.hasPrefix("Sources/Columnar/")
                || file.path.hasPrefix("Sources/Scheduling/Cron/")
                || file.path.hasPrefix("Sources/Scheduling/Zones/")
                || file.code[index].contains(/unix(Milliseconds|Seconds)/)
                || file.code[index].contains("Instant(milliseconds: ")
                || file.code[index].contains("self.init(milliseconds: ")
                // The report's fields say their unit.
                || file.path == "Sources/Commands/Sync/SyncReport.swift"
        }
    }

    @Test func `nothing is left to do`() {
        // Spelt in two parts, or this line would be the first finding.
        let word = "TO" + "DO"
        for file in SourceFile.all {
            for (index, line) in file.lines.enumerated() {
                #expect(!line.contains(word), "\(file.place(index))")
            }
        }
    }
}
