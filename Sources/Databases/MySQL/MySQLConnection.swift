import CMariaDB
import Streams
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The C handle of a connection: a thin shell over libmariadb that turns results into errors.
final class MySQLConnection: @unchecked Sendable {
    // Safety: all calls but `cancel` come from the session's executor, one after the other;
    // `cancel` uses only the socket's number, under a lock.

    private let handle: UnsafeMutablePointer<MYSQL>
    private let place: String
    private var isClosed = false
    private let wire: Mutex<Wire>

    private struct Wire {
        /// nil once the connection is closed: the number may then be another's.
        var socket: Int32?
        var isCancelled = false
    }

    /// Connects; a refusal is sorted into not reachable, not allowed, not there.
    init(_ address: MySQLAddress) throws(SourceError) {
        place = address.location.place
        switch try Self.connect(address) {
        case .success(let handle):
            if let weakness = Self.weakness(of: handle, address) {
                mysql_close(handle)
                throw SourceError(.authentication, "\(place): \(weakness)")
            }
            self.handle = handle
            serverID = mysql_thread_id(handle)
            let socket = mysql_get_socket(handle)
            wire = Mutex(Wire(socket: socket))
            Self.keepAlive(socket)
        case .failure(let code, let message, _):
            throw MySQLFailure.connecting(to: place, code: code, message: message)
        }
    }

    deinit {
        close()
    }

