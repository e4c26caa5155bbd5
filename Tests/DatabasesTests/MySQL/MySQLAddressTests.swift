import Databases
import Streams
import Testing

@Suite struct MySQLAddressTests {
    private func source(_ text: String) throws -> any Source {
        try SourceKinds([MySQLSourceKind()]).open(
            text,
            SourceUse(limits: SourceLimits(laneCount: 1), environment: ["SECRET": "p"])
        )
    }

    @Test(arguments: [
        ("mysql://me@db.example/shop", "db.example:3306/shop"),
        ("mariadb://me:pw@db.example:3307/shop", "db.example:3307/shop"),
        ("mysql://me:env:SECRET@[::1]/", "::1:3306/"),
        ("mysql://me@/shop?socket=/run/mysqld/mysqld.sock", "/run/mysqld/mysqld.sock/shop"),
        ("mysql://me:pw@h/sl%2Fash", "h:3306/sl%2Fash"),
        ("mysql://me:pw@h/100%25%3F%23", "h:3306/100%25?#"),
        ("mysql://me:env%3ANOT_SET@h/d", "h:3306/d"),
        ("mysql://me:p%40ss@h/caf%C3%A9?ssl-mode=verify-full&ssl-ca=/ca.pem", "h:3306/café"),
    ]) func `an address is shown without its password`(text: String, place: String) throws {
        let location = try source(text).location
        #expect(location.place == place)
        #expect(location.kind == "mysql")
    }

    @Test(arguments: [
        "mysql:shop", "postgres://h/d", "mysql://me:pw@h:port/d", "mysql://me:pw@h/a/b",
        "mysql://me:pw@h/d?ssl=1", "mysql://me:pw@h/d?ssl-mode=sometimes",
        "mysql://me:pw@h/d?connect-timeout=soon", "mysql://me:env:NOT_SET@h/d",
        "mysql://me:12?34pw@h/d", "mysql://me:/pw@h/d", "mysql://me:a#pw@h/d",
        "mysql://me:pw@h/d?defaults-file=/no/such/file",
    ]) func `what is wrong is refused without a secret`(text: String) throws {
        let error = #expect(throws: SourceError.self) { try source(text) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains("pw") == false)
    }
}
