/// The least and greatest element that values of the graph took over a calibration set, by value name.
public struct ObservedRanges: Sendable {
  public private(set) var ranges: [String: ClosedRange<Float>] = [:]
  public private(set) var sampleCount = 0

  public init() {}

  public mutating func countSample() { sampleCount += 1 }

  /// Widens a value's range by the finite elements of one sample.
  public mutating func observe(_ name: String, _ elements: [Float]) {
    var lower = Float.infinity
    var upper = -Float.infinity
    for element in elements where element.isFinite {
      lower = min(lower, element)
      upper = max(upper, element)
    }
    guard lower <= upper else { return }
    if let known = ranges[name] {
      ranges[name] = min(known.lowerBound, lower)...max(known.upperBound, upper)
    } else {
      ranges[name] = lower...upper
    }
  }
}
