import ObjectStorage
import Testing

@Suite struct ObjectKeyTests {
    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a\\b", "a\0b",
        String(repeating: "a", count: 256),
        String(repeating: "abcdefgh/", count: 200) + "x",
    ])
    func `a key that could leave the store is refused`(raw: String) throws {
        let error = try #require(throws: StorageError.self) { try ObjectKey(raw) }
        #expect(error.code == .invalid)
    }

    @Test(arguments: [
        "a", "a/b", ".a", "..a/b..", "a b/ü/☃", "%2e%2e/a", String(repeating: "a", count: 255),
    ])
    func `a plain key is taken as it is`(raw: String) throws {
        #expect(try ObjectKey(raw).rawValue == raw)
    }

    @Test func `a key knows its parts`() throws {
        let key = try ObjectKey("a/b").appending("c/d.txt")
        #expect(key.rawValue == "a/b/c/d.txt")
        #expect(key.name == "d.txt")
        #expect(key.firstSegment == "a")
        #expect(throws: StorageError.self) { try key.appending("../../x") }
    }

    @Test func `a location leads back to its key and nothing else does`() throws {
        let locations = ObjectLocations(base: "/lake", synonyms: ["file:///lake", "file:/lake"])
        let key = try ObjectKey("a/b")
        #expect(locations.location(of: key) == "/lake/a/b")
        for known in ["/lake/a/b", "file:///lake/a/b", "file:/lake/a/b"] {
            #expect(locations.key(at: known) == key)
        }
        for foreign in ["/lakes/a", "/lake", "/lake/", "/lake/../etc", "s3://lake/a", "a/b", ""] {
            #expect(locations.key(at: foreign) == nil)
        }
    }
}
