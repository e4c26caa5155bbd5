import Databases
import Streams
import Testing

@Suite struct PostgresAddressTests {
    private func source(_ text: String) throws -> any Source {
        try SourceKinds([PostgresSourceKind()]).open(
            text,
            SourceUse(limits: SourceLimits(laneCount: 1), environment: ["SECRET": "p"])
        )
    }

    @Test(arguments: [
        ("postgres://me@db.example/shop", "db.example:5432/shop"),
        ("postgres://me:p%40ss@h:5433/shop", "h:5433/shop"),
        ("postgres://me:p%40ss@h/sl%2Fash", "h:5432/sl%2Fash"),
        ("postgres://me:env%3ANOT_SET@h/shop", "h:5432/shop"),
        // As libpq reads it, a password ends at the first @ whatever else is in it but a slash.
        ("postgres://me:a#b?c@h/shop", "h:5432/shop"),
        ("postgres://me:env:SECRET@h1/shop?target_session_attrs=any", "h1:5432/shop"),
        ("postgres:///shop?user=me@corp&host=/run/postgresql", "/run/postgresql:5432/shop"),
    ]) func `an address is shown without its password`(text: String, place: String) throws {
        #expect(try source(text).location.place == place)
    }

    @Test(arguments: [
        "postgres://me:sec@ret@h/shop", "postgres://me:/secret@h/shop",
        "postgres://me:se/cret@h/shop",
        "postgres://me:a:b@ret@h/shop", "postgres://me:secret@h/shop?nothing=such",
    ]) func `what is wrong is refused without a secret`(text: String) throws {
        let error = #expect(throws: SourceError.self) { try source(text) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains("ret") == false)
    }
}
