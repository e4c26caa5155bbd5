/// The settings as others see them: by their names.
package struct SettingsProbe {
    private let settings: Settings

    /// Reads the settings of a call.
    ///
    /// - Throws: an error that says which file and field is wrong.
    package init(
        flags: [String: String],
        environment: [String: String],
        file: String?
    ) throws {
        settings = try Settings(flags: flags, environment: environment, file: file)
    }

    /// A setting's text; nil where nothing sets it.
    package subscript(name: String) -> String? {
        Setting.all.first { $0.name == name }.flatMap(settings.text)
    }

    /// The table of all settings, in Markdown.
    package static var table: String { Setting.table }
}
