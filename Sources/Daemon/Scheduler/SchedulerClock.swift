import FoundationEssentials
package import Metastore

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The times a scheduler lives by, so that tests can make their own.
package struct SchedulerClock: Sendable {
    /// The wall clock, in milliseconds since 1970 in UTC; it may be set.
    package var now: @Sendable () -> Int64
    /// A clock that is never set, and that all processes of the machine share.
    package var uptime: @Sendable () -> Uptime
    /// Waits for so many milliseconds.
    package var sleep: @Sendable (Int64) async throws -> Void

    /// Makes a clock.
    package init(
        now: @escaping @Sendable () -> Int64,
        uptime: @escaping @Sendable () -> Uptime,
        sleep: @escaping @Sendable (Int64) async throws -> Void
    ) {
        self.now = now
        self.uptime = uptime
        self.sleep = sleep
    }

    /// The machine's clocks.
    package static let system = SchedulerClock(
        now: { time(CLOCK_REALTIME) },
        uptime: { Uptime(boot: boot, milliseconds: time(CLOCK_BOOTTIME)) },
        sleep: { try await ContinuousClock().sleep(for: .milliseconds($0)) }
    )

    private static func time(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Changes with every start of the machine.
    private static let boot: String = {
        // A system without it has one start as far as anybody can tell.
        let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return String((text ?? "").prefix(36))
    }()
}
