import ModelManifest
import Testing

@testable import swiftlet

@Suite struct AccuracyTextTests {
  private func report(_ classes: [(String, Double, Double)]) -> AccuracyReport {
    AccuracyReport(
      metric: "top-1", images: 4, float: 0.5, quantised: 0.25, leastChange: -0.5, greatestChange: 0,
      classes: classes.map { AccuracyReport.ClassChange(label: $0.0, float: $0.1, quantised: $0.2) })
  }

  @Test func `two models are called by their files, by their paths where those are namesakes`() {
    let summary = report([]).summary(of: .models("old/a.onnx", "new/b.swiftlet"))
    #expect(summary.hasPrefix("top-1 0.5000 of a.onnx, 0.2500 of b.swiftlet over 4 image(s): -25.00 points"), "\(summary)")
    #expect(report([]).summary(of: .models("old/a.onnx", "new/a.onnx")).contains("of old/a.onnx, 0.2500 of new/a.onnx"))
    #expect(report([]).summary(of: .precisions).contains("0.5000 in float, 0.2500 in 8 bits"))
    let page = report([("cat", 1, 0)]).html(of: .models("a<.onnx", "b.onnx"))
    #expect(page.contains("<th>a&lt;.onnx</th><th>b.onnx</th>") && !page.contains("8 bits"), "\(page)")
  }

  @Test func `only classes that change are listed, those first that change most`() {
    let classes = [("same", 1.0, 1.0), ("little", 0.5, 0.4999), ("unseen", 0.5, 0.500001), ("much", 0.5, 0.1), ("some", 0.5, 0.4)]
    let lines = report(classes).text(of: .precisions, classes: 2).split(separator: "\n").dropFirst()
    #expect(
      lines == ["  0.5000 -> 0.1000  much", "  0.5000 -> 0.4000  some", "  … 1 more class(es) change less", "  2 class(es) stay as they are"], "\(lines)")
  }

  @Test func `of many names the first are listed`() {
    #expect(PackageReport.listed(["a", "b"], most: 2) == "a, b")
    #expect(PackageReport.listed(["a", "b", "c"], most: 2) == "3 values (a, b, …; --json has all)")
  }

  @Test(arguments: [("0.5%", 0.005), ("0%", 0), ("100%", 1)]) func `a budget is points of the metric`(text: String, share: Double) throws {
    #expect(try AccuracyBudget(text).share == share)
  }

  @Test(arguments: [
    ("0.005", "write 0.005% if 0.005 points are meant"), ("-20%", "0% to 100%"), ("-1", "0% to 100%"), ("101%", "0% to 100%"), ("much", "such as 0.5%"),
    ("%", "such as 0.5%"), ("nan%", "such as 0.5%"), ("--report", "such as 0.5%"),
  ])
  func `what is no budget is told what to write`(text: String, hint: String) {
    let error = #expect(throws: (any Error).self) { try AccuracyBudget(text) }
    #expect(error.map { "\($0)".contains(hint) } == true)
  }

  @Test(arguments: [
    (0.02, 0.005, "2.00", "0.50"), (0.000_04, 0.000_01, "0.004", "0.001"), (0.000_000_3, 0, "0.00003", "0.00000"), (0.01, 0.01, "1.000000000", "1.000000000"),
  ])
  func `a cost and the budget that it breaks have digits enough to differ`(cost: Double, budget: Double, first: String, second: String) {
    #expect(AccuracyBudget.points(cost, above: budget) == (first, second))
  }
}
