/// What a source leads to: who may ask for it follows from that, for all kinds alike.
package struct Reach: Hashable, Sendable {
    /// Hosts that it connects to, in lowercase and without a dot at the end.
    package private(set) var hosts: [String] = []
    /// Files of this machine.
    package var files: [String] = []
    /// Commands that are run on this machine.
    package var programs: [String] = []
    /// Variables of the environment that decide where it leads, or with what.
    package var variables: [String] = []
    /// Settings of which nobody has said that they change nothing of this.
    package var others: [String] = []

    /// A reach of nothing.
    package init() {}

    /// Adds a host.
    package mutating func add(host: String) {
        var host = host[...]
        while host.last == "." { host.removeLast() }
        hosts.append(host.lowercased())
    }

    /// Whether it leads to hosts that are named, and nowhere else.
    package var isOfHostsAlone: Bool { !hosts.isEmpty && !needsAdministrator }

    /// Whether it leads to files of this machine, and nowhere else.
    package var isOfFilesAlone: Bool {
        !files.isEmpty && hosts.isEmpty && programs.isEmpty && variables.isEmpty && others.isEmpty
    }

    /// Whether it takes an administrator: it reaches into this machine, or nobody can tell where.
    package var needsAdministrator: Bool {
        !(files.isEmpty && programs.isEmpty && variables.isEmpty && others.isEmpty)
    }

    /// The first host that is not on a list of names, `*.example.com` among them.
    package func hostOutside(_ list: [String]) -> String? {
        hosts.first { host in
            !list.contains { pattern in
                let pattern = pattern.lowercased()
                return pattern == host
                    || (pattern.hasPrefix("*.") && host.hasSuffix(pattern.dropFirst()))
            }
        }
    }
}
