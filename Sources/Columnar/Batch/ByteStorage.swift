#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Growable raw memory with `slack` readable bytes behind its end.
///
/// Hot loops take `base` once, run over raw pointers and set `count` when they are done. Members are
/// not checked for overlapping access: no method calls out while it changes them, and the checks
/// cost as much as the work of a short block.
package final class ByteStorage: @unchecked Sendable {
    // Safety: storage is owned by one stage of a run at a time; it is handed over, not shared.

    /// Bytes that may be read (not used) behind the last one, so that loops can load whole words.
    package static let slack = 16

    /// The first byte.
    ///
    /// Changes when the storage grows.
    @exclusivity(unchecked)
    package private(set) var base: UnsafeMutableRawPointer
    /// Bytes that fit without growing.
    @exclusivity(unchecked)
    package private(set) var capacity: Int
    /// Bytes in use.
    @exclusivity(unchecked)
    package var count: Int

    /// Makes empty storage with room for `capacity` bytes.
    package init(capacity: Int = 0) {
        self.capacity = max(capacity, 64)
        base = Self.allocate(self.capacity)
        count = 0
    }

    deinit {
        free(base)
    }

    private static func allocate(_ capacity: Int) -> UnsafeMutableRawPointer {
        guard let memory = malloc(capacity + slack) else {
            preconditionFailure("out of memory: \(capacity) bytes")
        }
        return memory
    }

    /// Makes room for `additional` bytes behind those in use.
    package func reserve(_ additional: Int) {
        let needed = count + additional
        guard needed > capacity else { return }
        let grown = max(needed, capacity &* 2)
        guard let memory = realloc(base, grown + Self.slack) else {
            preconditionFailure("out of memory: \(grown) bytes")
        }
        base = memory
        capacity = grown
    }

    /// Copies `bytes` to the end.
    package func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        memcpy(base + count, source, bytes.count)
        count += bytes.count
    }

    /// Adds one byte.
    package func append(_ byte: UInt8) {
        reserve(1)
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Forgets the contents and keeps the memory, unless it grew past `keeping` bytes.
    package func removeAll(keeping limit: Int = .max) {
        count = 0
        guard capacity > limit else { return }
        free(base)
        capacity = max(limit, 64)
        base = Self.allocate(capacity)
    }

    /// The bytes in use.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: count)
    }
}
