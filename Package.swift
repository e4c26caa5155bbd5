// swift-tools-version: 6.2
// One section per target, the bottom layer first; docs/architecture.md says why each wall stands.

import PackageDescription

let productSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .treatAllWarnings(as: .error),
    .treatWarning("DeprecatedDeclaration", as: .warning),
]

let package = Package(
    name: "tributary",
    products: [
        .executable(name: "tributary", targets: ["tributary"])
    ],
    dependencies: [
        // The command line: parsing, help and completions, kept by Apple.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // SQLite as a source and as the metastore: the maintained Swift binding, with the raw statement
        // where rows are hot.
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // The heap of due times.
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        // AES-GCM for sealed secrets, SHA-256 for tokens and digests: no cryptography of our own.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // The HTTP server: routing, limits of bodies, graceful shutdown.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        // The signals and the order in which services stop; Hummingbird brings it.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.9.0"),
        // The interface of logs that Hummingbird writes to.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // The bytes and headers that Hummingbird hands over; it brings both.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        // Commands that ask a server: HTTP, kept by the server workgroup.
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        // YAML, for `tributary apply` and settings.
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // MARK: C libraries, nothing but a module map and a shim
        .systemLibrary(
            name: "CMariaDB",
            pkgConfig: "libmariadb",
            providers: [.apt(["libmariadb-dev"])]
        ),
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // MARK: Basics: time, failures, processes
        .target(name: "Basics", swiftSettings: productSettings),
        .testTarget(
            name: "BasicsTests",
            dependencies: ["Basics", "TestSupport"],
            swiftSettings: productSettings
        ),

        // MARK: JSON: one value, one reader, one writer
        .target(name: "JSON", dependencies: ["Basics"], swiftSettings: productSettings),
        .testTarget(
            name: "JSONTests",
            dependencies: ["JSON", "TestSupport"],
            swiftSettings: productSettings
        ),

        // MARK: Columnar: every per-value loop
        .target(
            name: "Columnar",
            dependencies: ["CZstd", "CSnappy", "CLZ4", "CZlib"],
            swiftSettings: productSettings
        ),
        .testTarget(
            name: "ColumnarTests",
            dependencies: ["Columnar", "TestSupport"],
            swiftSettings: productSettings
        ),

        // MARK: ObjectStorage: the lake's bytes
        .target(name: "ObjectStorage", dependencies: ["Basics"], swiftSettings: productSettings),
        .testTarget(
            name: "ObjectStorageTests",
            dependencies: ["Basics", "ObjectStorage", "StoreSupport", "TestSupport"],
            swiftSettings: productSettings
        ),

        // MARK: Iceberg: tables, manifests, commits
        .target(
            name: "Iceberg",
            dependencies: ["Basics", "JSON", "Columnar", "ObjectStorage", "CZlib"],
            swiftSettings: productSettings
        ),
        .testTarget(
            name: "IcebergTests",
            dependencies: [
                "Basics", "Iceberg", "ObjectStorage", "Columnar", "StoreSupport", "TestSupport",
            ],
            swiftSettings: productSettings
        ),

        // MARK: Streams: the vocabulary between sources and runs
        .target(
            name: "Streams",
            dependencies: [
                "Basics", "JSON", "Columnar", .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: productSettings
        ),
        .testTarget(
            name: "StreamsTests",
            dependencies: ["Basics", "JSON", "Streams", "TestSupport"],
            swiftSettings: productSettings
        ),

        // MARK: Databases: a source becomes streams
        .target(
            name: "Databases",
            dependencies: [
                "Basics", "Columnar", "Streams", "CLibpq", "CMariaDB",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: productSettings
        ),
        .testTarget(
            name: "DatabasesTests",
            dependencies: [
                "Basics", "Databases", "Columnar", "Streams", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: productSettings
        ),

        // MARK: Ingest: one run
        .target(
            name: "Ingest",
            dependencies: ["Basics", "Columnar", "ObjectStorage", "Iceberg", "Streams"],
            swiftSettings: productSettings
        ),
        .testTarget(
            name: "IngestTests",
            dependencies: [
                "Basics", "Ingest", "Iceberg", "ObjectStorage", "Columnar", "Streams",
                "StoreSupport",
                "TestSupport",
            ],
            swiftSettings: productSettings
        ),

        // MARK: Scheduling: what is due, and when
        .target(
            name: "Scheduling",
            dependencies: [
                "Basics", .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: productSettings
        ),
        .testTarget(
            name: "SchedulingTests",
            dependencies: ["Basics", "Scheduling", "TestSupport"],
            swiftSettings: productSettings
        ),

        // MARK: Definitions: what operators define, as documents in the lake
        .target(
            name: "Definitions",
            dependencies: [
                "Basics", "JSON", "ObjectStorage", "Scheduling",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: productSettings
        ),
        .testTarget(
            name: "DefinitionsTests",
            dependencies: [
                "Basics", "JSON", "Definitions", "ObjectStorage", "Scheduling", "TestSupport",
            ],
            swiftSettings: productSettings
        ),

        // MARK: Metastore: the index of what happened
        .target(
            name: "Metastore",
            dependencies: ["Basics", "Scheduling", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: productSettings
        ),
        .testTarget(
            name: "MetastoreTests",
            dependencies: ["Basics", "Metastore", "Scheduling", "TestSupport"],
            swiftSettings: productSettings
        ),

        // MARK: Daemon: the running service and all one can ask of it
        .target(
            name: "Daemon",
            dependencies: [
                "Basics", "JSON", "Columnar", "ObjectStorage", "Iceberg", "Streams", "Databases",
                "Ingest", "Scheduling", "Definitions", "Metastore",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: productSettings
        ),
        .testTarget(
            name: "DaemonTests",
            dependencies: [
                "Basics", "JSON", "Columnar", "Databases", "Daemon", "Definitions", "Metastore",
                "Scheduling", "Iceberg", "Ingest", "Streams", "ObjectStorage", "TestSupport",
            ],
            swiftSettings: productSettings
        ),

        // MARK: Server: the HTTP API
        .target(
            name: "Server",
            dependencies: [
                "Basics", "JSON", "ObjectStorage", "Streams", "Scheduling", "Definitions",
                "Metastore", "Daemon",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: productSettings
        ),

        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Basics", "JSON", "Scheduling", "Definitions", "Metastore", "Daemon", "Server",
                "Ingest", "TestSupport",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: productSettings
        ),

        // MARK: Commands: the command line
        .target(
            name: "Commands",
            dependencies: [
                "Basics", "JSON", "Columnar", "ObjectStorage", "Iceberg", "Streams", "Ingest",
                "Scheduling", "Definitions", "Metastore", "Daemon", "Server",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: productSettings
        ),
        .testTarget(
            name: "CommandsTests",
            dependencies: [
                "Basics", "ObjectStorage", "Iceberg", "Streams", "Ingest", "Definitions",
                "Metastore",
                "Daemon", "Server", "Commands", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: productSettings
        ),
        .executableTarget(
            name: "tributary",
            dependencies: ["Commands"],
            swiftSettings: productSettings
        ),

        // MARK: Tests that cross targets
        .target(
            name: "TestSupport",
            dependencies: ["Basics"],
            path: "Tests/Support",
            swiftSettings: productSettings
        ),
        .target(
            name: "StoreSupport",
            dependencies: ["Basics", "ObjectStorage"],
            path: "Tests/StoreSupport",
            swiftSettings: productSettings
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: ["TestSupport"],
            swiftSettings: productSettings
        ),
        .testTarget(
            name: "TidyTests",
            dependencies: ["TestSupport"],
            swiftSettings: productSettings
        ),
    ]
)

// MARK: Micro-benchmarks: only where asked for, since nobody else needs them built
if Context.environment["TRIBUTARY_BENCHMARKS"] != nil {
    package.targets.append(
        .executableTarget(
            name: "MicroBenchmarks",
            dependencies: ["Basics", "Columnar", "Streams", "Databases", "Scheduling"],
            path: "Benchmarks/Micro",
            exclude: ["instructions.tsv"],
            swiftSettings: productSettings
        )
    )
    package.targets.append(
        .executableTarget(
            name: "ScheduleBenchmarks",
            dependencies: [
                "Basics", "Daemon", "Definitions", "Metastore", "Scheduling",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Benchmarks/Schedules",
            swiftSettings: productSettings
        )
    )
}
