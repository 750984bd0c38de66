@testable import Inspection
import Testing

private let labels = ["part", "scratch", "missing hole", "count"]
private let regions = ["belt", "edge"], lines = ["exit"]

private func thing(
  _ label: String, _ score: Float, area: Float = 0.01, in places: [String] = [], crossing: Bool = false
) -> Scene.Thing {
  var thing = Scene.Thing(label: labels.firstIndex(of: label)!, score: score, width: area, height: 1, centre: FramePoint(x: 0, y: 0))
  thing.regions = places.reduce(0) { $0 | 1 << UInt32(regions.firstIndex(of: $1)!) }
  thing.crossings = crossing ? 1 : 0
  return thing
}

private func parse(_ text: String) throws(InspectionError) -> Expression { try Expression(parsing: text, regions: regions, lines: lines) }

@Suite struct ExpressionTests {
  private let scene = Scene(things: [
    thing("part", 0.9, area: 0.25, in: ["belt"]), thing("scratch", 0.7, area: 0.02, in: ["belt", "edge"]), thing("scratch", 0.4, area: 0.005, in: ["edge"]),
    thing("missing hole", 0.3, crossing: true),
  ])

  @Test(arguments: [("aera(stain) >= 0.1", "area"), ("cuont(any) > 1", "count"), ("insied(belt)", "inside")])
  func `a function that is misspelt is told with the nearest`(text: String, nearest: String) {
    let mistakes = Expression.read(text, regions: ["belt"], lines: [], labels: nil).mistakes
    #expect(mistakes.count == 1 && mistakes[0].column == 1 && mistakes[0].message.contains("did you mean \"\(nearest)\"?"), "\(mistakes)")
  }

  @Test func `unknown names are told beside what isn't in the language`() {
    let (expression, mistakes) = Expression.read("any inside(bellt) and )", regions: ["belt"], lines: [], labels: nil)
    #expect(expression == nil && mistakes.map(\.column) == [12, 23], "\(mistakes)")
  }

  @Test(arguments: [
    ("scratch", true), ("count == 0 or scratch", nil), ("'count'", false), ("'missing hole'", true), ("scratch >= 0.7", true), ("scratch > 0.7", false),
    ("scratch < 0.5", true), ("not scratch >= 0.8", true), ("any >= 0.95", false), ("any", true), ("count(scratch) >= 2", true),
    ("count(scratch >= 0.5) == 1", true), ("count(any) != 4", false), ("count('count') == 0", true), ("scratch inside(belt)", true),
    ("count(scratch inside(edge)) == 2", true), ("scratch inside(edge) outside(belt)", true), ("part outside(belt)", false), ("inside(edge)", true),
    ("crossing(exit)", true), ("scratch crossing(exit)", false), ("area(scratch) >= 0.02", true), ("area(scratch < 0.5) > 0.005", false),
    ("area('count') > 0", false), ("area('count') <= 0", true), ("scratch and not part", false), ("part or scratch and 'count'", true),
    ("(part or scratch) and 'count'", false), ("not (part and scratch)", false), ("not not part", true), ("not part or scratch", true),
  ])
  func `an expression means what it says`(text: String, expected: Bool?) throws {
    guard let expected else {
      #expect(throws: InspectionError.self) { try parse(text) }
      return
    }
    #expect(try BoundExpression(parse(text), labels: labels, isClassification: false).holds(in: scene) == expected)
  }

  @Test(arguments: [
    ("", 1, "expected a class (quote one that is written like a word of the language), \"any\", \"count\", \"area\" or a place, found the end"),
    ("scratch >= ", 12, "expected a number, found the end"), ("scratch >= 1.5", 12, "a score is 0 to 1"),
    ("scratch => 0.5", 9, "\"=>\" is no comparison; known: >=, >, <=, <, ==, !="), ("scratch == 0.5", 9, "\"==\" is for counts"),
    ("scratch inside(blet)", 16, "there is no region \"blet\"; did you mean \"belt\"?"), ("crossing(way_out)", 10, "there is no line \"way_out\"; known: exit"),
    ("count(scratch)", 15, "expected a comparison, as in \"count(…) >= 2\", found the end"), ("count(scratch) >= 1.5", 19, "a count is a whole number"),
    ("area(any) > 2", 13, "an area is a share of the frame"), ("(scratch", 9, "expected \")\", found the end"),
    ("scratch adn part", 9, "expected \"and\", \"or\" or the end, found \"adn\"; did you mean \"and\"?"), ("scratch & part", 9, "\"&\" means nothing here"),
    ("'scratch", 1, "the quotation has no end"), ("scratch >= 0x3", 12, "\"0x3\" is no number"),
    ("scratch)", 8, "expected \"and\", \"or\" or the end, found \")\""),
    ("''", 1, "the quotation is empty"), ("scratch >= 1.", 12, "is no number"), ("scratch >= 99999999", 12, "is no number"),
    ("scratch >= -1", 12, "\"-\" means nothing here"), ("count(count(any) > 1) > 1", 7, "expected a class"),
  ])
  func `a mistake is told with its column`(text: String, column: Int, message: String) throws {
    let error = #expect(throws: InspectionError.self) { try parse(text) }
    #expect(error?.column == column && error?.message.contains(message) == true, "\(error?.explanation ?? "")")
  }

  @Test func `length and depth are bounded`() throws {
    #expect(throws: InspectionError.self) { try parse(String(repeating: " ", count: 1001)) }
    let deep = { (count: Int) in String(repeating: "(", count: count) + "part" + String(repeating: ")", count: count) }
    _ = try parse(deep(Expression.depthLimit - 1))
    #expect(throws: InspectionError.self) { try parse(deep(Expression.depthLimit)) }
    #expect(throws: InspectionError.self) { try parse(String(repeating: "not ", count: 16) + "part") }
    #expect(throws: InspectionError.self) { try parse(Array(repeating: "part", count: 33).joined(separator: " or ")) }
    let wide = try parse(Array(repeating: "'count'", count: 31).joined(separator: " or ") + " or part")
    #expect(try BoundExpression(wide, labels: labels, isClassification: false).holds(in: scene))
  }

  @Test func `classes are the model's`() throws {
    let expression = try parse("part and scrach >= 0.5")
    let error = #expect(throws: InspectionError.self) { try BoundExpression(expression, labels: labels, isClassification: false) }
    #expect(error?.explanation == "column 10: the model has no class \"scrach\"; did you mean \"scratch\"?")
    let places = try parse("part and count(any inside(belt)) > 1")
    #expect(throws: InspectionError.self) { try BoundExpression(places, labels: labels, isClassification: true) }
    _ = try BoundExpression(try parse("part > 0.5 and count(any) > 1"), labels: labels, isClassification: true)
    let numbered = try parse("'7' >= 0.5")
    _ = try BoundExpression(numbered, labels: [], isClassification: false)
  }
}
