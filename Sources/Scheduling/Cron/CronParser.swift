extension CronExpression {
    /// Reads five fields (minute, hour, day of month, month, day of week), six with seconds before them, or
    /// one of `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight` and `@hourly`.
    ///
    /// - Throws: `TriggerError` naming field and text for what cannot be read, and for an expression that
    ///   never fires.
    package init(parsing text: String) throws(TriggerError) {
        guard text.utf8.count <= Limits.expressionLength else {
            throw TriggerError("an expression has at most \(Limits.expressionLength) characters")
        }
        guard text.utf8.allSatisfy({ $0 == 9 || $0 >= 0x20 && $0 < 0x7F }) else {
            throw TriggerError("an expression has letters, digits, signs and blanks only")
        }
        let words = text.split { $0 == " " || $0 == "\t" }.map(String.init)
        if words.count == 1, words[0].hasPrefix("@") {
            try self.init(fields: Self.fields(ofAlias: words[0]), text: words[0].lowercased())
        } else {
            try self.init(fields: words, text: words.joined(separator: " "))
        }
        guard firstTime(from: 0) != nil else {
            throw TriggerError("\(self.text) never fires: no month has such a day")
        }
    }

    private static func fields(ofAlias alias: String) throws(TriggerError) -> [String] {
        let known = [
            "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
            "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
            "@hourly": "0 * * * *",
        ]
        let name = alias.lowercased()
        if name == "@reboot" {
            throw TriggerError("@reboot is no time; a schedule that is created is due at once")
        }
        guard let fields = known[name] else {
            throw TriggerError(
                "there is no \(alias); there are \(known.keys.sorted().joined(separator: ", "))"
            )
        }
        return fields.split(separator: " ").map(String.init)
    }

    private init(fields: [String], text: String) throws(TriggerError) {
        guard fields.count == 5 || fields.count == 6 else {
            throw TriggerError(
                fields.count == 7
                    ? "\(text) has seven fields: a year is not supported"
                    : "\(text) has \(fields.count) fields; there are five (minute, hour, day of month, "
                        + "month, day of week), or six with seconds first"
            )
        }
        let times = fields.count == 6 ? Array(fields[0..<3]) : ["0"] + fields[0..<2]
        let (day, month, weekday) = (
            fields[fields.count - 3], fields[fields.count - 2], fields[fields.count - 1]
        )
        self.text = text
        seconds = try CronField.second.bits(times[0])
        minutes = try CronField.minute.bits(times[1])
        hours = try CronField.hour.bits(times[2])
        months = try CronField.month.bits(month)
        days = try Days(parsing: day)
        weekdays = try Weekdays(parsing: weekday)
        needsBothDays = [day, weekday].contains { $0.hasPrefix("*") || $0 == "?" }
        isWild = times.contains { $0.hasPrefix("*") }
    }
}

extension CronExpression.Days {
    fileprivate init(parsing text: String) throws(TriggerError) {
        let upper = text.uppercased()
        if upper == "?" {
            numbers = try CronField.day.bits("*")
        } else if upper == "L" {
            beforeLast = 0
        } else if upper == "LW" || upper == "WL" {
            isLastWeekday = true
        } else if upper.hasPrefix("L-") {
            guard let count = Int(upper.dropFirst(2)), count >= 1, count <= 30 else {
                throw CronField.day.wrong(text, "behind L- stands a number of days from 1 to 30")
            }
            beforeLast = count
        } else if upper.hasSuffix("W") {
            guard let day = Int(upper.dropLast()), day >= 1, day <= 31 else {
                throw CronField.day.wrong(text, "before W stands a day from 1 to 31, or L, alone")
            }
            nearestWeekday = day
        } else {
            numbers = try CronField.day.bits(text)
        }
    }
}

