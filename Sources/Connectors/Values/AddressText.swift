/// What can be seen of an address before it is taken apart.
enum AddressText {
    /// Whether a password may have been taken for path or parameters, which are shown.
    ///
    /// An `@` behind the first `/`, `?` or `#` has to be written as `%40` there; one that is not ends a
    /// password in which such a character was not.
    static func mayShowPassword(_ address: String) -> Bool {
        guard let scheme = address.firstRange(of: "://") else { return false }
        let rest = address[scheme.upperBound...]
        return rest.drop { !"/?#".contains($0) }.contains("@")
    }

    /// Whether the password's place holds a reference as it is written: one whose colon is encoded is a password.
    static func namesVariable(_ address: String) -> Bool {
        guard let scheme = address.firstRange(of: "://") else { return false }
        let rest = address[scheme.upperBound...]
        let login = rest.prefix { $0 != "@" && $0 != "/" }
        let password = login.drop { $0 != ":" }.dropFirst()
        return password.hasPrefix("env:") || rest.contains("password=env:")
    }

    /// A database's name as it stands in a place that is shown: it may hold what ends a name there.
    static func shownName(_ name: String) -> String {
        name.replacing("%", with: "%25").replacing("/", with: "%2F")
    }

    /// The same as libpq reads an address: a password ends at the first `@`, whatever is in it but a `/`.
    static func mayShowPasswordToLibpq(_ address: String) -> Bool {
        guard let scheme = address.firstRange(of: "://") else { return false }
        let rest = address[scheme.upperBound...]
        let login = rest.prefix { $0 != "@" && $0 != "/" }
        let place = rest.dropFirst(login.count)
        return place.dropFirst().prefix { $0 != "?" }.contains("@")
    }
}
