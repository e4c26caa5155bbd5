import ArgumentParser
import FoundationEssentials
import Ingest
import ObjectStorage
import Streams

/// `tributary demo`: the whole way, on rows it makes itself.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Make a shop database, sync all its tables into a lake and show the result."
    )

    @Option(help: ArgumentHelp("Where database and lake go.", valueName: "folder"))
    var folder = "./demo"

    func run() async throws {
        try await Interruptible.run {
            let folder = try FolderAddress.path(folder)
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true
            )
            let database = folder + "/shop.sqlite"
            let made = try DemoDatabase.create(at: database)
            Terminal.result(
                "\(made.isReused ? "found" : "made") \(database): "
                    + Words.count(Int64(made.rowCount), "row") + " in "
                    + Words.count(Int64(made.rowCounts.count), "table")
            )
            let sync = try SyncCommand.parse([
                "--source", "sqlite:\(database)", "--all", "--lake", folder + "/lake",
                "--into", "shop",
            ])
            Terminal.result(
                "$ tributary sync --source sqlite:\(database) --all --lake \(folder)/lake --into shop"
            )
            try await sync.run()
            try await Self.show(folder + "/lake")
        }
    }

    private static func show(_ lake: String) async throws {
        Terminal.result("")
        Terminal.result("$ tributary dataset schema shop.orders --lake \(lake)")
        let schema = try DatasetSchemaCommand.parse(["shop.orders", "--lake", lake])
        try await schema.run()
        Terminal.result("")
        Terminal.result("Query it with anything that reads Iceberg, for example DuckDB:")
        Terminal.result(
            "  duckdb -c \"INSTALL iceberg; LOAD iceberg; SELECT status, count(*) "
                + "FROM iceberg_scan('\(lake)/warehouse/shop/orders') GROUP BY 1\""
        )
    }
}
