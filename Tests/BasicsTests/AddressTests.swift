import Basics
import TestSupport
import Testing

@Suite struct AddressTests {
    private func address(_ text: String) throws -> Address { try #require(Address(parsing: text)) }

    @Test func `an address is taken apart`() throws {
        let found = try address(
            "postgres://me%40corp:secret:db@h1:5432,[2001:db8::1]:1,h3/sl%2Fash?sslmode=require&a=b=c&d"
        )
        #expect(found.scheme == "postgres")
        #expect(found.user?.strict == "me@corp")
        #expect(found.password?.reference == SecretReference(parsing: "secret:db"))
        #expect(found.hosts.map(\.name.raw) == ["h1", "2001:db8::1", "h3"])
        #expect(found.hosts.map { $0.port?.raw } == ["5432", "1", nil])
        #expect(found.path?.strict == "sl/ash")
        #expect(found.parameters?.map(\.name.raw) == ["sslmode", "a", "d"])
    }

    @Test func `a path has no parts`() throws {
        let found = try address("sqlite:/a b?c@d#e:f")
        #expect(!found.hasAuthority)
        #expect(found.path?.raw == "/a b?c@d#e:f")
        #expect(found.hosts.isEmpty && found.user == nil && found.parameters == nil)
        #expect(try address("sqlite:///a?b=c").pathAndQuery == "/a?b=c")
    }

    @Test(arguments: [
        ("x://u:exec:pass show a@b/c@h/d", "exec:pass show a@b/c", "h"),
        ("x://u:file:/run/secrets/db@h/d", "file:/run/secrets/db", "h"),
        ("x://u:env:X@h/d?y=z@w", "env:X", "h"),
        ("x://h/d?password=secret:db", "secret:db", "h"),
    ])
    func `a reference may hold what ends a login`(
        _ text: String,
        _ reference: String,
        _ host: String
    ) throws {
        let found = try address(text)
        #expect(found.references["password"]?.description == reference)
        #expect(found.hosts.map(\.name.raw) == [host])
        #expect(found.writtenSecrets.isEmpty)
    }

    @Test func `a password whose colon is encoded is no reference`() throws {
        let found = try address("postgres://me:env%3AX@h/d")
        #expect(found.references.isEmpty)
        #expect(found.writtenSecrets["password"]?.reveal { $0 } == "env:X")
    }

    @Test func `of a command's address variables alone are looked up`() throws {
        let text = "postgres://me:secret:x@h/d"
        let found = try #require(Address(parsing: text, references: .variables))
        #expect(found.writtenSecrets["password"]?.reveal { $0 } == "secret:x")
        let other = try #require(
            Address(parsing: "postgres://me:env:A%2DB@h/d", references: .variables)
        )
        #expect(other.references["password"] == .environment("A-B"))
    }

    @Test(arguments: [
        "", "shop.db", "://h", "1x://h", "x://[::1", "x://[]/d", "x://[::1]y/d", ":x",
    ])
    func `what is no address is none`(_ text: String) {
        #expect(Address(parsing: text) == nil)
    }

    @Test(arguments: [
        "%7", "%", "%zz", "%00", "a%+1",
    ])
    func `a percent sign stands before two digits`(_ text: String) {
        #expect(EncodedText(raw: text).strict == nil)
        #expect(EncodedText(raw: text).lenient == text)
        #expect(EncodedText(text).strict == text)
    }

    /// Texts put together of what addresses are made of, a secret in each place a secret can have.
    @Test(arguments: UInt64(0)..<20)
    func `whatever an address is made of, it shows no secret and is read as it is written`(
        _ seed: UInt64
    ) throws {
        var random = SplitMix64(seed: seed)
        let pieces = [
            "postgres", "mysql", "sqlite", ":", "//", "/", "@", "?", "&", "=", "#", ",", "[", "]",
            "%",
            "%40", "%2F", "h", "u", "db", "5432", "::1", "secret:", "env:", "exec:", "file:/", " ",
            "password", "sslpassword=", "ssl-mode=", "\u{e9}", "\u{301}", "…",
        ]
        var count = 0
        for _ in 0..<2_000 {
            var text =
                ["postgres://", "mysql://", "x:", "sqlite:///"].randomElement(using: &random)
                ?? ""
            for _ in 0..<Int.random(in: 0..<12, using: &random) {
                text += pieces.randomElement(using: &random) ?? ""
            }
            guard let address = Address(parsing: text) else { continue }
            count += 1
            let again = try #require(Address(parsing: address.text), "\(text) → \(address.text)")
            #expect(again.text == address.text, "\(text)")
            #expect(again.references == address.references, "\(text)")
            if address.mayBeShown { #expect(address.text == text) }
        }
        #expect(count > 500)
    }

    @Test(arguments: UInt64(0)..<20)
    func `a password is shown in no place of an address`(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let password = "hunter2-\(seed)"
        let odd = ["", "/", "?", "#", "@", ":", "%", "a:b", " ", "&", "=", ","]
        for _ in 0..<500 {
            let (before, behind) = (
                odd.randomElement(using: &random) ?? "", odd.randomElement(using: &random) ?? ""
            )
            for text in [
                "postgres://me:\(before)\(password)\(behind)@h/d",
                "mysql://:\(before)\(password)\(behind)@h:1,k/d?ssl-mode=required",
                "postgres://h/d?\(odd.randomElement(using: &random) ?? "")password=\(password)\(behind)",
                "postgres://h/d?sslpassword=\(before)\(password)",
            ] {
                guard let address = Address(parsing: text) else { continue }
                #expect(!"\(address)".contains(password), "\(text)")
                var dumped = ""
                dump(address, to: &dumped)
                #expect(!dumped.contains(password), "\(text)")
                #expect(!String(reflecting: address).contains(password), "\(text)")
            }
        }
    }
}

@Suite struct CredentialsTests {
    @Test func `a secret is taken out of a text in each form it could have`() {
        var credentials = Credentials(["password": Secret("p@ss/w:rd")])
        credentials.hide([Secret("p@ss/w:rd and more")])
        #expect(
            credentials.scrub("p@ss/w:rd, p%40ss%2Fw%3Ard, p@ss/w:rd and more")
                == "<secret>, <secret>, <secret>"
        )
        #expect(credentials["password"]?.reveal { $0 } == "p@ss/w:rd")
        #expect(credentials["user"] == nil)
    }
}
