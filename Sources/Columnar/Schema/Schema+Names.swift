extension Schema {
    /// A full name that two fields have, as in a column `a.b` beside a column `a` with a member `b`;
    /// nil where all are unique.
    package var repeatedFullName: String? {
        var seen: Set<[UInt8]> = []
        func repeated(_ fields: [Field], in owner: String) -> String? {
            for field in fields {
                let name = owner + field.name
                guard seen.insert(Array(name.utf8)).inserted else { return name }
                if let inner = repeated(field.type.children, in: name + ".") { return inner }
            }
            return nil
        }
        return repeated(fields, in: "")
    }
}
