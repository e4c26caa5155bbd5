extension TableTransaction {
    /// Sets properties of the table; nil removes one.
    package mutating func setProperties(_ changes: [String: String?]) {
        propertyChanges.merge(changes) { $1 }
    }
}

extension TableMetadata {
    /// What keeps a table that is written often small: properties that other programs heed as well.
    private static let defaults = [
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": String(Limits.previousMetadataCount),
        "commit.manifest-merge.enabled": "true",
    ]

    /// Whether this program made the table, as far back as its snapshots tell.
    var isOwn: Bool { snapshots.first?.summary["engine-name"] == "tributary" }

    /// Sets what a table of this program says of its upkeep, where it says nothing.
    mutating func applyDefaults() {
        properties.merge(Self.defaults) { own, _ in own }
    }

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
