import ArgumentParser

/// The most that a metric may fall, as `--accuracy-budget` takes it: 0.5% is half a point.
struct AccuracyBudget {
  /// 0…1.
  let share: Double

  /// - Throws: what to write instead.
  init(_ text: String) throws {
    let isPercent = text.hasSuffix("%")
    guard let points = Double(isPercent ? text.dropLast() : text[...]), points.isFinite else {
      throw ValidationError("write points of the metric with a percent sign, such as 0.5% for half a point")
    }
    guard 0...100 ~= points else { throw ValidationError("the loss to allow is 0% to 100%, such as 0.5% for half a point") }
    guard isPercent else { throw ValidationError("the percent sign is missing, and 0.5% means half a point: write \(text)% if \(text) points are meant") }
    share = points / 100
  }

  /// A cost and the budget that it breaks, in points, with as many digits as tell them apart.
  static func points(_ cost: Double, above budget: Double) -> (cost: String, budget: String) {
    let texts = (2...9).lazy.map { (cost: DemoTable.decimal(cost * 100, $0), budget: DemoTable.decimal(budget * 100, $0)) }
    return texts.first { $0.cost != $0.budget } ?? texts.last!
  }
}
