import Iceberg
import TestSupport
import Testing

@Suite struct PathNameTests {
    @Test(arguments: [
        ("orders", "orders"), ("Order-Lines_2", "Order-Lines_2"), ("a.b", "a_x2E_b"),
        ("a_x", "a_x5F_x"), ("_", "_"), ("..", "_x2E__x2E_"), ("ü", "_xC3__xBC_"),
        ("a/b", "a_x2F_b"), ("x y", "x_x20_y"), ("__x41_", "__x5F_x41_"), ("\0", "_x00_"),
    ])
    func `a name is a folder of plain letters`(name: String, folder: String) {
        #expect(PathName.encode(name) == folder)
        #expect(PathName.decode(folder) == name)
    }

    @Test(arguments: ["a.b", "_x2e_", "_x41_", "_x2", "_xZZ_", "_x+1_", "_xFF_", "_x_", "ü"])
    func `a folder no name has is not decoded`(folder: String) {
        #expect(PathName.decode(folder) == nil)
    }

    @Test func `every name comes back from its folder`() {
        var generator = SplitMix64(seed: 42)
        let letters: [Character] = ["a", "x", "_", "X", "5", "F", ".", "/", "é", "😀", " ", "-"]
        for _ in 0..<2_000 {
            let name = String(
                (0..<Int.random(in: 1...12, using: &generator)).compactMap { _ in
                    letters.randomElement(using: &generator)
                }
            )
            #expect(PathName.decode(PathName.encode(name)) == name)
        }
    }

    @Test func `empty and endless names are refused`() {
        #expect(throws: IcebergError.self) { try TableIdentifier(namespace: "", name: "a") }
        #expect(throws: IcebergError.self) {
            try TableIdentifier(namespace: "a", name: String(repeating: "é", count: 63))
        }
    }
}
