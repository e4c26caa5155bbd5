import NIOCore
import Synchronization

/// The open connections, so that nobody who has not said who he is keeps others out.
///
/// A connection waits for the head of a request, or one is answered on it. One that waits has a time for that,
/// and gives its place to a newer one when all places are taken: the oldest of the peer that has most of
/// them. Where requests are answered on all of them, a few more are let in, for questions that everybody may
/// ask: whether the server lives is answered whoever else asks what.
final class Connections: Sendable {
    private struct Entry {
        let channel: any Channel
        let peer: String
        /// The order in which connections began to wait.
        var order: UInt64
        var isWaiting = true
        let isSurplus: Bool
        /// Counts the phases, so that a deadline of one is none of the next.
        var phase = 0
    }

    /// Connections of one peer.
    private struct Peer {
        var count = 0
        /// Those that wait, the one that does so for longest first; what waits no longer is passed over.
        var line: [(id: ObjectIdentifier, order: UInt64)] = []
        var head = 0
    }

    private struct State {
        private(set) var entries: [ObjectIdentifier: Entry] = [:]
        private var peers: [String: Peer] = [:]
        private var lastOrder: UInt64 = 0
        /// Bytes that bodies being read may take.
        var bodyByteCount = 0

        mutating func add(_ channel: any Channel, _ peer: String, isSurplus: Bool) {
            let id = ObjectIdentifier(channel)
            entries[id] = Entry(channel: channel, peer: peer, order: 0, isSurplus: isSurplus)
            peers[peer, default: Peer()].count += 1
            wait(id)
        }

        mutating func remove(_ id: ObjectIdentifier) -> (any Channel)? {
            guard let entry = entries.removeValue(forKey: id) else { return nil }
            peers[entry.peer]?.count -= 1
            if peers[entry.peer]?.count == 0 { peers[entry.peer] = nil }
            return entry.channel
        }

        /// Has a connection wait, behind all others.
        mutating func wait(_ id: ObjectIdentifier) {
            guard let peer = entries[id]?.peer else { return }
            lastOrder += 1
            entries[id]?.isWaiting = true
            entries[id]?.order = lastOrder
            peers[peer]?.line.append((id, lastOrder))
            guard let present = peers[peer], present.line.count > 2 * present.count + 64 else {
                return
            }
            // One that has asked often stands in the line as often.
            let line = present.line.filter { isWaiting($0) }
            peers[peer]?.line = line
            peers[peer]?.head = 0
        }

        /// Begins the next phase of a connection; nil for one that is not there.
        mutating func nextPhase(_ id: ObjectIdentifier, isWaiting: Bool? = nil) -> Int? {
            entries[id]?.phase += 1
            if let isWaiting { entries[id]?.isWaiting = isWaiting }
            return entries[id]?.phase
        }

        private func isWaiting(_ place: (id: ObjectIdentifier, order: UInt64)) -> Bool {
            guard let entry = entries[place.id] else { return false }
            return entry.isWaiting && entry.order == place.order
        }

        /// Takes out who gives his place to a newer connection; nil where nobody waits.
        mutating func removeVictim() -> (any Channel)? {
            for name in peers.sorted(by: { $0.value.count > $1.value.count }).map(\.key) {
                while let peer = peers[name], peer.head < peer.line.count {
                    let place = peer.line[peer.head]
                    peers[name]?.head += 1
                    if isWaiting(place) { return remove(place.id) }
                }
            }
            return nil
        }
    }

    private let state = Mutex(State())
    private let limit: Int

    /// Makes a place for so many connections, and a few more.
    init(limit: Int) { self.limit = limit }

    /// A connection was opened.
    func open(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let peer = channel.remoteAddress?.ipAddress ?? ""
        let closed: (any Channel)? = state.withLock { state in
            var closed: (any Channel)?
            if state.entries.count >= limit { closed = state.removeVictim() }
            guard state.entries.count < limit + Limits.surplusConnections else { return channel }
            state.add(channel, peer, isSurplus: state.entries.count >= limit)
            return closed
        }
        closed?.close(promise: nil)
        channel.closeFuture.whenComplete { [weak self] _ in
            self?.state.withLock { _ = $0.remove(id) }
        }
        limitPhase(of: channel, to: Limits.headPatience)
    }

    /// The head of a request is there: until its answer is sent the connection waits for nothing.
    ///
    /// - Returns: Whether it is one of those for questions that everybody may ask.
    func begin(on channel: any Channel) -> Bool {
        state.withLock { state in
            let id = ObjectIdentifier(channel)
            _ = state.nextPhase(id, isWaiting: false)
            return state.entries[id]?.isSurplus ?? true
        }
    }

    /// The answer is sent: the connection waits for the next request.
    func rest(_ channel: any Channel) {
        state.withLock { $0.wait(ObjectIdentifier(channel)) }
        limitPhase(of: channel, to: Limits.idlePatience)
    }

    /// Begins a phase that may take so many seconds; then the connection is closed.
    func limitPhase(of channel: any Channel, to span: Duration) {
        let id = ObjectIdentifier(channel)
        guard let phase = state.withLock({ $0.nextPhase(id) }) else { return }
        channel.eventLoop.scheduleTask(in: TimeAmount(span)) { [weak self, weak channel] in
            let isOver = self?.state.withLock { $0.entries[id]?.phase == phase } ?? false
            if isOver { channel?.close(promise: nil) }
        }
    }

    /// Begins a phase that may take as long as it takes.
    func endLimit(of channel: any Channel) {
        state.withLock { _ = $0.nextPhase(ObjectIdentifier(channel)) }
    }

    /// Closes a connection whose request was answered before all of it was read: what still comes is dropped
    /// for a moment, so that the other side reads the answer.
    func leave(_ channel: any Channel) {
        channel.close(mode: .output, promise: nil)
        limitPhase(of: channel, to: Limits.leavePatience)
    }

    /// Takes memory for a body; false where others have it all.
    func reserve(_ byteCount: Int) -> Bool {
        state.withLock { state in
            guard state.bodyByteCount + byteCount <= Limits.bodiesByteCount else { return false }
            state.bodyByteCount += byteCount
            return true
        }
    }

    /// Gives memory of a body back.
    func release(_ byteCount: Int) { state.withLock { $0.bodyByteCount -= byteCount } }
}

/// Tells the connections of each one that is opened.
final class Door: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = Never

    private let connections: Connections

    init(_ connections: Connections) { self.connections = connections }

    func handlerAdded(context: ChannelHandlerContext) { connections.open(context.channel) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireChannelRead(data)
    }
}
