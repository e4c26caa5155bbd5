import Basics
import FoundationEssentials
import GRDB

/// The rows of the demo database, drawn from a generator of its own so that they never differ.
struct DemoShop {
    let customerCount: Int
    let productCount: Int
    let orderCount: Int
    let eventCount: Int
    private var generator = DemoGenerator(state: 2024)
    private var prices: [Int] = []

    /// Makes a shop of that size.
    init(customerCount: Int, productCount: Int, orderCount: Int, eventCount: Int) {
        self.customerCount = customerCount
        self.productCount = productCount
        self.orderCount = orderCount
        self.eventCount = eventCount
    }

    /// Writes all rows through prepared statements.
    mutating func fill(_ db: Database) throws {
        try fillCustomers(db)
        try fillProducts(db)
        try fillOrders(db)
        try fillEvents(db)
    }

    private mutating func fillCustomers(_ db: Database) throws {
        let statement = try db.makeStatement(
            sql: "INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        for id in 1...customerCount {
            let first = generator.pick(DemoWords.firstNames)
            let last = generator.pick(DemoWords.lastNames)
            let place = generator.pick(DemoWords.places)
            let isBusiness = generator.chance(1, in: 8)
            let born = generator.chance(1, in: 10) || isBusiness ? nil : day(0, span: 18_000)
            let city = generator.chance(1, in: 20) ? nil : place.city
            let limit =
                generator.chance(1, in: 4) ? nil : Double(generator.below(500_000)) / 100
            try statement.execute(arguments: [
                id, "\(first.name) \(last.name)",
                "\(first.ascii).\(last.ascii)\(id)@example.\(generator.pick(DemoWords.domains))",
                place.country, city, born, isBusiness ? 1 : 0, limit,
                moment(secondsAfter2019: generator.below(31_536_000)),
            ])
        }
    }

    private mutating func fillProducts(_ db: Database) throws {
        let statement = try db.makeStatement(
            sql: "INSERT INTO products VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        for id in 1...productCount {
            let price = 99 + generator.below(40_000)
            prices.append(price)
            let category = generator.pick(DemoWords.categories)
            let color = generator.pick(DemoWords.colors)
            let weight =
                generator.chance(1, in: 12) ? nil : Double(1 + generator.below(20_000)) / 1000
            let attributes =
                generator.chance(1, in: 6)
                ? nil : "{\"color\":\"\(color)\",\"warranty\":\(generator.below(5))}"
            try statement.execute(arguments: [
                id, "SKU-\(padded(id, 5))", "\(color) \(generator.pick(DemoWords.goods))",
                category, Double(price) / 100, weight, attributes,
            ])
        }
    }

    private mutating func fillOrders(_ db: Database) throws {
        let order = try db.makeStatement(sql: "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)")
        let line = try db.makeStatement(
            sql: "INSERT INTO order_lines VALUES (?, ?, ?, ?, ?, ?)"
        )
        for id in 1...orderCount {
            // Orders come in the order of their ids, a little over 40 minutes apart.
            let second = 31_536_000 + id * 2_500 + generator.below(2_500)
            var total = 0
            var lines: [StatementArguments] = []
            for number in 1...(1 + generator.below(5)) {
                let product = generator.below(productCount)
                let quantity = 1 + generator.below(4)
                let discount: Double? =
                    generator.chance(1, in: 5) ? Double(5 * (1 + generator.below(5))) / 100 : nil
                total += prices[product] * quantity
                lines.append([id, number, product + 1, quantity, prices[product], discount])
            }
            let status = generator.pick(DemoWords.statuses)
            let shipped =
                status == "open" || status == "cancelled"
                ? nil : day(17_897 + second / 86_400 + 1, span: 6)
            let note = generator.chance(1, in: 15) ? generator.pick(DemoWords.notes) : nil
            try order.execute(arguments: [
                id, 1 + generator.below(customerCount), moment(secondsAfter2019: second), shipped,
                status, total, note,
            ])
            for arguments in lines { try line.execute(arguments: arguments) }
        }
    }

    private mutating func fillEvents(_ db: Database) throws {
        let statement = try db.makeStatement(
            sql: "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)"
        )
        for number in 0..<eventCount {
            let kind = generator.pick(DemoWords.eventKinds)
            let customer = generator.chance(1, in: 3) ? nil : 1 + generator.below(customerCount)
            let payload =
                generator.chance(1, in: 4)
                ? nil
                : "{\"page\":\"/p/\(1 + generator.below(productCount))\",\"ms\":"
                    + "\(generator.below(4_000))}"
            var fingerprint: Data?
            if generator.chance(1, in: 2) {
                fingerprint = withUnsafeBytes(of: generator.next().bigEndian) { Data($0) }
            }
            try statement.execute(arguments: [
                uuid(), customer, kind, 1_577_836_800 + number * 1_250 + generator.below(1_250),
                payload, fingerprint,
            ])
        }
    }

    // MARK: Values

    private mutating func uuid() -> String {
        let high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits = Array(Hexadecimal.text(high) + Hexadecimal.text(low))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
            .joined(separator: "-")
    }

    /// A date some days after 1970-01-01 and up to `span` more.
    private mutating func day(_ first: Int, span: Int) -> String {
        date(first + generator.below(span))
    }

    private func moment(secondsAfter2019 second: Int) -> String {
        let time = second % 86_400
        return date(17_897 + second / 86_400) + " "
            + [time / 3_600, time / 60 % 60, time % 60].map { padded($0, 2) }
            .joined(separator: ":")
    }

    /// The Gregorian date of a day counted from 1970-01-01.
    private func date(_ day: Int) -> String {
        var year = 1970
        var rest = day
        func length(_ year: Int) -> Int {
            year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365
        }
        while rest >= length(year) {
            rest -= length(year)
            year += 1
        }
        var month = 0
        var lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        if length(year) == 366 { lengths[1] = 29 }
        while rest >= lengths[month] {
            rest -= lengths[month]
            month += 1
        }
        return "\(padded(year, 4))-\(padded(month + 1, 2))-\(padded(rest + 1, 2))"
    }

    private func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
