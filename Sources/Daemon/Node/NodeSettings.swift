/// How a node works; every field has a setting of its name (docs/operations.md).
package struct NodeSettings: Sendable {
    /// The lake's folder.
    package var lake: String
    /// The folder of what is the node's own; nil for one in the lake's folder.
    package var state: String?
    /// The metastore's file; nil for one in the state folder.
    package var metastore: String?
    package var runs = Limits.runs
    package var runsPerSource = Limits.runsPerSource
    package var historyDays = Limits.historyDays
    /// Hosts of sources that may be read, `*.example.com` among them; nil for all.
    package var sourceHosts: [String]?
    /// Where the key for secrets is: `env:NAME`, `file:/path` or `exec:command`; nil for the file in the
    /// user's configuration folder, which is made when the first secret is put.
    package var key: String?
    /// The environment's variables.
    package var environment: [String: String]
    /// The program and its version, for snapshots.
    package var release: String

    /// Makes settings with the defaults.
    package init(lake: String, environment: [String: String], release: String) {
        self.lake = lake
        self.environment = environment
        self.release = release
    }

    /// Where the node keeps what is its own.
    package var stateFolder: StateFolder { StateFolder(state, lake: lake) }

    /// The metastore's file.
    var metastorePath: String { metastore ?? stateFolder.metastore }
}
