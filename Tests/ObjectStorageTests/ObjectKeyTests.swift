import ObjectStorage
import TestSupport
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

    @Test(arguments: [
        ("/lake", "file:///lake"), ("/my-lake_1.x~/a", "file:///my-lake_1.x~/a"),
        ("/my lake", "/my lake"), ("/läke", "/läke"), ("/50%20", "/50%20"), ("/a#b", "/a#b"),
        ("/a?b", "/a?b"), ("/a:b", "/a:b"), ("/a+b", "/a+b"), ("/a@b", "/a@b"),
    ])
    func `a lake's folder has a scheme where no letter of it needs another form`(
        folder: String,
        base: String
    ) async throws {
        try withScratchDirectory { root in
            let store = try LocalStore(root: root + folder, access: .writing)
            let isPlain = base.hasPrefix("file://")
            #expect(store.locations.base == (isPlain ? "file://" : "") + root + folder)
            let key = try ObjectKey("warehouse/a/metadata/v1.metadata.json")
            for form in ["", "file:", "file://"] {
                #expect(store.locations.key(at: "\(form)\(root)\(folder)/\(key)") == key)
            }
        }
    }

    @Test func `letters that look the same are told apart by their bytes`() throws {
        let one = try ObjectKey("caf\u{E9}")
        let two = try ObjectKey("cafe\u{301}")
        #expect(one != two)
        #expect(Set([one, two]).count == 2)
        #expect(two < one)
        let locations = ObjectLocations(base: "/caf\u{E9}")
        #expect(locations.key(at: "/cafe\u{301}/a") == nil)
        #expect(try locations.key(at: "/caf\u{E9}/\u{301}a") == ObjectKey("\u{301}a"))
    }
}
