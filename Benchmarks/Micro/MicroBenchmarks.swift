// Runs one layer of the hot path by itself: `MicroBenchmarks --list`, `MicroBenchmarks CASE [ROUNDS]`.
//
// What is counted stands in `measured`, so that a tool that counts instructions can leave
// out the making of the input (scripts/microbench does). Run alone it prints nanoseconds per value.

import Columnar
import Glibc

/// One thing to measure.
struct Case: Sendable {
    let name: String
    /// What one round handles, for the figure per value.
    let valueCount: Int
    /// Makes the input and gives the work.
    let prepare: @Sendable () throws -> () throws -> Void

    init(_ name: String, values: Int, _ prepare: @escaping @Sendable () throws -> () throws -> Void)
    {
        self.name = name
        valueCount = values
        self.prepare = prepare
    }
}

/// The only frame whose instructions are counted: known by its name.
@inline(never)
func measured(_ work: () throws -> Void) rethrows { try work() }

@main
enum MicroBenchmarks {
    static let cases =
        decodeCases + encodingCases + codecCases + fileCases + triggerCases
        + machineCases

    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "--list" {
            for entry in cases { print(entry.name, entry.valueCount) }
            return
        }
        guard let name = arguments.first, let entry = cases.first(where: { $0.name == name }) else {
            print("usage: MicroBenchmarks --list | CASE [ROUNDS]")
            exit(64)
        }
        let rounds = arguments.dropFirst().first.flatMap { Int($0) } ?? 1
        let work = try entry.prepare()
        let clock = ContinuousClock()
        var best = Duration.seconds(3_600)
        for _ in 0..<rounds { best = min(best, try clock.measure { try measured(work) }) }
        let nanoseconds =
            Double(best.components.attoseconds) / 1e9 + Double(best.components.seconds) * 1e9
        print(name, "\((nanoseconds / Double(entry.valueCount) * 100).rounded() / 100) ns/value")
    }
}
