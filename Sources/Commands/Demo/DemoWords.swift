/// The words that the rows are made of.
enum DemoWords {
    static let firstNames: [(name: String, ascii: String)] = [
        ("Ada", "ada"), ("Åsa", "asa"), ("Björn", "bjoern"), ("Chloé", "chloe"),
        ("Dmitri", "dmitri"),
        ("Elena", "elena"), ("Fatima", "fatima"), ("Giulia", "giulia"), ("Hiroshi", "hiroshi"),
        ("Ingrid", "ingrid"), ("João", "joao"), ("Kofi", "kofi"), ("Lena", "lena"),
        ("Miguel", "miguel"),
        ("Nadia", "nadia"), ("Øyvind", "oeyvind"), ("Priya", "priya"), ("Quentin", "quentin"),
        ("Rosa", "rosa"), ("Siobhán", "siobhan"), ("Tomáš", "tomas"), ("Ümit", "uemit"),
        ("Vera", "vera"), ("Wei", "wei"), ("Ximena", "ximena"), ("Yuki", "yuki"), ("Zoë", "zoe"),
    ]
    static let lastNames: [(name: String, ascii: String)] = [
        ("Andersen", "andersen"), ("Bianchi", "bianchi"), ("Černý", "cerny"), ("Dubois", "dubois"),
        ("Eriksson", "eriksson"), ("Fernández", "fernandez"), ("García", "garcia"),
        ("Horváth", "horvath"), ("Ivanova", "ivanova"), ("Jansen", "jansen"),
        ("Kowalski", "kowalski"),
        ("Lindqvist", "lindqvist"), ("Müller", "mueller"), ("Nguyễn", "nguyen"),
        ("O'Brien", "obrien"),
        ("Papadopoulos", "papadopoulos"), ("Quispe", "quispe"), ("Rossi", "rossi"),
        ("Schäfer", "schaefer"), ("Tanaka", "tanaka"), ("Uzun", "uzun"), ("Virtanen", "virtanen"),
        ("Weiß", "weiss"), ("Yılmaz", "yilmaz"), ("Zhang", "zhang"),
    ]
    static let places: [(country: String, city: String)] = [
        ("AT", "Wien"), ("BE", "Liège"), ("BR", "São Paulo"), ("CA", "Montréal"), ("CH", "Zürich"),
        ("CZ", "Plzeň"), ("DE", "Köln"), ("DK", "Århus"), ("ES", "Málaga"), ("FI", "Jyväskylä"),
        ("FR", "Orléans"), ("GB", "Leeds"), ("GR", "Αθήνα"), ("HU", "Győr"), ("IE", "Galway"),
        ("IN", "Pune"), ("IT", "Forlì"), ("JP", "京都"), ("NO", "Tromsø"), ("PL", "Łódź"),
        ("PT", "Évora"), ("SE", "Malmö"), ("TR", "İzmir"), ("US", "Portland"), ("VN", "Huế"),
    ]
    static let domains = ["com", "net", "org"]
    static let categories = ["kitchen", "garden", "office", "outdoor", "toys", "books", "audio"]
    static let colors = ["red", "green", "blue", "black", "white", "beige", "grey"]
    static let goods = [
        "kettle", "lamp", "notebook", "backpack", "chair", "mug", "headphones", "blanket", "vase",
        "puzzle", "tent", "keyboard", "crêpe pan", "cutting board", "clock",
    ]
    static let statuses = ["paid", "paid", "paid", "shipped", "shipped", "open", "cancelled"]
    static let notes = [
        "leave it at the door", "gift 🎁, no invoice please", "call first", "second floor, links",
        "ring twice", "dünne Wände, bitte leise", "",
    ]
    static let eventKinds = ["view", "view", "view", "search", "cart", "checkout", "login"]
}
