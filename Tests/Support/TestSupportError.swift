/// Why a test could not be set up or its helper failed.
package struct TestSupportError: Error, CustomStringConvertible {
    package let description: String

    /// Makes an error with a message for who runs the tests.
    package init(_ description: String) {
        self.description = description
    }
}
