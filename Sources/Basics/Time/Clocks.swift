#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The clocks and the chance a program lives by, so that a test can make its own.
package struct Clocks: Sendable {
    /// The wall clock; it may be set.
    package var now: @Sendable () -> Instant
    /// A clock that is never set, and that all processes of the machine share.
    package var uptime: @Sendable () -> Uptime
    /// Waits; throws `CancellationError` as soon as the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// Any 64 bits.
    package var chance: @Sendable () -> UInt64

    /// Makes clocks; what is left out is the machine's.
    package init(
        now: @escaping @Sendable () -> Instant = Clocks.machine.now,
        uptime: @escaping @Sendable () -> Uptime = Clocks.machine.uptime,
        sleep: @escaping @Sendable (Duration) async throws -> Void = Clocks.machine.sleep,
        chance: @escaping @Sendable () -> UInt64 = Clocks.machine.chance
    ) {
        self.now = now
        self.uptime = uptime
        self.sleep = sleep
        self.chance = chance
    }

    /// The machine's.
    package static let machine = Clocks(
        now: {
            let time = look(at: CLOCK_REALTIME)
            return Instant(
                milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
            )
        },
        uptime: {
            let time = look(at: CLOCK_BOOTTIME)
            return Uptime(
                boot: ProcessIdentity.boot,
                sinceBoot: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
            )
        },
        sleep: { try await ContinuousClock().sleep(for: $0) },
        chance: { UInt64.random(in: .min ... .max) }
    )

    private static func look(at clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
}
