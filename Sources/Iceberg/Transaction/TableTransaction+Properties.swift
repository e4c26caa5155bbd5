extension TableTransaction {
    /// Sets properties of the table; nil removes one.
    package mutating func setProperties(_ changes: [String: String?]) {
        propertyChanges.merge(changes) { $1 }
    }
}

extension TableMetadata {
    /// Sets and removes properties.
    mutating func apply(propertyChanges: [String: String?]) {
        for (key, value) in propertyChanges { properties[key] = value }
    }

    /// How many old documents the table's log names.
    var previousMetadataCount: Int {
        properties["write.metadata.previous-versions-max"].flatMap { Int($0) }
            .map { max(1, $0) } ?? Limits.previousMetadataCount
    }

    /// Whether old documents are removed once the log no longer names them.
    var deletesOldMetadata: Bool {
        properties["write.metadata.delete-after-commit.enabled"] == "true"
    }
}
