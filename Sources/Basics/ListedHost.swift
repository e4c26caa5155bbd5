#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// One of the hosts of a list with commas between them, cut by its bytes as C libraries cut it.
///
/// Whoever decides by a host where a secret may go has to see the hosts that the library will see.
package enum ListedHost: Hashable, Sendable {
    /// Nothing stands there.
    case missing
    /// A name, or an IPv4 address.
    case name(String)
    /// An IPv6 address, perhaps with a zone, without brackets.
    case address(String)
    /// A socket of this machine: a path, or a name behind `@`.
    case socket(String)
    /// Anything else: nobody can tell what a library makes of it.
    case doubtful(String)

    /// Takes a list apart.
    package static func list(_ text: String) -> [ListedHost] {
        text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
            ListedHost(String(decoding: $0, as: UTF8.self))
        }
    }

    private init(_ text: String) {
        switch text.utf8.first {
        case nil: self = .missing
        case UInt8(ascii: "/"), UInt8(ascii: "@"): self = .socket(text)
        default:
            if text.utf8.allSatisfy({ EncodedText.meansItself($0) }) {
                self = .name(text)
            } else if Self.isAddress(text) {
                self = .address(text)
            } else {
                self = .doubtful(text)
            }
        }
    }

    private static func isAddress(_ text: String) -> Bool {
        let parts = text.utf8.split(
            separator: UInt8(ascii: "%"),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        var bytes = in6_addr()
        let address = String(decoding: parts[0], as: UTF8.self)
        guard !address.utf8.contains(0), inet_pton(AF_INET6, address, &bytes) == 1 else {
            return false
        }
        return parts.count == 1
            || (!parts[1].isEmpty && parts[1].allSatisfy { EncodedText.meansItself($0) })
    }
}
