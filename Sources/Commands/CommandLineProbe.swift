import ArgumentParser

/// The command line as others see it.
package enum CommandLineProbe {
    /// All commands with their options, as one JSON object.
    package static var description: String { Tributary._dumpHelp() }

    /// The help of every command at a width in columns, by its words without the program's name.
    package static func help(columns: Int) -> [(words: String, text: String)] {
        help(of: Tributary.self, "", columns)
    }

    private static func help(
        of command: any ParsableCommand.Type,
        _ words: String,
        _ columns: Int
    ) -> [(words: String, text: String)] {
        let own = (words, Tributary.helpMessage(for: command, columns: columns))
        return [own]
            + command.configuration.subcommands.flatMap { inner in
                let name = inner._commandName
                return help(of: inner, words.isEmpty ? name : "\(words) \(name)", columns)
            }
    }

    /// The status with which arguments end the program before anything is done; nil for ones that are right.
    package static func refusal(of arguments: [String]) -> Int32? {
        do {
            _ = try Tributary.parseAsRoot(arguments)
            return nil
        } catch {
            return Tributary.exitCode(for: error).rawValue
        }
    }

    /// The status with which an error ends the program.
    package static func status(of error: any Error) -> Int32 { ExitStatus(error).rawValue }

    /// The lines of a table; the columns of `rightAligned` hold numbers.
    package static func table(
        _ heading: [String],
        rightAligned: Set<Int>,
        _ rows: [[String]]
    ) -> [String] {
        var table = TextTable(heading, rightAligned: rightAligned)
        for row in rows { table.add(row) }
        return table.lines
    }
}
