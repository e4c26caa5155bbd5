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

    /// The same as libpq reads an address: a password ends at the first `@`, whatever is in it but a `/`.
    static func mayShowPasswordToLibpq(_ address: String) -> Bool {
        guard let scheme = address.firstRange(of: "://") else { return false }
        let rest = address[scheme.upperBound...]
        let login = rest.prefix { $0 != "@" && $0 != "/" }
        let place = rest.dropFirst(login.count)
        return place.dropFirst().prefix { $0 != "?" }.contains("@")
    }
}
