import Basics
import Testing

@Suite struct ListedHostTests {
    @Test(
        arguments: [
            ("", [.missing]), ("h", [.name("h")]), ("a.b-c_d~1", [.name("a.b-c_d~1")]),
            ("a,b", [.name("a"), .name("b")]),
            ("a,,b,", [.name("a"), .missing, .name("b"), .missing]),
            ("::1,fe80::1%eth0", [.address("::1"), .address("fe80::1%eth0")]),
            ("/run/x,@x", [.socket("/run/x"), .socket("@x")]), ("127.0.0.1", [.name("127.0.0.1")]),
            ("h,\u{301}y", [.name("h"), .doubtful("\u{301}y")]),
            ("/\u{301}", [.socket("/\u{301}")]),
            ("h:1", [.doubtful("h:1")]), ("a=b;c", [.doubtful("a=b;c")]),
            ("[::1]", [.doubtful("[::1]")]),
            ("fe80::1%", [.doubtful("fe80::1%")]), ("fe80::1%a b", [.doubtful("fe80::1%a b")]),
        ] as [(String, [ListedHost])]
    )
    func `a list is cut by its bytes`(_ text: String, _ hosts: [ListedHost]) {
        #expect(ListedHost.list(text) == hosts)
    }
}
