import ModelGraph
import Operators
import Tensors

/// Finds the range that errs least in 8 bits: the sum over the histogram of the squared difference between what is computed from
/// a bin's middle and what is computed from its 8-bit form. Candidates shrink both ends of the observed range geometrically.
struct RangeSearch {
  /// The form of a value before a function, and of the function's result.
  struct Pair {
    var before: StoredQuantisation
    var after: StoredQuantisation
    var error: Double
  }

  /// The best form of a value in itself.
  static func form(of value: ObservedValue, by method: CalibrationMethod = .meanSquaredError) -> StoredQuantisation {
    switch method {
    case .minMax: .covering(value.range)
    case .percentile: .covering(value.range(leavingOut: 1e-4))
    case .entropy: leastDivergence(value)
    case .meanSquaredError: leastError(value)
    }
  }

  private static func leastError(_ value: ObservedValue) -> StoredQuantisation {
    let seen = value.seen
    return best(value) { candidate in
      let form = StoredQuantisation.covering(candidate)
      return (form, seen.error(scale: form.quantisation.scale, zeroPoint: form.quantisation.zeroPoint))
    } ?? .covering(value.range)
  }

  private static func leastDivergence(_ value: ObservedValue) -> StoredQuantisation {
    let seen = value.seen
    // With fewer bins than levels nothing is lost inside, however narrow the range.
    let narrowest = (Double(value.range.upperBound) - Double(value.range.lowerBound)) * 256 / Double(ObservedValue.binCount)
    return best(value) { candidate in
      guard Double(candidate.upperBound) - Double(candidate.lowerBound) >= narrowest else { return nil }
      let form = StoredQuantisation.covering(candidate)
      return (form, seen.divergence(in: candidate, scale: form.quantisation.scale, zeroPoint: form.quantisation.zeroPoint))
    } ?? .covering(value.range)
  }

  /// The best form of a value that only `function` reads, measured behind it; the result covers what the function makes of it. 16 bits
  /// and gates if they err less. nil where the function is finite nowhere.
  static func pair(of value: ObservedValue, before function: (Float) -> Float) -> Pair? {
    let targets = (0..<ObservedValue.binCount).map { function(value.centre($0)) }
    let bytes = best(value) { candidate in onBytes(candidate, value, targets, function).map { ($0, $0.error) } }
    let gated = best(value) { candidate in onGates(candidate, value, targets, function).map { ($0, $0.error) } }
    guard let bytes, let gated else { return bytes }
    return gated.error < bytes.error ? gated : bytes
  }

  private static func onBytes(_ range: ClosedRange<Float>, _ value: ObservedValue, _ targets: [Float], _ function: (Float) -> Float) -> Pair? {
    let before = StoredQuantisation.covering(range)
    let results = (0..<256).map { function(before.quantisation.dequantised(Int32($0))) }
    guard let after = covering(results) else { return nil }
    let stored = results.map { after.quantisation.dequantised(after.quantisation.quantised($0, in: 0...255)) }
    let error = value.error(of: targets) { stored[Int(before.quantisation.quantised($0, in: 0...255))] }
    return Pair(before: before, after: after, error: error)
  }

  private static func onGates(_ range: ClosedRange<Float>, _ value: ObservedValue, _ targets: [Float], _ function: (Float) -> Float) -> Pair? {
    let places = (0...256).map { range.lowerBound + (range.upperBound - range.lowerBound) * Float($0) / 256 }
    guard let after = covering(places.map(function)),
      let before = GatedFunction.form(reaching: max(range.upperBound, -range.lowerBound), before: after),
      let gates = GatedFunction(from: before, to: after, function)
    else { return nil }
    let error = value.error(of: targets) {
      after.quantisation.dequantised(gates.stored(before.quantisation.quantised($0, in: -32768...32767)))
    }
    return Pair(before: before, after: after, error: error)
  }

  private static func covering(_ results: [Float]) -> StoredQuantisation? {
    let finite = results.filter(\.isFinite)
    guard let least = finite.min(), let greatest = finite.max() else { return nil }
    return .covering(least...greatest)
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
