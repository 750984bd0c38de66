import Glibc
import ModelGraph
import Tensors

/// Finds the range that errs least in 8 bits: the sum over the histogram of the squared difference between what is computed from
/// a bin's middle and what is computed from its 8-bit form. Candidates shrink both ends of the observed range geometrically.
struct RangeSearch {
  /// The form of a value before a function, and of the function's result.
  struct Pair {
    var before: StoredQuantisation
    var after: StoredQuantisation
  }

  /// The best form of a value in itself.
  static func form(of value: ObservedValue, by method: CalibrationMethod = .meanSquaredError) -> StoredQuantisation {
    switch method {
    case .minMax: .covering(value.range)
    case .percentile: .covering(value.range(leavingOut: 1e-4))
    case .entropy: best(value) { (.covering($0), divergence(of: value, in: $0)) } ?? .covering(value.range)
    case .meanSquaredError: leastError(value)
    }
  }

  private static func leastError(_ value: ObservedValue) -> StoredQuantisation {
    best(value) { candidate in
      let form = StoredQuantisation.covering(candidate)
      var sum = 0.0
      for (bin, count) in value.histogram.enumerated() where count > 0 {
        let centre = value.centre(bin)
        let difference = Double(form.quantisation.dequantised(form.quantisation.quantised(centre, in: 0...255)) - centre)
        sum += count * difference * difference
      }
      return (form, sum)
    } ?? .covering(value.range)
  }

  /// How much is lost, in nats, when the histogram between the bounds, with what lies outside at its ends, is told by 256 levels that are
  /// even within.
  private static func divergence(of value: ObservedValue, in range: ClosedRange<Float>) -> Double {
    let form = StoredQuantisation.covering(range)
    let total = value.histogram.reduce(0, +)
    guard total > 0 else { return 0 }
    // With fewer bins than levels nothing is lost inside, however narrow the range.
    let width = Double(value.range.upperBound) - Double(value.range.lowerBound)
    guard Double(range.upperBound) - Double(range.lowerBound) >= width * 256 / Double(ObservedValue.binCount) else { return .infinity }
    // By level: elements seen, those of them inside the bounds, and bins that hold any.
    var seen = [Double](repeating: 0, count: 256)
    var inside = seen
    var bins = seen
    let level = { (centre: Float) in Int(form.quantisation.quantised(centre, in: 0...255)) }
    for (bin, count) in value.histogram.enumerated() where count > 0 {
      let centre = value.centre(bin)
      seen[level(centre)] += count
      guard range.contains(centre) else { continue }
      inside[level(centre)] += count
      bins[level(centre)] += 1
    }
    let kept = inside.reduce(0, +)
    guard kept > 0 else { return .infinity }
    var sum = 0.0
    // What saturates at a level that nothing inside has is told as if half an element were there.
    for index in seen.indices where seen[index] > 0 && inside[index] == 0 { sum += seen[index] / total * log(seen[index] / total / (0.5 / kept)) }
    for (bin, count) in value.histogram.enumerated() where count > 0 {
      let centre = value.centre(bin)
      guard range.contains(centre) else { continue }
      let index = level(centre)
      // What saturates is part of the outermost bins, shared by their level's.
      let own = (count + (seen[index] - inside[index]) / bins[index]) / total
      let told = inside[index] / bins[index] / kept
      sum += own * log(own / told)
    }
    return sum
  }

  /// The best form of a value that only `function` reads, measured behind it; the result covers what the function makes of it. nil
  /// where the function is finite nowhere.
  static func pair(of value: ObservedValue, before function: (Float) -> Float) -> Pair? {
    let targets = (0..<ObservedValue.binCount).map { function(value.centre($0)) }
    return best(value) { candidate in
      let before = StoredQuantisation.covering(candidate)
      let results = (0..<256).map { function(before.quantisation.dequantised(Int32($0))) }
      let finite = results.filter(\.isFinite)
      guard let least = finite.min(), let greatest = finite.max() else { return nil }
      let after = StoredQuantisation.covering(least...greatest)
      let stored = results.map { after.quantisation.dequantised(after.quantisation.quantised($0, in: 0...255)) }
      var sum = 0.0
      for (bin, count) in value.histogram.enumerated() where count > 0 && targets[bin].isFinite {
        let difference = Double(stored[Int(before.quantisation.quantised(value.centre(bin), in: 0...255))] - targets[bin])
        sum += count * difference * difference
      }
      return (Pair(before: before, after: after), sum)
    }
  }

  /// The candidate of least error, the widest among equals.
  private static func best<Form>(_ value: ObservedValue, _ measure: (ClosedRange<Float>) -> (Form, Double)?) -> Form? {
    let widest = min(value.range.lowerBound, 0)...max(value.range.upperBound, 0)
    var best: (form: Form, error: Double)?
    for upper in shrunken(widest.upperBound, step: 0.9171, count: 26) {
      for lower in shrunken(widest.lowerBound, step: 0.7937, count: 26) {
        guard let (form, error) = measure(lower...upper), error < best?.error ?? .infinity else { continue }
        best = (form, error)
      }
    }
    return best?.form
  }

  private static func shrunken(_ bound: Float, step: Float, count: Int) -> [Float] {
    guard bound != 0 else { return [0] }
    var bounds: [Float] = []
    var factor: Float = 1
    for _ in 0..<count {
      bounds.append(bound * factor)
      factor *= step
    }
    return bounds
  }
}
