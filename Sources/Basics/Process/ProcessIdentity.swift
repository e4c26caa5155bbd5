import FoundationEssentials

/// A process, told from all others of its machine, past ones too.
package struct ProcessIdentity: Hashable, Sendable, Codable, CustomStringConvertible {
    package var host: String
    package var processID: Int32
    /// When it was started, in the ticks of its machine's clock since that was switched on.
    package var startTick: Int64

    /// Makes an identity of its parts.
    package init(host: String, processID: Int32, startTick: Int64) {
        self.host = host
        self.processID = processID
        self.startTick = startTick
    }

    /// This process.
    package static var current: ProcessIdentity {
        let info = ProcessInfo.processInfo
        return ProcessIdentity(
            host: info.hostName + "/" + boot.prefix(8),
            processID: info.processIdentifier,
            startTick: startTick(of: info.processIdentifier) ?? 0
        )
    }

    /// Whether the process is there, as far as this machine can tell; one that is stopped is.
    ///
    /// Nothing is decided by it that could lose or double a row: it only keeps two healthy
    /// attempts from taking a run from one another.
    package var isAlive: Bool {
        host == Self.current.host && Self.startTick(of: processID) == startTick
    }

    package var description: String {
        "process \(processID) on \(host.prefix { $0 != "/" })"
    }

    /// Changes with every start of the machine; empty where there is none.
    package static let boot: String = {
        // A system without it has one start as far as anybody can tell.
        let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return String((text ?? "").prefix(36))
    }()

    /// proc(5), `/proc/pid/stat`, field 22; nil when there is no such process.
    private static func startTick(of processID: Int32) -> Int64? {
        // A process that is gone has no file.
        guard let text = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8),
            // The name may hold blanks and brackets: what follows its last bracket does not.
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return Int64(fields[19])
    }
}
