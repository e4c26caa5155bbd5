import Basics
import FoundationEssentials

/// Where a node keeps what is its own: the metastore with its lock, the first token.
///
/// The lake has no part in it, so the folder may lie elsewhere, on a disk that is near. It is one lake's.
package struct StateFolder: Hashable, Sendable {
    package let path: String

    /// The folder of that path; where none is named, the one in the lake's folder `lake`.
    package init(_ path: String?, lake: String) {
        self.path = path ?? "\(lake)/_metastore"
    }

    /// The metastore's file, where no other is named.
    package var metastore: String { "\(path)/metastore.sqlite" }

    /// The file of the token that the first administrator finds.
    package var adminToken: String { "\(path)/admin.token" }

    /// Makes the folder, which only the owner of the process may enter, where it is missing.
    ///
    /// It keeps its thread for as long as the disk does.
    ///
    /// - Throws: `DaemonError` `configuration`.
    func make() throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw DaemonError(
                .configuration,
                "the node's own folder \(path) cannot be made: see who may write there, or name another one "
                    + "with \(Remedy.stateFolder)"
            )
        }
    }
}
