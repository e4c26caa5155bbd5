/// The program's release, as files, snapshots and `--version` name it.
package enum Release {
    /// Major, minor and patch number.
    package static let version = "0.1.0"
}
