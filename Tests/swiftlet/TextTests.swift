import EdgeAgent
import Testing

@testable import swiftlet

@Suite struct TextTests {
  @Test(arguments: [(0.0, 2, "0.00"), (1.005, 1, "1.0"), (-0.25, 1, "-0.3"), (12.999, 2, "13.00"), (112.6, 0, "113"), (.nan, 2, "–")])
  func `numbers have a fixed count of digits`(value: Double, digits: Int, expected: String) {
    #expect(DemoTable.decimal(value, digits) == expected)
  }

  @Test func `JSON is one line with its members in order`() {
    let value = JSON.object([
      ("b", .array([.integer(1), .null, .boolean(true)])), ("a", .string("q\"\\\n\u{1}é")), ("n", .number(0.5)), ("i", .number(.infinity)),
    ])
    #expect(value.text == #"{"b": [1, null, true], "a": "q\"\\\n\u0001é", "n": 0.5, "i": null}"#)
  }

  @Test func `the table names every stage and never is wider than its parts`() {
    var progress = DemoProgress()
    progress.destinations = ["outbox", "broker"]
    let lines = DemoTable.lines(progress)
    for stage in PipelineStage.allCases { #expect(lines.contains { $0.contains(stage.rawValue) }) }
    #expect(lines.allSatisfy { !$0.contains("\n") })
    #expect(!DemoTable.line(progress).contains("\n"))
  }
}
