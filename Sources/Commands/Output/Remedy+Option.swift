package import Basics

extension Remedy {
    /// The remedy as an option of the command.
    package var option: String {
        if let policyColumn { return "--policy \(policyColumn)=\(value ?? "string")" }
        switch (field, value) {
        case (Self.restart.field, let value?): return "--" + value
        case (Self.dataset.field, _): return "--into"
        default:
            let name = "--" + String(field.map { $0 == "_" ? "-" : $0 })
            return value.map { "\(name) \($0)" } ?? name
        }
    }

    /// A text with the options that remedy what it says.
    static func withOptions(_ text: String) -> String { spelled(text, \.option) }
}
