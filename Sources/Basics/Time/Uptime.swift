/// A moment of the machine's clock that counts from its start and is never set, with a name for that start.
///
/// All processes of a machine share it. Moments of different starts cannot be compared.
package struct Uptime: Hashable, Sendable {
    /// Which start of the machine it counts from.
    package var boot: String
    /// How long ago that was.
    package var sinceBoot: Duration

    /// Makes a moment.
    package init(boot: String, sinceBoot: Duration) {
        self.boot = boot
        self.sinceBoot = sinceBoot
    }
}