extension CronExpression.Weekdays {
    fileprivate init(parsing text: String) throws(TriggerError) {
        if text == "?" {
            numbers = try CronField.weekday.bits("*")
            return
        }
        for term in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            if let sign = term.firstIndex(of: "#") {
                let weekday = try CronField.weekday.value(String(term[..<sign]), of: term)
                guard let week = Int(term[term.index(after: sign)...]), (1...5).contains(week)
                else {
                    throw CronField.weekday.wrong(
                        term,
                        "behind # stands a week of the month, 1 to 5"
                    )
                }
                weeks[weekday % 7] |= 1 << UInt8(week)
            } else if term.uppercased() == "L" {
                throw CronField.weekday.wrong(
                    term,
                    "before L stands a weekday: 5L is the last Friday"
                )
            } else if term.uppercased().hasSuffix("L") {
                let weekday = try CronField.weekday.value(String(term.dropLast()), of: term)
                last |= 1 << UInt64(weekday % 7)
            } else {
                numbers |= try CronField.weekday.bits(term)
            }
        }
    }
}

/// One of the fields of an expression.
private enum CronField: String {
    case second
    case minute
    case hour
    case day = "day of month"
    case month
    case weekday = "day of week"

    private var range: ClosedRange<Int> {
        switch self {
        case .second, .minute: 0...59
        case .hour: 0...23
        case .day: 1...31
        case .month: 1...12
        case .weekday: 0...6
        }
    }

    private var names: [String] {
        switch self {
        case .month:
            [
                "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov",
                "dec",
            ]
        case .weekday: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        default: []
        }
    }

    func wrong(_ text: String, _ why: String) -> TriggerError {
        TriggerError("\(text) is no \(rawValue): \(why)")
    }

    /// A number or a name; 7 is a Sunday too.
    func value(_ text: String, of term: String) throws(TriggerError) -> Int {
        if let place = names.firstIndex(of: text.lowercased()) { return range.lowerBound + place }
        let highest = self == .weekday ? 7 : range.upperBound
        let isNumber = !text.isEmpty && text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        guard isNumber, let value = Int(text), value >= range.lowerBound, value <= highest else {
            let words = names.isEmpty ? "" : ", or \(names[0]) to \(names[names.count - 1])"
            throw wrong(term, "it is a number from \(range.lowerBound) to \(highest)\(words)")
        }
        return value
    }

    /// A bit per value that one of the terms names.
    func bits(_ text: String) throws(TriggerError) -> UInt64 {
        var found: UInt64 = 0
        for term in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            found |= try bits(ofTerm: term)
        }
        return found
    }

    private func bits(ofTerm term: String) throws(TriggerError) -> UInt64 {
        guard !term.isEmpty else { throw wrong("\"\"", "a term between commas is missing") }
        let parts = term.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2 else { throw wrong(term, "it has more than one step") }
        var step = 1
        if parts.count == 2 {
            guard let value = Int(parts[1]), value >= 1, value <= range.upperBound + 1,
                parts[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
            else {
                throw wrong(term, "behind / stands a step from 1 to \(range.upperBound + 1)")
            }
            step = value
        }
        if parts[0] == "*" { return bits(from: range.lowerBound, to: range.upperBound, by: step) }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard ends.count <= 2 else { throw wrong(term, "a range has two ends") }
        let first = try value(ends[0], of: term)
        if ends.count == 1 {
            guard parts.count == 2 else { return bits(from: first, to: first, by: step) }
            return bits(from: first % (range.upperBound + 1), to: range.upperBound, by: step)
        }
        return bits(from: first, to: try value(ends[1], of: term), by: step)
    }

    /// Steps from one value to another; behind the last value comes the first one, as 22-4/3 is 22, 1, 4.
    private func bits(from first: Int, to last: Int, by step: Int) -> UInt64 {
        let size = range.count
        let length = first > last ? last + size - first : last - first
        var found: UInt64 = 0
        for value in stride(from: first, through: first + length, by: step) {
            let place = (value - range.lowerBound) % size + range.lowerBound
            found |= 1 << UInt64(place)
        }
        return found
    }
}
