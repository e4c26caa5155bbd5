import ArgumentParser
import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Runs a command so that Ctrl-C stops it in order, and errors end it with one line and a status.
enum Interruptible {
    /// Runs `body`; SIGINT and SIGTERM cancel it.
    ///
    /// An error is written to standard error and becomes an exit status. A second signal ends the
    /// program at once.
    static func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        do {
            try await withSignals(body)
        } catch let exit as ExitCode {
            throw exit
        } catch let error as ValidationError {
            throw error
        } catch is CancellationError {
            Terminal.note("stopped; the lake is as it was before")
            throw ExitStatus.interrupted.code
        } catch {
            Terminal.note("error: \(error)")
            throw ExitStatus(error).code
        }
    }

    private static func withSignals(_ body: @escaping @Sendable () async throws -> Void)
        async throws
    {
        let (signals, continuation) = AsyncStream.makeStream(of: Int32.self)
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            let count = Mutex(0)
            source.setEventHandler {
                if count.withLock({
                    $0 += 1; return $0
                }) > 1 {
                    _exit(130)
                }
                continuation.yield(number)
            }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return true
            }
            group.addTask {
                for await _ in signals { break }
                return false
            }
            // Whoever ends first ends the other: the work the watcher, a signal the work, whose
            // cancellation is then what the group throws.
            while let isWork = try await group.next() {
                group.cancelAll()
                if isWork { return }
            }
        }
    }
}
