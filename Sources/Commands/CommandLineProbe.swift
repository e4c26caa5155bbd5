import ArgumentParser

/// The command line as others see it.
package enum CommandLineProbe {
    /// All commands with their options, as one JSON object.
    package static var description: String { Tributary._dumpHelp() }
}
