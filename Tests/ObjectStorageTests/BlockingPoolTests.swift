import Basics
import Dispatch
import Glibc
import Synchronization
import TestSupport
import Testing

/// What the threads for blocking calls promise.
@Suite struct BlockingPoolTests {
    private struct Failed: Error {}

    /// A door that jobs wait at, each keeping its thread.
    private final class Door: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        private let arrived = Mutex(0)

        var arrivedCount: Int { arrived.withLock { $0 } }

        func pass() {
            arrived.withLock { $0 += 1 }
            semaphore.wait()
        }

        func open(for count: Int) { for _ in 0..<count { semaphore.signal() } }
    }

    /// What jobs did, in their order.
    private final class Notes: Sendable {
        private let noted = Mutex<[Int]>([])
        var all: [Int] { noted.withLock { $0 } }
        func add(_ number: Int) { noted.withLock { $0.append(number) } }
    }

    @Test func `a job gives what it returns or throws, from another thread`() async throws {
        let pool = BlockingPool(threadLimit: 8, waitingLimit: 0)
        let first = try await pool.run { UInt(pthread_self()) }
        // One after the other, they need one thread.
        for _ in 0..<1_000 {
            let next = try await pool.run { UInt(pthread_self()) }
            #expect(next == first)
        }
        await #expect(throws: Failed.self) { try await pool.run { throw Failed() } }
    }

    @Test func `more jobs hang than there are shared threads, and the rest goes on`() async throws {
        let pool = BlockingPool(threadLimit: 64, waitingLimit: 0)
        let door = Door()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<64 { group.addTask { try await pool.run { door.pass() } } }
            // This asks again and again, on a shared thread, while all jobs stand still.
            try await pollUntil("all jobs") { door.arrivedCount == 64 }
            door.open(for: 64)
            try await group.waitForAll()
        }
    }

    @Test func `jobs begin in the order they came, and no more wait than may`() async throws {
        let pool = BlockingPool(threadLimit: 1, waitingLimit: 3)
        let (door, notes) = (Door(), Notes())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pool.run { door.pass() } }
            try await pollUntil("the first") { door.arrivedCount == 1 }
            for number in 1...3 {
                group.addTask { try await pool.run { notes.add(number) } }
                try await pollUntil("a place in the queue") { pool.waitingCount == number }
            }
            let error = await #expect(throws: BlockingPoolError.self) { try await pool.run {} }
            #expect(error?.code == .full)
            group.addTask { await pool.tidy { notes.add(4) } }
            try await pollUntil("who tidies up") { pool.waitingCount == 4 }
            door.open(for: 1)
            try await group.waitForAll()
        }
        #expect(notes.all == [1, 2, 3, 4])
    }

    @Test func `a job that waits never runs when its task is cancelled; one that runs ends`()
        async throws
    {
        let pool = BlockingPool(threadLimit: 1, waitingLimit: 8)
        let (door, notes) = (Door(), Notes())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await pool.run { door.pass() }
                notes.add(1)
            }
            try await pollUntil("the first") { door.arrivedCount == 1 }
            group.addTask {
                await #expect(throws: CancellationError.self) {
                    try await pool.run { notes.add(2) }
                }
            }
            try await pollUntil("the second") { pool.waitingCount == 1 }
            group.cancelAll()
            try await pollUntil("its end") { pool.waitingCount == 0 }
            door.open(for: 1)
            try await group.waitForAll()
        }
        #expect(notes.all == [1])
    }

    @Test func `a task that was cancelled before may tidy up`() async {
        let pool = BlockingPool(threadLimit: 1, waitingLimit: 8)
        await withTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask {
                #expect(Task.isCancelled)
                await #expect(throws: Never.self) { try await pool.run {} }
                await pool.tidy {}
            }
        }
    }
}
