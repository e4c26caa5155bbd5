import Commands
import FoundationEssentials
import TestSupport
import Testing

@Suite struct SettingsTests {
    @Test func `flags come before variables, variables before the file, the file before nothing`()
        throws
    {
        try withScratchDirectory { folder in
            let file = "\(folder)/tributary.yaml"
            try "host: file\nport: 1\nsource_hosts: [a, b]\n".write(
                toFile: file,
                atomically: true,
                encoding: .utf8
            )
            let settings = try SettingsProbe(
                flags: ["host": "flag"],
                environment: ["TRIBUTARY_HOST": "variable", "TRIBUTARY_PORT": "2"],
                file: file
            )
            #expect(settings["host"] == "flag")
            #expect(settings["port"] == "2")
            #expect(settings["source-hosts"] == "a,b")
            #expect(settings["runs"] == nil)
        }
    }

    @Test(
        arguments: [
            "hosts: x\n", "- a\n", "host: {a: b}\n", "host: [\n", "lake: null\n", "lake: ~\n",
            "lake:\n",
            "source_hosts: [[a]]\n", "source_hosts: [null]\n", "host: a\nhost: b\n",
            "source_hosts: a\nsource-hosts: b\n", "host: a\n---\nport: 1\n",
        ]
    )
    func `a file with what is no setting is refused, not passed over`(_ text: String) throws {
        try withScratchDirectory { folder in
            let file = "\(folder)/settings"
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            #expect(throws: (any Error).self) {
                _ = try SettingsProbe(flags: [:], environment: [:], file: file)
            }
        }
    }

    @Test func `a user's own file counts behind the one that is named, and before nothing`() throws
    {
        try withScratchDirectory { folder in
            let own = "\(folder)/config/tributary"
            try FileManager.default.createDirectory(
                atPath: own,
                withIntermediateDirectories: true
            )
            try "host: own\nkey: exec:true\n".write(
                toFile: "\(own)/tributary.yaml",
                atomically: true,
                encoding: .utf8
            )
            let environment = ["XDG_CONFIG_HOME": "\(folder)/config"]
            let settings = try SettingsProbe(flags: [:], environment: environment, file: nil)
            #expect(settings["host"] == "own")
            #expect(settings["key"] == "exec:true")
            let named = "\(folder)/named"
            try "port: 1\n".write(toFile: named, atomically: true, encoding: .utf8)
            let chosen = try SettingsProbe(flags: [:], environment: environment, file: named)
            #expect(chosen["host"] == nil)
            #expect(chosen["port"] == "1")
        }
    }

    @Test func `a file that was named has to be there`() {
        #expect(throws: (any Error).self) {
            _ = try SettingsProbe(flags: [:], environment: [:], file: "/nowhere/at.all")
        }
    }

    @Test func `the table of all settings is in the operations guide`() throws {
        let path = "\(TestEnvironment.packageRoot)/docs/operations.md"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains(SettingsProbe.table), "\(SettingsProbe.table)")
    }
}
