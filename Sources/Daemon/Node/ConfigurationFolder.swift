import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Where settings and the key are, apart from the lake.
package enum ConfigurationFolder {
    /// The system's.
    package static let system = "/etc/tributary"

    /// The user's, which need not be there; nil for a user without a home.
    ///
    /// It is the same whether the variables are set or not, as in a service or a container.
    package static func user(_ environment: [String: String]) -> String? {
        // The XDG base directory specification takes absolute paths alone.
        if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
            return "\(folder)/tributary"
        }
        guard let home = environment["HOME"].flatMap({ $0.isEmpty ? nil : $0 }) ?? homeOfUser else {
            return nil
        }
        return "\(home)/.config/tributary"
    }

    /// What the system's list of users says.
    private static var homeOfUser: String? {
        guard let entry = getpwuid(geteuid()), let home = entry.pointee.pw_dir else { return nil }
        let path = String(cString: home)
        return path.hasPrefix("/") ? path : nil
    }
}
