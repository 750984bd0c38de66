/// How calibration chooses the range of values that 8 bits stand for.
public enum CalibrationMethod: String, CaseIterable, Sendable {
  /// From the least to the greatest element seen.
  case minMax = "min-max"
  /// The range whose rounding and saturation together err least, measured behind the function that follows; values whose channels
  /// differ too much for one scale stay float.
  case meanSquaredError = "mean-squared-error"
}

/// What one value of the graph was like over a calibration set.
struct ObservedValue: Sendable {
  /// Bins of equal width between the least and the greatest element.
  static let binCount = 2048

  private(set) var range: ClosedRange<Float>
  /// Elements in each bin; empty until the second pass.
  private(set) var histogram: [Double] = []
  /// Sum of squares by channel (axis 1), and how many elements of each channel there were.
  private var squares: [Double] = []
  private var elementsByChannel = 0.0

  fileprivate init(_ range: ClosedRange<Float>) { self.range = range }

  /// The middle of a bin.
  func centre(_ bin: Int) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * (Float(bin) + 0.5) / Float(Self.binCount)
  }

  /// The share of a channel's energy that rounding in steps of `scale` drowns, on average over the channels (rounding errs by
  /// scale² ÷ 12 in the mean square); 0 where channels aren't known. Channels that are always 0 lose nothing.
  func lostEnergy(scale: Float) -> Double {
    let living = squares.filter { $0 > 0 }
    guard !living.isEmpty, elementsByChannel > 0 else { return 0 }
    let noise = Double(scale) * Double(scale) / 12
    return living.reduce(0) { $0 + min(1, noise / ($1 / elementsByChannel)) } / Double(living.count)
  }

  fileprivate mutating func widen(by other: ClosedRange<Float>) {
    range = min(range.lowerBound, other.lowerBound)...max(range.upperBound, other.upperBound)
  }

  fileprivate mutating func addSquares(_ elements: [Float], _ dimensions: [Int]) {
    guard dimensions.count >= 3, dimensions[1] > 0 else { return }
    if squares.isEmpty { squares = [Double](repeating: 0, count: dimensions[1]) }
    let run = dimensions[2...].reduce(1, *)
    for start in 0..<dimensions[0] * dimensions[1] {
      var sum = 0.0
      for element in elements[start * run..<(start + 1) * run] where element.isFinite { sum += Double(element) * Double(element) }
      squares[start % dimensions[1]] += sum
    }
    elementsByChannel += Double(dimensions[0] * run)
  }

  fileprivate mutating func count(_ elements: [Float]) {
    if histogram.isEmpty { histogram = [Double](repeating: 0, count: Self.binCount) }
    let width = range.upperBound - range.lowerBound
    let factor = width > 0 ? Float(Self.binCount) / width : 0
    for element in elements where element.isFinite {
      let bin = Int((element - range.lowerBound) * factor)
      histogram[min(max(bin, 0), Self.binCount - 1)] += 1
    }
  }
}

/// What values of the graph were like over a calibration set, by value name.
public struct ObservedValues: Sendable {
  public let method: CalibrationMethod
  public private(set) var sampleCount = 0
  private var values: [String: ObservedValue] = [:]

  public init(method: CalibrationMethod) { self.method = method }

  subscript(_ name: String) -> ObservedValue? { values[name] }

  mutating func countSample() { sampleCount += 1 }

  /// First pass: widens a value's range by the finite elements of one sample, and sums its channels' squares.
  /// - Parameter dimensions: `[N,C,…]`; anything else is taken as without channels.
  mutating func observe(_ name: String, _ elements: [Float], dimensions: [Int]) {
    var lower = Float.infinity
    var upper = -Float.infinity
    for element in elements where element.isFinite {
      lower = min(lower, element)
      upper = max(upper, element)
    }
    guard lower <= upper else { return }
    if values[name] == nil { values[name] = ObservedValue(lower...upper) } else { values[name]!.widen(by: lower...upper) }
    values[name]!.addSquares(elements, dimensions)
  }

  /// Second pass, over the same samples: counts the elements in the bins of the range that the first pass found.
  mutating func count(_ name: String, _ elements: [Float]) { values[name]?.count(elements) }
}
