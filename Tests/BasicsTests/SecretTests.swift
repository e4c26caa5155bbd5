import Basics
import Testing

@Suite struct SecretReferenceTests {
    @Test(arguments: ["secret:shop-db", "env:NAME", "file:/run/secrets/db", "exec:pass show db"])
    func `a reference is written as it is read`(_ text: String) throws {
        #expect(try #require(SecretReference(parsing: text)).description == text)
    }

    @Test(arguments: [
        "", "secret:", "secret:Not A Name", "env:A-B", "file:relative", "other:x", "x",
    ])
    func `what is no reference is none`(_ text: String) {
        #expect(SecretReference(parsing: text) == nil)
    }
}

@Suite struct SecretTests {
    @Test func `a secret is not printed`() {
        let secret = Secret("geheim")
        #expect("\(secret)" == "<secret>")
        #expect(String(reflecting: secret) == "<secret>")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("geheim"))
        #expect(secret.scrub("say geheim twice: geheim") == "say <secret> twice: <secret>")
    }
}
