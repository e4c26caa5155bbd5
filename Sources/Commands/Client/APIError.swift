import Basics

/// What a server said no to, or why it could not be asked.
struct APIError: Failure {
    /// The class of a failure.
    enum Code: String, FailureCode {
        /// Nothing answers there.
        case unreachable
        /// What answers is another program.
        case foreign
        /// What was asked for is not there.
        case notFound = "not-found"
        /// The server is well; the source that it asked is not.
        case source
        /// The server cannot do it now.
        case unavailable
        /// The server does not do it.
        case refused

        /// The code of an answer's status.
        init(status: Int) {
            self =
                switch status {
                case 404: .notFound
                case 424: .source
                case 500...: .unavailable
                default: .refused
                }
        }

        var failureClass: FailureClass {
            switch self {
            case .unreachable, .unavailable: .transient
            case .foreign, .notFound, .source, .refused: .configuration
            }
        }
    }

    let code: Code
    let field: String?
    let message: String

    init(_ code: Code, field: String? = nil, _ message: String) {
        self.code = code
        self.field = field
        self.message = message
    }

    var domain: FailureDomain { code == .source ? .source : .service }
}
