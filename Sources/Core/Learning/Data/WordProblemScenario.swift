/// The words of one kind of arithmetic word problem.
///
/// `{name}` is a person, `{a}` and `{b}` the numbers of the opening, `{c}` the number of an event.
struct WordProblemScenario: Sendable {
    let title: String
    /// Begins with a times b things.
    let groups: [String]
    /// Begins with a plus b things.
    let pairs: [String]
    /// c more.
    let gains: [String]
    /// c fewer.
    let losses: [String]
    let question: String
    /// Shares all equally among c and asks for one part.
    let sharing: String

    static let people = [
        "Ada", "Ben", "Carla", "David", "Emma", "Felix", "Grace", "Hugo", "Iris", "Jonas", "Kira", "Leo", "Mona",
        "Nils",
        "Olga", "Paul", "Rosa", "Sam", "Tara", "Victor",
    ]

    static let all: [WordProblemScenario] = [
        WordProblemScenario(
            title: "marbles",
            groups: [
                "{name} has {a} bags with {b} marbles in each bag.", "In each of {a} jars, {name} keeps {b} marbles.",
            ],
            pairs: ["{name} has {a} red marbles and {b} blue marbles."],
            gains: ["{name} wins {c} marbles.", "A friend gives {name} {c} marbles."],
            losses: ["{name} loses {c} marbles.", "{name} gives {c} marbles away."],
            question: "How many marbles does {name} have now?",
            sharing: "{name} deals all marbles equally to {c} children. How many does each child get?"),
        WordProblemScenario(
            title: "shop",
            groups: [
                "{name} sells {a} cakes for {b} dollars each.",
                "At a stall, {name} sells {a} hats at {b} dollars a hat.",
            ],
            pairs: ["{name} earns {a} dollars on Monday and {b} dollars on Tuesday."],
            gains: ["{name} gets a tip of {c} dollars.", "{name} sells a pie for {c} dollars."],
            losses: ["{name} pays {c} dollars for flour.", "{name} spends {c} dollars on lunch."],
            question: "How many dollars does {name} have?",
            sharing: "{name} splits the money equally with helpers, {c} people in all. How many dollars does each get?"),
        WordProblemScenario(
            title: "train",
            groups: [
                "A train leaves with {b} people in each of its {a} cars.",
                "A train has {a} cars, and {b} people sit in each car.",
            ],
            pairs: ["A train has {a} people in front and {b} people in the back."],
            gains: ["At the next station {c} people get on.", "Then {c} people board."],
            losses: ["At the next station {c} people get off.", "Then {c} people leave the train."],
            question: "How many people are on the train?",
            sharing: "At the last stop all people take {c} buses, equally many in each. How many are in each bus?"),
        WordProblemScenario(
            title: "recipe",
            groups: [
                "{name} bakes {a} trays of {b} cookies.", "A recipe makes {b} cookies, and {name} makes it {a} times.",
            ],
            pairs: ["{name} bakes {a} plain cookies and {b} nut cookies."],
            gains: ["{name} bakes {c} more cookies.", "A neighbor brings {c} cookies."],
            losses: ["The dog eats {c} cookies.", "{name} burns {c} cookies."],
            question: "How many cookies are left?",
            sharing: "{name} puts all cookies equally on {c} plates. How many cookies are on each plate?"),
        WordProblemScenario(
            title: "garden",
            groups: [
                "{name} plants {a} rows of {b} tulips.", "In the garden, {name} has {a} beds with {b} tulips each.",
            ],
            pairs: ["{name} plants {a} white tulips and {b} yellow tulips."],
            gains: ["{name} plants {c} more tulips.", "In spring {c} new tulips come up."],
            losses: ["A rabbit eats {c} tulips.", "{name} picks {c} tulips."],
            question: "How many tulips are in the garden?",
            sharing: "{name} cuts all tulips and puts them equally in {c} vases. How many are in each vase?"),
        WordProblemScenario(
            title: "library",
            groups: [
                "A library has {a} shelves with {b} books on each.", "{name} fills {a} shelves with {b} books each.",
            ],
            pairs: ["A shelf holds {a} old books and {b} new books."],
            gains: ["The library buys {c} books.", "Readers bring back {c} books."],
            losses: ["Readers borrow {c} books.", "The library gives {c} books away."],
            question: "How many books are there now?",
            sharing: "The books go into {c} boxes, equally many in each. How many books are in each box?"),
        WordProblemScenario(
            title: "reading",
            groups: ["{name} reads {b} pages a day for {a} days.", "For {a} days {name} reads {b} pages every day."],
            pairs: ["{name} reads {a} pages before lunch and {b} pages after."],
            gains: ["On Sunday {name} reads {c} pages.", "At night {name} reads {c} more pages."],
            losses: [
                "{c} of these pages do not count.",
                "Of these, {name} only looked at {c} pages and does not count them.",
            ],
            question: "How many pages has {name} read?",
            sharing: "All chapters that {name} read have {c} pages. How many chapters is that?"),
        WordProblemScenario(
            title: "pond",
            groups: ["{name} has {a} ponds with {b} fish in each.", "In each of {a} tanks, {name} keeps {b} fish."],
            pairs: ["A pond has {a} gold fish and {b} gray fish."],
            gains: ["{name} buys {c} fish.", "Then {c} fish are born."],
            losses: ["A heron takes {c} fish.", "{name} sells {c} fish."],
            question: "How many fish are there now?",
            sharing: "{name} moves all fish into {c} new tanks, equally many in each. How many fish are in each tank?"),
    ]
}