    /// A peer that vanished is noticed in a minute, not in the system's two hours.
    private static func keepAlive(_ socket: Int32) {
        func set(_ level: Int32, _ option: Int32, _ value: Int32) {
            // A local socket has no such option, and needs none.
            _ = withUnsafeBytes(of: value) { bytes in
                setsockopt(socket, level, option, bytes.baseAddress, socklen_t(bytes.count))
            }
        }
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, Int32(Limits.keepaliveIdle.components.seconds))
        set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, Int32(Limits.keepaliveInterval.components.seconds))
        set(Int32(IPPROTO_TCP), TCP_KEEPCNT, Limits.keepaliveCount)
    }

    private enum Opened {
        case success(UnsafeMutablePointer<MYSQL>)
        case failure(code: UInt32, message: String, isProtectable: Bool)
    }

    /// Connects in the way the address asks for.
    ///
    /// libmariadb takes a connection for protected as soon as protection was asked for: to a server that
    /// offers none it would send the password itself where a login works like that. So it is first
    /// tried without such logins, and with them when the server is known to offer it, or not asked.
    private static func connect(_ address: MySQLAddress) throws(SourceError) -> Opened {
        let verifies = address.encryption == .verifyFull || address.encryption == .verifyCA
        // An option file, which is read last, may ask for protection, or for no certificate.
        let isFree = address.optionFile == nil && address.optionGroup == nil
        if address.encryption == .disabled {
            // Without protection there is a key for the password.
            return try connect(
                address,
                encrypted: false,
                logins: isFree ? [hashing, sending] : [hashing]
            )
        }
        if verifies, isFree {
            // A certificate is asked for first.
            return try connect(address, encrypted: true, logins: [hashing, sending])
        }
        let first = try connect(address, encrypted: true, logins: [hashing])
        guard case .failure(let code, _, let isProtectable) = first else { return first }
        if isProtectable, Int32(code) == CR_PLUGIN_NOT_ALLOWED {
            return try connect(address, encrypted: true, logins: [hashing, sending])
        }
        let isRefused =
            Int32(code) == CR_SSL_CONNECTION_ERROR || Int32(code) == CR_PLUGIN_NOT_ALLOWED
        guard isRefused else { return first }
        guard address.encryption == .preferred else {
            if isProtectable { return first }
            throw SourceError(
                .authentication,
                "\(address.location.place): the server offers no protected connections; have it offer "
                    + "them, or ask for ssl-mode=preferred"
            )
        }
        return try connect(
            address,
            encrypted: false,
            logins: isFree ? [hashing, sending] : [hashing]
        )
    }

    private static func connect(
        _ address: MySQLAddress,
        encrypted: Bool,
        logins: [String]
    ) throws(SourceError) -> Opened {
        guard let handle = mysql_init(nil) else {
            throw SourceError(.unreachable, "libmariadb: out of memory")
        }
        set(handle, address, encrypted: encrypted, logins: logins)
        let isOpen =
            mysql_real_connect(
                handle,
                address.host,
                address.user,
                address.password,
                address.database,
                address.port,
                address.socket,
                0
            ) != nil
        if isOpen {
            // Once more, since an option file is read last: a new session would have another snapshot.
            set(handle, reconnects: false)
            return .success(handle)
        }
        let failure = Opened.failure(
            code: mysql_errno(handle),
            message: String(cString: mysql_error(handle)),
            isProtectable: handle.pointee.server_capabilities & UInt(CLIENT_SSL) != 0
        )
        mysql_close(handle)
        return failure
    }

    /// What of the address an option file, which the C library reads last, has undone.
    private static func weakness(
        of handle: UnsafeMutablePointer<MYSQL>,
        _ address: MySQLAddress
    ) -> String? {
        if handle.pointee.client_flag & UInt(CLIENT_LOCAL_FILES) != 0 {
            return
                "the option file lets the server ask for files (local-infile); take that out of it"
        }
        switch address.encryption {
        case .disabled, .preferred: return nil
        case .required, .verifyCA, .verifyFull: break
        }
        if mysql_get_ssl_cipher(handle) == nil {
            return
                "the connection is not protected, though the address asks for it; have the server "
                + "offer protection, or take what turns it off out of the option file"
        }
        guard address.encryption != .required else { return nil }
        var verifies: my_bool = 0
        let isKnown = tributary_get_flag(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verifies) == 0
        if isKnown, verifies != 0 { return nil }
        return
            "the server's certificate is not verified, though the address asks for it; take what "
            + "says so out of the option file"
    }

    private static func set(_ handle: UnsafeMutablePointer<MYSQL>, reconnects: Bool) {
        let value: my_bool = reconnects ? 1 : 0
        withUnsafePointer(to: value) { _ = mysql_options(handle, MYSQL_OPT_RECONNECT, $0) }
    }

    /// Ways to log in by a hash of the password.
    private static let hashing = "mysql_native_password,client_ed25519"

    /// Ways to log in that send the password itself over a protected connection.
    private static let sending = "caching_sha2_password,sha256_password"

    private static func set(
        _ handle: UnsafeMutablePointer<MYSQL>,
        _ address: MySQLAddress,
        encrypted: Bool,
        logins: [String]
    ) {
        func set(_ option: mysql_option, number: UInt32) {
            withUnsafePointer(to: number) { _ = mysql_options(handle, option, $0) }
        }
        func set(_ option: mysql_option, flag: Bool) {
            let value: my_bool = flag ? 1 : 0
            withUnsafePointer(to: value) { _ = mysql_options(handle, option, $0) }
        }
        func set(_ option: mysql_option, text: String?) {
            if let text { _ = mysql_options(handle, option, text) }
        }
        set(MYSQL_OPT_CONNECT_TIMEOUT, number: address.connectTimeout)
        set(MYSQL_SET_CHARSET_NAME, text: "utf8mb4")
        // A server may not have this program send it files.
        set(MYSQL_OPT_LOCAL_INFILE, number: 0)
        set(MYSQL_OPT_RECONNECT, flag: false)
        // "localhost" would be a socket of the library's choice, whatever the port.
        if address.host != nil, address.socket == nil {
            set(MYSQL_OPT_PROTOCOL, number: MYSQL_PROTOCOL_TCP.rawValue)
        }
        // A server may not ask for the password itself.
        set(MARIADB_OPT_RESTRICTED_AUTH, text: logins.joined(separator: ","))
        let largest = Limits.packetByteCount
        withUnsafePointer(to: largest) {
            _ = mysql_options(handle, MYSQL_OPT_MAX_ALLOWED_PACKET, $0)
        }
        if address.optionFile != nil || address.optionGroup != nil {
            set(MYSQL_READ_DEFAULT_FILE, text: address.optionFile)
            set(MYSQL_READ_DEFAULT_GROUP, text: address.optionGroup ?? "client")
        }
        _ = mysql_options4(handle, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "tributary")
        guard encrypted else { return }
        set(MYSQL_OPT_SSL_ENFORCE, flag: true)
        set(MYSQL_OPT_SSL_CA, text: address.files["ssl-ca"])
        set(MYSQL_OPT_SSL_CERT, text: address.files["ssl-cert"])
        set(MYSQL_OPT_SSL_KEY, text: address.files["ssl-key"])
        let verifies = address.encryption == .verifyFull || address.encryption == .verifyCA
        set(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, flag: verifies)
    }

    /// Closes the connection; the server ends whatever runs.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        wire.withLock { $0.socket = nil }
        mysql_close(handle)
    }

    /// Breaks the connection: whatever waits for the server comes back with an error.
    ///
    /// Safe from any thread, at any time. What the server still computes it has to be told to stop
    /// by another connection (`serverID`).
    func cancel() {
        wire.withLock { wire in
            wire.isCancelled = true
            if let socket = wire.socket { _ = shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    /// Whether `cancel` was called.
    var isCancelled: Bool { wire.withLock { $0.isCancelled } }

    /// What the server calls this connection, for `KILL`.
    let serverID: UInt

    /// The server's version in its own words.
    var serverVersion: String { String(cString: mysql_get_server_info(handle)) }

    /// Whether the connection is protected.
    var isEncrypted: Bool { mysql_get_ssl_cipher(handle) != nil }

    /// Runs one statement and returns its rows as text.
    func query(_ sql: String) throws(SourceError) -> [TextRow] {
        guard mysql_real_query(handle, sql, UInt(sql.utf8.count)) == 0 else { throw failure() }
        guard let result = mysql_store_result(handle) else {
            guard mysql_errno(handle) == 0 else { throw failure() }
            return []
        }
        defer { mysql_free_result(result) }
        let columnCount = Int(mysql_num_fields(result))
        var rows: [TextRow] = []
        while let row = mysql_fetch_row(result) {
            guard let lengths = mysql_fetch_lengths(result) else { break }
            rows.append(
                TextRow(
                    (0..<columnCount).map { column in
                        row[column].map { start in
                            let bytes = UnsafeRawBufferPointer(
                                start: start,
                                count: Int(lengths[column])
                            )
                            return String(decoding: bytes, as: UTF8.self)
                        }
                    }
                )
            )
        }
        guard mysql_errno(handle) == 0 else { throw failure() }
        return rows
    }

    /// The socket, where the bytes on it are those of the protocol: neither encrypted nor compressed.
    var plainSocket: Int32? {
        guard !isEncrypted, handle.pointee.client_flag & UInt(CLIENT_COMPRESS) == 0 else {
            return nil
        }
        return wire.withLock { $0.socket }
    }

    /// Prepares a statement.
    func prepare(_ sql: String) throws(SourceError) -> MySQLStatement {
        guard let statement = mysql_stmt_init(handle) else { throw failure() }
        guard mysql_stmt_prepare(statement, sql, UInt(sql.utf8.count)) == 0 else {
            let code = mysql_stmt_errno(statement)
            let failure = MySQLFailure.running(
                at: place,
                code: code,
                message: String(cString: mysql_stmt_error(statement))
            )
            mysql_stmt_close(statement)
            throw failure
        }
        return MySQLStatement(handle: statement, place: place)
    }

    /// Looks at what the server remarked on the last statement: rows or values it left out are an error,
    /// though not to the server.
    ///
    /// - Throws: `SourceError` `unsupported` in the server's words.
    func requireComplete() throws(SourceError) {
        let remarks = try query("SHOW WARNINGS")
        for remark in remarks where remark.count == 3 {
            guard let code = remark[1].flatMap({ Int32($0) }), Self.incomplete.contains(code) else {
                continue
            }
            throw SourceError(
                .unsupported,
                "\(place): the server did not answer in full: \(remark[2] ?? "") (\(code)); raise that "
                    + "limit, or read tables instead of the view"
            )
        }
    }

    /// A GROUP_CONCAT that was cut; 1931 of MariaDB: rows behind LIMIT ROWS EXAMINED, a recursion that was
    /// ended.
    private static let incomplete = [
        ER_CUT_VALUE_GROUP_CONCAT, 1931,
    ]

    private func failure() -> SourceError {
        MySQLFailure.running(
            at: place,
            code: mysql_errno(handle),
            message: String(cString: mysql_error(handle))
        )
    }
}
