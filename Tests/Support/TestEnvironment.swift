import Glibc

/// What the tests are told of the machine they run on.
package enum TestEnvironment {
    /// The program under test.
    package static var binary: String {
        get throws { try value(of: "TRIBUTARY_BINARY") }
    }

    /// A Python with the other engines in it.
    package static var python: String {
        get throws { try value(of: "TRIBUTARY_PYTHON") }
    }

    /// The folder of the package, whose `Tests/Python` holds the judges.
    package static var packageRoot: String {
        // Tests/Support/TestEnvironment.swift, three names up.
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/")
    }

    /// A variable's value.
    ///
    /// - Throws: `TestSupportError` where it is unset: a test that quietly does nothing proves
    ///   nothing.
    package static func value(of name: String) throws -> String {
        guard let raw = getenv(name), raw.pointee != 0 else {
            throw TestSupportError(
                "\(name) is not set; run the tests by `make test` or `scripts/with-servers`"
            )
        }
        return String(cString: raw)
    }

    /// A setting that need not be there.
    package static func optionalValue(of name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
