import ObjectStorage
import Testing

/// How a lake's folder is named.
@Suite struct FolderAddressTests {
    @Test(arguments: [
        ("lake", "lake"), ("./s3:/x", "./s3:/x"), ("/srv/a:b", "/srv/a:b"), ("a:b", "a:b"),
        ("file:///srv/lake", "/srv/lake"), ("file:/srv/lake", "/srv/lake"),
        ("file://localhost/srv/lake", "/srv/lake"), ("FILE:///srv/a%20b%25%3F", "/srv/a b%?"),
        ("file:///srv/%C3%A9/\u{e9}", "/srv/\u{e9}/\u{e9}"), ("/srv/a%20b", "/srv/a%20b"),
    ])
    func `a path is one, and so is what stands behind file`(_ text: String, _ path: String) throws {
        #expect(try FolderAddress.path(text) == path)
    }

    @Test(arguments: [
        "s3://bucket/x", "S3://bucket", "s3a://b/x", "gs://b", "abfss://c@a.dfs/x", "az://x",
        "hdfs://h/x",
        "http://h", "unknown+x://y", "s3:bucket", "gs:b", "ftp:/x",
    ])
    func `any other scheme is not supported, and makes no folder`(_ text: String) throws {
        let error = #expect(throws: StorageError.self) { _ = try FolderAddress.path(text) }
        #expect(error?.code == .unsupported)
        #expect(throws: StorageError.self) { _ = try LocalStore(root: text, access: .writing) }
    }

    @Test(arguments: [
        "file:lake", "file://host/x", "file://", "file:///a%2", "file:///a%zz", "file:///a%00",
        "file:///a?b", "file:///%FF", "", "a\0b",
        "~/lake", "~",
    ])
    func `what is no path is refused, and makes no folder`(_ text: String) throws {
        let error = #expect(throws: StorageError.self) { _ = try FolderAddress.path(text) }
        #expect(error?.code == .invalid)
        #expect(throws: StorageError.self) { _ = try LocalStore(root: text, access: .writing) }
    }

    @Test func `what an address holds behind its scheme is not told`() {
        let error = #expect(throws: StorageError.self) {
            _ = try FolderAddress.path("s3://key:hidden@bucket/x")
        }
        #expect(error?.message.contains("hidden") == false)
    }
}
